"""What a whole console does with services of an operator, of other packages, and of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from tests.environment import FREE_PORT
from tests.waiting import eventually
from wxauto_mgt.app import Application, sections
from wxauto_mgt.core.config.model import JSON, ConfigModel, Put
from wxauto_mgt.core.monitoring.checks.contract import CheckContext, CheckKind, CheckResult, Outcome
from wxauto_mgt.core.monitoring.checks.http import HttpCheck

FAST = Put("settings", "heartbeat", {"check_interval": 0.1})
TOKEN = "a-t0ken-of-the-service"


class NoConfig(ConfigModel):
    """Nothing to choose."""


class Unmakable(CheckKind[NoConfig]):
    """A plugin whose constructor fails."""

    TYPE = "unmakable"
    CONFIG: ClassVar[type[NoConfig]] = NoConfig

    def __init__(self, config: NoConfig, context: CheckContext) -> None:
        super().__init__(config, context)
        raise LookupError("no such device")

    async def run(self) -> CheckResult:
        return CheckResult(Outcome.OK, "never")


def shows(console: Application, service: str, reason_code: str) -> Callable[[], bool]:
    def is_shown() -> bool:
        health = console.checks.board.report().services.get(service)
        return health is not None and health.reason_code == reason_code

    return is_shown


def files_with_token(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and TOKEN.encode() in file.read_bytes()]


@pytest.mark.expects_log("check failed to run: odd")
async def test_a_plugin_that_cannot_be_made_spoils_its_own_service_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sections, "BUILT_IN_CHECKS", (HttpCheck, Unmakable))
    console = await Application.open(data_dir=tmp_path, environment=FREE_PORT)
    await console.start()
    odd = Put("service", "odd", {"name": "odd", "check": {"type": "unmakable"}})
    await console.config.apply([FAST, odd], who="test")
    await eventually(shows(console, "odd", "check_crashed"), timeout_s=10)
    await eventually(shows(console, "console_database", "database_works"), timeout_s=10)
    assert await console.stop() == ()


async def test_the_log_in_page_is_watched_while_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = await Application.open(data_dir=tmp_path, environment=FREE_PORT)
    addresses: list[str | None] = [None]
    monkeypatch.setattr(console.checks, "_login_url", lambda: addresses[-1])
    await console.start()
    await console.config.apply([FAST], who="test")
    await eventually(shows(console, "message_listener", "listener_works"), timeout_s=10)
    assert "login_page" not in console.checks.board.names
    addresses.append("http://127.0.0.1:1/login")
    console.checks.runner.refresh()
    await eventually(shows(console, "login_page", "http_no_answer"), timeout_s=10)
    addresses.append(None)
    console.checks.runner.refresh()
    await eventually(lambda: "login_page" not in console.checks.board.names, timeout_s=10)
    assert await console.stop() == ()


async def test_a_paused_listener_is_not_called_ill(tmp_path: Path) -> None:
    console = await Application.open(data_dir=tmp_path, environment=FREE_PORT)
    await console.start()
    await console.config.apply([FAST], who="test")
    await eventually(shows(console, "message_listener", "listener_works"), timeout_s=10)
    await console.listener.pause()
    await eventually(shows(console, "message_listener", "listener_paused"), timeout_s=10)
    assert console.checks.board.report().services["message_listener"].status.value == "unknown"
    assert await console.stop() == ()


async def test_a_secret_of_a_check_is_sealed_and_kept(tmp_path: Path) -> None:
    console = await Application.open(data_dir=tmp_path, environment=FREE_PORT)
    check: dict[str, JSON] = {"type": "http", "url": "http://127.0.0.1:1/", "bearer_token": TOKEN}
    await console.config.apply([Put("service", "web", {"name": "web", "check": check})], who="test")
    stored = await console.config.document("service", "web")
    assert stored is not None
    assert stored.has_secret == {"check.bearer_token"}
    del check["bearer_token"]
    changed: dict[str, JSON] = {"name": "web", "description": "The web", "check": check}
    await console.config.apply([Put("service", "web", changed)], who="test")
    config = console.config.snapshot.objects("service")["web"].check.config
    assert config.bearer_token.get_secret_value() == TOKEN
    assert TOKEN not in repr(console.config.snapshot)
    await console.stop()
    assert files_with_token(tmp_path) == []

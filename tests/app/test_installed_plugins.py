"""A platform, a check, a repair and a channel of another package, found by their entry points."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.running_console import console, data
from tests.waiting import eventually
from wxauto_mgt.core.config.model import JSON, Put

PACKAGE: Final = "toy_extensions_for_a_test"
ENTRY_POINTS: Final = f"""\
[wxauto_mgt.platforms]
toy = {PACKAGE}:ToyPlatform
[wxauto_mgt.checks]
toy_flag = {PACKAGE}:FlagCheck
[wxauto_mgt.repairs]
toy_raise = {PACKAGE}:RaiseFlag
[wxauto_mgt.channels]
toy_file = {PACKAGE}:FileChannel
"""
MODULE: Final = """\
from pathlib import Path

from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.monitoring.checks.contract import CheckKind, CheckResult, Outcome
from wxauto_mgt.core.notifications.contract import Channel
from wxauto_mgt.core.platforms.contract import Platform, PlatformReply, TestResult
from wxauto_mgt.core.recovery.actions.contract import RepairAction, RepairResult


class InFile(ConfigModel):
    path: str


class ToyPlatform(Platform[InFile]):
    TYPE = "toy"
    CONFIG = InFile

    async def reply(self, request):
        return PlatformReply((self.config.path,))

    async def test(self):
        return TestResult(True, "platform_test.toy_ready", {"path": self.config.path}, 0.0)


class FlagCheck(CheckKind[InFile]):
    TYPE = "toy_flag"
    CONFIG = InFile

    async def run(self):
        is_up = Path(self.config.path).exists()
        return CheckResult(Outcome.OK if is_up else Outcome.FAILED, "toy_up" if is_up else "toy_down")


class RaiseFlag(RepairAction[InFile]):
    TYPE = "toy_raise"
    CONFIG = InFile

    async def run(self):
        Path(self.config.path).touch()
        return RepairResult.done("toy_raised")


class FileChannel(Channel[InFile]):
    TYPE = "toy_file"
    CONFIG = InFile

    async def send(self, notice):
        Path(self.config.path).write_text(notice.whole, encoding="utf-8")
"""
TEXTS: Final = """\
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"

msgid "platform_test.toy_ready"
msgstr "玩具已就绪：{path}"

msgid "check.toy_up"
msgstr "旗子已升起"

msgid "check.toy_down"
msgstr "旗子没有升起"

msgid "repair_type.toy_raise"
msgstr "升旗"

msgid "repair.toy_raised"
msgstr "已经升旗"
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package, installed as `pip` leaves it."""
    site = tmp_path / "site"
    texts = site / PACKAGE / "texts"
    texts.mkdir(parents=True)
    (site / PACKAGE / "__init__.py").write_text(MODULE, encoding="utf-8")
    for language in ("zh_CN", "en"):
        (texts / f"{language}.po").write_text(TEXTS, encoding="utf-8")
    info = site / f"{PACKAGE}-1.0.dist-info"
    info.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: 1.0\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    (info / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()
    yield
    sys.modules.pop(PACKAGE, None)


@pytest.mark.usefixtures("installed")
async def test_plugins_of_another_package_work_like_our_own(tmp_path: Path) -> None:
    flag, notice = tmp_path / "flag", tmp_path / "notice"
    check: dict[str, JSON] = {"type": "toy_flag", "path": str(flag)}
    repair: dict[str, JSON] = {"action": "toy_raise", "path": str(flag)}
    async with console(tmp_path / "data", {"HEARTBEAT_CHECK_INTERVAL": "0.1"}) as running:
        api = running.api

        async def service(name: str, status: str) -> Any:
            services = {found["service"]: found for found in await data(api.get_services())}
            found = services.get(name)
            return found if found is not None and found["status"] == status else None

        async def ended_repair() -> Any:
            runs = await data(api.get_recovery_journal("toy_service"))
            return next((run for run in runs if run["outcome"] is not None), None)

        await running.config.apply(
            [
                Put("platform", "toy", {"id": "toy", "type": "toy", "config": {"path": "x"}}),
                Put("channel", "toy", {"id": "toy", "type": "toy_file", "config": {"path": str(notice)}}),
                Put("service", "toy_service", {"name": "toy_service", "check": check, "repairs": [repair]}),
            ],
            who="test",
        )
        down: Any = await eventually(lambda: service("toy_service", "degraded"), timeout_s=10)
        assert down["message"] == "旗子没有升起"
        await data(api.trigger_recovery("toy_service"))
        run: Any = await eventually(ended_repair, timeout_s=10)
        assert (run["outcome"], run["steps"][0]["action"]) == ("recovered", "toy_raise")
        await eventually(lambda: service("toy_service", "healthy"), timeout_s=10)

        platform: Any = await eventually(lambda: service("platform:toy", "healthy"), timeout_s=10)
        assert platform["kind"] == "platform"
        await data(api.test_notification("toy", message="你好"))
        assert "你好" in notice.read_text(encoding="utf-8")

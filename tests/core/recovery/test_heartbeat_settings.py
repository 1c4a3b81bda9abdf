"""The settings of the heartbeat: names and defaults that others rely on, and the variables that win."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.config.sections import open_database, secret_box
from wxauto_mgt.core.config.model import Put
from wxauto_mgt.core.config.notifier import ConfigNotifier
from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.core.recovery.settings import HEARTBEAT, HeartbeatSettings, heartbeat_settings_group
from wxauto_mgt.errors import ConfigError
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.storage.database import Database


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(tmp_path) as opened:
        yield opened


def _service(db: Database, folder: Path, environment: dict[str, str]) -> ConfigService:
    return ConfigService(
        db=db,
        sections=[],
        settings_groups=[heartbeat_settings_group()],
        secrets=secret_box(folder),
        notifier=ConfigNotifier(),
        clock=SystemClock(),
        environment=environment,
    )


def test_the_defaults_are_those_that_other_programs_know() -> None:
    assert HeartbeatSettings().model_dump() == {
        "enabled": True,
        "auto_start": True,
        "check_interval": 30.0,
        "grace_s": None,
        "max_retries": 3,
        "restart_cooldown": 300.0,
        "recovery": {"max_attempts": 3},
    }


def test_the_grace_lasts_one_interval_unless_it_is_set() -> None:
    assert HeartbeatSettings().grace_in_force_s == 30.0
    assert HeartbeatSettings(check_interval=0.2).grace_in_force_s == 0.2
    assert HeartbeatSettings(check_interval=0.2, grace_s=60.0).grace_in_force_s == 60.0


async def test_every_variable_wins_and_locks_its_setting(db: Database, tmp_path: Path) -> None:
    environment = {
        "HEARTBEAT_ENABLED": "0",
        "HEARTBEAT_CHECK_INTERVAL": "5",
        "HEARTBEAT_MAX_RETRIES": "7",
        "HEARTBEAT_RESTART_COOLDOWN": "12.5",
        "HEARTBEAT_AUTO_START": "no",
    }
    service = _service(db, tmp_path, environment)
    await service.load()
    await service.apply(
        [Put("settings", HEARTBEAT, {"check_interval": 99.0, "recovery": {"max_attempts": 4}})], who="window"
    )
    settings: HeartbeatSettings = service.snapshot.settings(HEARTBEAT)
    assert (settings.enabled, settings.auto_start, settings.check_interval) == (False, False, 5.0)
    assert (settings.max_retries, settings.restart_cooldown, settings.max_attempts) == (7, 12.5, 4)
    assert set(service.snapshot.locked_by(HEARTBEAT).values()) == set(environment)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HEARTBEAT_ENABLED", "perhaps"),
        ("HEARTBEAT_CHECK_INTERVAL", "0"),
        ("HEARTBEAT_MAX_RETRIES", "1.5"),
        ("HEARTBEAT_RESTART_COOLDOWN", "-1"),
        ("HEARTBEAT_AUTO_START", "5"),
    ],
)
async def test_a_variable_that_does_not_fit_is_named(
    db: Database, tmp_path: Path, variable: str, value: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        _service(db, tmp_path, {variable: value})
    assert [dict(problem.params) for problem in caught.value.problems] == [{"variable": variable}]

"""The disk checks: of the data folder and of any other."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path

import pytest

from tests.core.monitoring.checks.contexts import config_of, context, said
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.monitoring.checks.disk import DiskCheck, DiskLimits, FolderCheck, FolderConfig
from wxauto_mgt.errors import ConfigError

GB = 1 << 30
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk of 100 GB of which the system keeps 10 to itself; 81 of the other 90 are used."""
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: Usage(100 * GB, 81 * GB, 9 * GB))


@pytest.mark.usefixtures("disk")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("ok", "disk_has_room")),
        ({"warn_percent": 89}, ("degraded", "disk_nearly_full")),
        ({"warn_percent": 80, "fail_percent": 85}, ("failed", "disk_nearly_full")),
        ({"warn_free_gb": 10}, ("degraded", "disk_nearly_full")),
        ({"warn_free_gb": 20, "fail_free_gb": 10}, ("failed", "disk_nearly_full")),
        ({"fail_free_gb": 10}, ("failed", "disk_nearly_full")),
    ],
)
async def test_the_first_limit_that_is_reached_decides(
    tmp_path: Path, fields: dict[str, JSON], expected: tuple[str, str]
) -> None:
    check = FolderCheck(config_of(FolderConfig, path=str(tmp_path), **fields), context())
    result = await check.run()
    assert said(result) == expected
    assert result.evidence["used_percent"] == 90.0


async def test_without_a_folder_it_is_the_data_folder(tmp_path: Path) -> None:
    config = config_of(FolderConfig, warn_percent=100, fail_percent=100)
    result = await FolderCheck(config, context(data_dir=tmp_path)).run()
    assert result.params["folder"] == str(tmp_path)
    assert said(result) == ("ok", "disk_has_room")


async def test_a_folder_that_is_gone_fails(tmp_path: Path) -> None:
    check = DiskCheck(folder=tmp_path / "gone", limits=DiskLimits())
    assert said(await check.run()) == ("failed", "disk_unreadable")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"path": "data"}, "path_not_absolute"),
        ({"warn_percent": 95, "fail_percent": 90}, "disk_limits"),
        ({"warn_free_gb": 1, "fail_free_gb": 2}, "disk_limits"),
    ],
)
def test_limits_that_cannot_be_meant_are_refused(fields: dict[str, JSON], reason: str) -> None:
    with pytest.raises(ConfigError) as refused:
        config_of(FolderConfig, **fields)
    assert [problem.reason for problem in refused.value.problems] == [reason]

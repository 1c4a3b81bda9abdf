"""Only old files of a pattern below one folder go; links lead nowhere, folders stay."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from tests.fakes.clock import FakeClock
from wxauto_mgt.core.config.pydantic_sections import validate_document
from wxauto_mgt.core.recovery.actions.clear_temporary_files import (
    ClearTemporaryFiles,
    ClearTemporaryFilesConfig,
    fits,
)
from wxauto_mgt.core.recovery.actions.contract import RepairContext, RepairOutcome
from wxauto_mgt.errors import ConfigError


class Context:
    """What the action asks of its context: the time, and where the console's own data is."""

    def __init__(self, data_dir: Path, clock: FakeClock) -> None:
        self.data_dir = data_dir
        self.clock = clock


def action(tmp_path: Path, *, later_s: float = 7200, **fields: Any) -> ClearTemporaryFiles:
    given = {"folder": str(tmp_path / "cache"), "patterns": ["*.tmp"], **fields}
    config = validate_document(ClearTemporaryFilesConfig, given, place="service tts")
    # The age of a file counts from when it was put there, which no test can set back: so time passes.
    clock = FakeClock(datetime.now(UTC) + timedelta(seconds=later_s))
    (tmp_path / "data").mkdir(exist_ok=True)
    return ClearTemporaryFiles(config, cast("RepairContext", Context(tmp_path / "data", clock)))


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x" * 10)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


async def test_old_files_of_the_pattern_go_and_nothing_else(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    make(cache, "a.tmp", "deep/er/b.tmp", "keep.wav", "deep/keep.txt")
    make(tmp_path, "outside.tmp")
    clearing = action(tmp_path)

    shown = await clearing.preview()
    assert shown is not None
    assert (shown.params["count"], shown.evidence["files"]) == (2, "a.tmp, deep/er/b.tmp")
    assert len(files(cache)) == 4

    result = await clearing.run()
    assert (result.outcome, result.params["count"]) == (RepairOutcome.DONE, 2)
    assert result.evidence["size_bytes"] == 20
    assert files(cache) == {"keep.wav", "deep/keep.txt"}
    assert (cache / "deep" / "er").is_dir()
    assert (tmp_path / "outside.tmp").exists()


async def test_young_files_stay(tmp_path: Path) -> None:
    make(tmp_path / "cache", "a.tmp")
    result = await action(tmp_path, later_s=1800).run()
    assert (result.outcome, result.params["count"]) == (RepairOutcome.DONE, 0)
    # One with an old date that was put there just now, as by unpacking, is young too.
    long_ago = time.time() - 86_400
    os.utime(tmp_path / "cache" / "a.tmp", (long_ago, long_ago))
    assert (await action(tmp_path, later_s=1800).run()).params["count"] == 0


async def test_links_are_neither_followed_nor_deleted(tmp_path: Path) -> None:
    make(tmp_path, "other/precious.tmp", "precious.tmp")
    cache = tmp_path / "cache"
    make(cache, "a.tmp")
    (cache / "folder_link").symlink_to(tmp_path / "other", target_is_directory=True)
    (cache / "link.tmp").symlink_to(tmp_path / "precious.tmp")
    (cache / "dangling.tmp").symlink_to(tmp_path / "nowhere")
    result = await action(tmp_path, patterns=["*", "**/*", "*.tmp"]).run()
    assert result.params["count"] == 1
    assert files(tmp_path / "other") == {"precious.tmp"}
    assert (tmp_path / "precious.tmp").exists()
    assert (cache / "link.tmp").is_symlink()


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("", "temporary_folder_not_set"),
        ("/", "temporary_folder_refused"),
        ("{home}", "temporary_folder_refused"),
        ("{tmp}", "temporary_folder_refused"),
        ("{tmp}/data", "temporary_folder_refused"),
        ("{tmp}/data/logs", "temporary_folder_refused"),
        ("{tmp}/link_to_data", "temporary_folder_refused"),
        ("{tmp}/gone", "temporary_folder_missing"),
        ("{tmp}/a_file", "temporary_folder_missing"),
    ],
)
async def test_a_folder_that_must_not_be_cleared_is_refused(tmp_path: Path, place: str, code: str) -> None:
    make(tmp_path, "data/logs/a.tmp", "a_file")
    (tmp_path / "link_to_data").symlink_to(tmp_path / "data", target_is_directory=True)
    folder = place.format(home=Path.home(), tmp=tmp_path)
    clearing = action(tmp_path, folder=folder, patterns=["**/*.tmp"])
    for result in (await clearing.precondition(), await clearing.run()):
        assert result is not None
        assert (result.outcome, result.reason_code) == (RepairOutcome.NOT_APPLICABLE, code)
    assert (tmp_path / "data" / "logs" / "a.tmp").exists()


ESCAPES = ["../*.tmp", "a/../../b", "/etc/*", "..", "", "a//b", "C:/x", "..\\x", "a/./b", "x\0y"]


@pytest.mark.parametrize("pattern", ESCAPES)
def test_a_pattern_that_leads_out_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(ConfigError) as caught:
        action(tmp_path, patterns=[pattern])
    assert caught.value.problems[0].reason == "temporary_pattern"


@pytest.mark.parametrize("folder", ["cache", "./cache", "~/cache", "/a/../etc"])
def test_a_folder_that_is_not_plain_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(ConfigError):
        action(tmp_path, folder=folder)


@pytest.mark.parametrize(
    ("path", "pattern", "is_meant"),
    [
        ("a.wav", "*.wav", True),
        ("deep/a.wav", "*.wav", True),
        ("deep/a.wav", "deep/*.wav", True),
        ("very/deep/a.wav", "deep/*.wav", False),
        ("very/deep/a.wav", "**/deep/*.wav", True),
        ("deep/a.wav", "**/deep/*.wav", True),
        ("a.wav", "**/a.wav", True),
        ("x/y/z.bin", "x/**", True),
        ("a.wave", "*.wav", False),
    ],
)
def test_patterns(path: str, pattern: str, is_meant: bool) -> None:
    assert fits(path, pattern) is is_meant


async def test_what_cannot_be_deleted_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "cache", "a.tmp")

    def refuse(*_args: object, **_named: object) -> None:
        raise PermissionError

    # Tests run as root, whom no file refuses anything.
    monkeypatch.setattr("wxauto_mgt.core.recovery.actions.clear_temporary_files.os.unlink", refuse)
    result = await action(tmp_path).run()
    assert (result.outcome, result.reason_code) == (RepairOutcome.FAILED, "temporary_files_kept")
    assert json.dumps(dict(result.evidence))

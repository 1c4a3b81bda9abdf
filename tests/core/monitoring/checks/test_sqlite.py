"""The check of foreign SQLite files, whole and otherwise."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.core.monitoring.checks.contexts import config_of, context, said
from tests.fakes.clock import FakeClock
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.monitoring.checks.sqlite import SqliteCheck, SqliteConfig
from wxauto_mgt.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "foreign.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE words (word TEXT)")
        connection.execute("CREATE INDEX by_word ON words (word)")
        connection.executemany(
            "INSERT INTO words VALUES (?)", [(f"word {number:06}",) for number in range(20_000)]
        )
        connection.commit()
    return path


def _content(file: Path) -> bytes:
    return file.read_bytes()


def _replace(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def _beside(file: Path) -> list[str]:
    return sorted(path.name for path in file.parent.iterdir())


def check(path: Path, clock: FakeClock | None = None, **fields: JSON) -> SqliteCheck:
    given = context(clock=clock) if clock is not None else context()
    return SqliteCheck(config_of(SqliteConfig, path=str(path), **fields), given)


async def test_a_whole_file_is_examined_now_and_then(file: Path, fake_clock: FakeClock) -> None:
    before = _content(file)
    checking = check(file, fake_clock)
    first, second = await checking.run(), await checking.run()
    await fake_clock.advance(3601.0)
    third = await checking.run()
    assert [said(result) for result in (first, second, third)] == [
        ("ok", "sqlite_whole"),
        ("ok", "sqlite_opens"),
        ("ok", "sqlite_whole"),
    ]
    assert first.evidence["tables"] == 1
    assert _content(file) == before


async def test_an_examination_that_takes_too_long_is_broken_off(file: Path) -> None:
    result = await check(file, examine_at_most_s=0.0).run()
    assert said(result) == ("ok", "sqlite_examination_unfinished")


async def test_a_damaged_file_is_examined_until_it_is_mended(file: Path) -> None:
    whole = _content(file)
    middle = len(whole) // 2
    _replace(file, whole[:middle] + b"\xff" * 8192 + whole[middle + 8192 :])
    checking = check(file)
    assert said(await checking.run()) == ("failed", "sqlite_damaged")
    assert said(await checking.run()) == ("failed", "sqlite_damaged")
    _replace(file, whole)
    assert said(await checking.run()) == ("ok", "sqlite_whole")


async def test_what_is_no_database_fails(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("just some text, and quite a lot of it, so that it has a header" * 20)
    assert said(await check(text).run()) == ("failed", "sqlite_no_database")
    gone = await check(tmp_path / "gone.db").run()
    assert said(gone) == ("failed", "sqlite_cannot_open")
    assert not (tmp_path / "gone.db").exists()


async def test_a_file_that_another_program_keeps_locked_is_worth_a_word(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wxauto_mgt.storage.connection.BUSY_TIMEOUT_MS", 1)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert said(await check(file).run()) == ("degraded", "sqlite_locked")
    assert said(await check(file).run()) == ("ok", "sqlite_whole")


async def test_nothing_is_left_beside_a_file_with_a_write_ahead_log(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("INSERT INTO words VALUES ('newest')")
        other.commit()
        assert said(await check(file).run()) == ("ok", "sqlite_whole")
    assert _beside(file) == [file.name]
    assert said(await check(file).run()) == ("ok", "sqlite_whole")
    assert _beside(file) == [file.name]


async def test_damage_in_a_file_with_a_write_ahead_log_is_found(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA journal_mode=WAL")
    whole = _content(file)
    _replace(file, whole[:40_000] + b"\xff" * 8192 + whole[48_192:])
    assert said(await check(file).run()) == ("failed", "sqlite_damaged")
    assert _beside(file) == [file.name]


async def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    for path in (tmp_path, Path("/dev/zero")):
        assert said(await check(path).run()) == ("failed", "sqlite_cannot_open")


def test_the_path_must_be_whole() -> None:
    with pytest.raises(ConfigError) as refused:
        config_of(SqliteConfig, path="here.db")
    assert [problem.reason for problem in refused.value.problems] == ["path_not_absolute"]

"""Checks an SQLite file of another program: that it opens, and now and then that it is whole. Only reads."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, Field

from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.monitoring.checks.addresses import absolute_path
from wxauto_mgt.core.monitoring.checks.contract import CheckContext, CheckKind, CheckResult, Outcome
from wxauto_mgt.core.monitoring.checks.form_fields import shown
from wxauto_mgt.core.monitoring.checks.own_thread import OwnThread, StillRunning
from wxauto_mgt.core.monitoring.checks.store import count_tables, quick_check
from wxauto_mgt.errors import Fact
from wxauto_mgt.storage.connection import connect_readonly

_MB: Final = 1 << 20
# Where the header says how the file is written, and what it says of one with a write-ahead log.
_FORMAT_AT: Final = 18
_WAL_FORMAT: Final = b"\x02"
_SLACK_S: Final = 10.0  # a file that another program has locked is waited for
# The primary result codes: https://sqlite.org/rescode.html
_REASONS: Final = {
    sqlite3.SQLITE_BUSY: (Outcome.DEGRADED, "sqlite_locked"),
    sqlite3.SQLITE_CORRUPT: (Outcome.FAILED, "sqlite_damaged"),
    sqlite3.SQLITE_NOTADB: (Outcome.FAILED, "sqlite_no_database"),
    sqlite3.SQLITE_CANTOPEN: (Outcome.FAILED, "sqlite_cannot_open"),
}


class SqliteConfig(ConfigModel):
    """Which file, and how thoroughly it is looked at."""

    path: Annotated[str, AfterValidator(absolute_path)] = Field(
        max_length=1000, json_schema_extra=shown("file", 100)
    )
    examine_every_s: float = Field(
        default=3600.0,
        ge=0.0,
        le=30 * 86_400,
        json_schema_extra=shown("examine_every_s", 110, unit="unit.seconds", has_help=True),
    )
    examine_at_most_s: float = Field(
        default=10.0, ge=0.0, le=300.0, json_schema_extra=shown("examine_at_most_s", 120, unit="unit.seconds")
    )


@dataclass(frozen=True)
class _Seen:
    """What one look found. `damage`: the first finding, empty for none, None when it was not finished."""

    size_bytes: int
    tables: int
    is_examined: bool
    damage: str | None


class SqliteCheck(CheckKind[SqliteConfig]):
    """Opens the file read-only each time; `quick_check` reads all of it, so that is seldom and bounded."""

    TYPE = "sqlite"
    CONFIG: ClassVar[type[SqliteConfig]] = SqliteConfig

    def __init__(self, config: SqliteConfig, context: CheckContext) -> None:
        super().__init__(config, context)
        self._thread = OwnThread(f"check:{context.service}")
        self._examined_at_s = float("-inf")
        self._is_damaged = False

    @property
    def least_time_s(self) -> float:
        return 2 * self.config.examine_at_most_s + _SLACK_S  # a damage without a lock is looked at again

    async def run(self) -> CheckResult:
        started_s = self.context.clock.monotonic()
        try:
            seen = await self._thread.call(self._look)
        except StillRunning:
            return CheckResult(Outcome.FAILED, "earlier_check_hangs")
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            outcome, reason = _REASONS.get(code, (Outcome.FAILED, "sqlite_failed"))
            # The name only: the library's sentence may quote what stands in the file.
            cause = getattr(error, "sqlite_errorname", type(error).__name__)
            return CheckResult(outcome, reason, {"cause": cause})
        except OSError as error:
            return CheckResult(Outcome.FAILED, "sqlite_cannot_open", {"cause": type(error).__name__})
        if seen.is_examined:
            self._examined_at_s = started_s
            self._is_damaged = bool(seen.damage)
        return _judge(seen, 1000 * (self.context.clock.monotonic() - started_s))

    def _look(self, given_up: threading.Event) -> _Seen:
        path = Path(self.config.path)
        # Says clearer than SQLite that there is no such file; a folder, or a device without an end, is none.
        if not stat.S_ISREG(path.stat().st_mode):
            raise FileNotFoundError(path)
        if not _is_left_alone(path):
            return self._look_into(path, given_up, is_alone=False)
        with contextlib.suppress(sqlite3.Error):
            seen = self._look_into(path, given_up, is_alone=True)
            if not seen.damage:
                return seen
        # It was read without a lock: if somebody opened it meanwhile, that proves nothing.
        return self._look_into(path, given_up, is_alone=_is_left_alone(path))

    def _look_into(self, path: Path, given_up: threading.Event, *, is_alone: bool) -> _Seen:
        clock, size_bytes = self.context.clock, path.stat().st_size
        connection = connect_readonly(path, immutable=is_alone)
        try:
            tables = count_tables(connection)
            is_due = clock.monotonic() - self._examined_at_s >= self.config.examine_every_s
            # One that was found damaged is examined each time, so that its repair is seen at once.
            if not (is_due or self._is_damaged):
                return _Seen(size_bytes, tables, is_examined=False, damage=None)
            ends_s = clock.monotonic() + self.config.examine_at_most_s
            damage = quick_check(connection, is_over=lambda: given_up.is_set() or clock.monotonic() > ends_s)
            return _Seen(size_bytes, tables, is_examined=True, damage=damage)
        finally:
            connection.close()


def _is_left_alone(path: Path) -> bool:
    """Whether a file with a write-ahead log is open nowhere: an ordinary look would leave that log behind.

    Where it is, the log stands beside it for as long.
    """
    with path.open("rb") as file:
        header = file.read(20)
    return (
        header[_FORMAT_AT : _FORMAT_AT + 1] == _WAL_FORMAT and not path.with_name(f"{path.name}-wal").exists()
    )


def _judge(seen: _Seen, taken_ms: float) -> CheckResult:
    evidence: dict[str, Fact] = {"size_mb": round(seen.size_bytes / _MB, 2), "tables": seen.tables}
    if not seen.is_examined:
        return CheckResult(Outcome.OK, "sqlite_opens", {}, evidence, taken_ms)
    if seen.damage is None:
        return CheckResult(Outcome.OK, "sqlite_examination_unfinished", {}, evidence, taken_ms)
    if seen.damage:
        evidence["finding"] = seen.damage
        return CheckResult(Outcome.FAILED, "sqlite_damaged", {"cause": "quick_check"}, evidence, taken_ms)
    return CheckResult(Outcome.OK, "sqlite_whole", {}, evidence, taken_ms)

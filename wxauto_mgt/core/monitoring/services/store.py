"""The SQL of services' checks, uptime and figures in the telemetry database. The only place for it.

`ServiceHistory` writes and reads here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from wxauto_mgt.core.monitoring.checks.contract import Outcome, PushedOutcome
from wxauto_mgt.core.monitoring.services.figures import ServiceFigures
from wxauto_mgt.core.monitoring.services.outcomes import Tally
from wxauto_mgt.errors import Fact
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import from_us, to_us

CHECKS_KEPT: Final = 100

_WRITE_CHECK = "INSERT OR REPLACE INTO service_check VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_ADD_HOUR = """
INSERT INTO service_hour VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
SET well = well + excluded.well, measured = measured + excluded.measured
"""
_ADD_DAY = """
INSERT INTO service_day VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
SET well = well + excluded.well, measured = measured + excluded.measured
"""
_WRITE_FIGURES = "INSERT OR REPLACE INTO service_figure VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PRUNE_CHECKS = """
DELETE FROM service_check WHERE service IN
    (SELECT service FROM service_check GROUP BY service HAVING max(at_us) < ?)
"""
_READ_CHECKS = "SELECT * FROM service_check WHERE service = ? ORDER BY number DESC LIMIT ?"
_READ_NUMBERS = "SELECT service, max(number) AS number FROM service_check GROUP BY service"
_READ_HOURS = "SELECT start_us, well, measured FROM service_hour WHERE service = ? AND start_us >= ?"
_READ_DAYS = "SELECT day, well, measured FROM service_day WHERE service = ? AND day >= ?"


@dataclass(frozen=True)
class CheckEntry:
    """One check as the history shows it; `check.<reason_code>` says it in words."""

    at: datetime
    outcome: Outcome
    reason_code: str
    params: Mapping[str, Fact]
    response_time_ms: float | None


@dataclass(frozen=True)
class Counts:
    """Checks that found the service working, of those that measured something."""

    well: int
    measured: int


@dataclass(frozen=True)
class Batch:
    """What one flush writes.

    Attributes:
        checks: with the service and the running number of each.
        hours, days: what is added to each, by service and hour or day.
    """

    checks: Sequence[tuple[str, int, CheckEntry]]
    hours: Mapping[tuple[str, datetime], Counts]
    days: Mapping[tuple[str, date], Counts]
    tallies: Sequence[Tally]


def write(tx: sqlite3.Connection, batch: Batch, *, at: datetime) -> None:
    """Store a batch."""
    tx.executemany(_WRITE_CHECK, [_check_row(*check) for check in batch.checks])
    tx.executemany(
        _ADD_HOUR, [(name, to_us(start), c.well, c.measured) for (name, start), c in batch.hours.items()]
    )
    tx.executemany(
        _ADD_DAY, [(name, day.isoformat(), c.well, c.measured) for (name, day), c in batch.days.items()]
    )
    tx.executemany(_WRITE_FIGURES, [_tally_row(tally, at) for tally in batch.tallies])


def prune(tx: sqlite3.Connection, *, first_hour: datetime, first_day: date, idle_since: datetime) -> None:
    """Forget bars that nobody is shown any more, and services that were not seen for long."""
    idle_us = to_us(idle_since)
    tx.execute("DELETE FROM service_hour WHERE start_us < ?", (to_us(first_hour),))
    tx.execute("DELETE FROM service_day WHERE day < ?", (first_day.isoformat(),))
    tx.execute("DELETE FROM service_figure WHERE changed_at_us < ?", (idle_us,))
    tx.execute(_PRUNE_CHECKS, (idle_us,))


async def read_numbers(telemetry: Database) -> dict[str, int]:
    """Return the number of each service's newest check."""
    return {row["service"]: row["number"] for row in await telemetry.fetch_all(_READ_NUMBERS)}


async def read_tallies(telemetry: Database) -> list[Tally]:
    """Return what was counted of all services."""
    return [_tally(row) for row in await telemetry.fetch_all("SELECT * FROM service_figure")]


async def read_checks(telemetry: Database, service: str, limit: int) -> list[CheckEntry]:
    """Return a service's checks, newest first."""
    return [_check(row) for row in await telemetry.fetch_all(_READ_CHECKS, (service, limit))]


async def read_hours(telemetry: Database, service: str, since: datetime) -> dict[datetime, Counts]:
    """Return the hours from an instant on in which something was measured."""
    rows = await telemetry.fetch_all(_READ_HOURS, (service, to_us(since)))
    return {from_us(row["start_us"]): Counts(row["well"], row["measured"]) for row in rows}


async def read_days(telemetry: Database, service: str, since: date) -> dict[date, Counts]:
    """Return the days from one on in which something was measured."""
    rows = await telemetry.fetch_all(_READ_DAYS, (service, since.isoformat()))
    return {date.fromisoformat(row["day"]): Counts(row["well"], row["measured"]) for row in rows}


def _check_row(service: str, number: int, check: CheckEntry) -> tuple[int | float | str | None, ...]:
    return (
        service,
        number % CHECKS_KEPT,
        number,
        to_us(check.at),
        check.outcome.value,
        check.reason_code,
        json.dumps(dict(check.params), ensure_ascii=False),
        check.response_time_ms,
    )


def _check(row: sqlite3.Row) -> CheckEntry:
    return CheckEntry(
        at=from_us(row["at_us"]),
        outcome=Outcome(row["outcome"]),
        reason_code=row["reason_code"],
        params=json.loads(row["params"]),
        response_time_ms=row["response_ms"],
    )


def _tally_row(tally: Tally, at: datetime) -> tuple[int | float | str | None, ...]:
    figures, pushed = tally.figures, tally.pushed
    return (
        tally.service,
        to_us(at),
        figures.successful_requests,
        figures.failed_requests,
        figures.consecutive_failures,
        figures.timed_requests,
        figures.total_time_s,
        _us_or_none(figures.last_success_at),
        _us_or_none(figures.last_failure_at),
        json.dumps(dict(figures.error_types), ensure_ascii=False),
        _us_or_none(pushed.at if pushed else None),
        int(pushed.ok) if pushed else None,
        pushed.duration_ms if pushed else None,
        pushed.error_type if pushed else None,
    )


def _tally(row: sqlite3.Row) -> Tally:
    pushed_at = _at_or_none(row["pushed_at_us"])
    return Tally(
        service=row["service"],
        figures=ServiceFigures(
            successful_requests=row["successful_requests"],
            failed_requests=row["failed_requests"],
            consecutive_failures=row["consecutive_failures"],
            timed_requests=row["timed_requests"],
            total_time_s=row["total_time_s"],
            last_success_at=_at_or_none(row["last_success_us"]),
            last_failure_at=_at_or_none(row["last_failure_us"]),
            error_types=MappingProxyType(json.loads(row["error_types"])),
        ),
        pushed=None
        if pushed_at is None
        else PushedOutcome(bool(row["pushed_ok"]), row["pushed_ms"], row["pushed_error"], pushed_at),
    )


def _us_or_none(at: datetime | None) -> int | None:
    return None if at is None else to_us(at)


def _at_or_none(at_us: int | None) -> datetime | None:
    return None if at_us is None else from_us(at_us)

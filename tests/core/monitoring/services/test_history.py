"""Newest checks, uptime by hour and day, figures: over a real database, restarts and clock changes."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import FakeClock
from wxauto_mgt.core.monitoring.checks.contract import (
    CheckRecorded,
    CheckResult,
    CheckStatus,
    Outcome,
    ServiceHealth,
)
from wxauto_mgt.core.monitoring.services.history import ServiceHistory
from wxauto_mgt.core.monitoring.services.outcomes import ServiceOutcomes
from wxauto_mgt.core.monitoring.services.uptime import days_until, hours_until
from wxauto_mgt.errors import StorageError
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.storage.database import Database

BERLIN = ZoneInfo("Europe/Berlin")
T = TypeVar("T")


class Console:
    """What one run of a console remembers of its services."""

    def __init__(self, telemetry: Database, clock: Clock, zone: ZoneInfo | None = None) -> None:
        self.clock = clock
        self.outcomes = ServiceOutcomes(
            clock=clock, known=lambda: ("tts", "asr"), on_pushed=lambda _call: None
        )
        self.history = ServiceHistory(telemetry=telemetry, clock=clock, outcomes=self.outcomes, zone=zone)

    def check(self, service: str, outcome: Outcome, *, at: datetime | None = None) -> None:
        event = CheckRecorded(
            ServiceHealth(service, CheckStatus.UNKNOWN),
            CheckResult(outcome, "scripted", {"name": "值"}, response_time_ms=1.5),
            at or self.clock.now(),
        )
        self.outcomes.checked(event)
        self.history.take(event)


@pytest.fixture
async def telemetry(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(
        tmp_path / "telemetry.db", kind="telemetry", synchronous="NORMAL", backup_dir=tmp_path / "backups"
    )
    yield opened
    await opened.close()


async def opened(telemetry: Database, clock: Clock, zone: ZoneInfo | None = None) -> Console:
    console = Console(telemetry, clock, zone)
    await console.history.open()
    return console


async def test_the_newest_hundred_checks_are_kept(telemetry: Database, fake_clock: FakeClock) -> None:
    console = await opened(telemetry, fake_clock)
    start = fake_clock.now()
    for _ in range(250):
        console.check("tts", Outcome.OK)
        await fake_clock.advance(30)
    console.check("asr", Outcome.FAILED)
    checks = await console.history.checks("tts", 100)
    assert len(checks) == 100
    assert [entry.at for entry in checks[:2]] == [
        start + timedelta(seconds=30 * number) for number in (249, 248)
    ]
    newest = checks[0]
    assert (newest.outcome, newest.reason_code, newest.params, newest.response_time_ms) == (
        Outcome.OK,
        "scripted",
        {"name": "值"},
        1.5,
    )
    assert len(await console.history.checks("tts", 3)) == 3
    assert [entry.outcome for entry in await console.history.checks("asr", 100)] == [Outcome.FAILED]
    assert await console.history.checks("none", 100) == []


async def test_a_restart_goes_on_where_the_last_run_ended(telemetry: Database, fake_clock: FakeClock) -> None:
    first = await opened(telemetry, fake_clock)
    for outcome in (Outcome.OK, Outcome.FAILED):
        first.check("tts", outcome)
        await fake_clock.advance(30)
    first.outcomes.push("tts", ok=False, duration_ms=20, error_type="timeout")
    await first.history.write()
    second = await opened(telemetry, fake_clock)
    assert second.outcomes.figures("tts") == first.outcomes.figures("tts")
    assert second.outcomes.figures("tts").consecutive_failures == 2
    assert second.outcomes.latest("tts") == first.outcomes.latest("tts")
    second.check("tts", Outcome.OK)
    outcomes = [entry.outcome.value for entry in await second.history.checks("tts", 100)]
    assert outcomes == ["ok", "failed", "ok"]
    uptime = await second.history.days("tts", 7)
    assert (uptime.bars[-1].well, uptime.bars[-1].measured) == (2, 3)


async def test_gaps_stay_gaps(telemetry: Database, fake_clock: FakeClock) -> None:
    console = await opened(telemetry, fake_clock)
    console.check("tts", Outcome.OK)
    console.check("tts", Outcome.FAILED)
    await fake_clock.advance(3 * 3600)
    console.check("tts", Outcome.UNKNOWN)  # measured nothing, so it is no downtime
    console.check("tts", Outcome.DEGRADED)  # badly, but it works
    hours = await console.history.hours("tts")
    assert [bar.percent for bar in hours.bars][-4:] == [50.0, None, None, 100.0]
    assert len(hours.bars) == 24
    assert hours.percent == pytest.approx(100 * 2 / 3)
    assert (await console.history.days("asr", 30)).percent is None


async def test_days_are_those_of_the_zone_also_when_the_clocks_change(telemetry: Database) -> None:
    # On 2026-03-29 the day has 23 hours, on 2026-10-25 it has 25.
    spring, autumn = datetime(2026, 3, 29, 10, tzinfo=UTC), datetime(2026, 10, 25, 11, tzinfo=UTC)
    for noon, hours in ((spring, 23), (autumn, 25)):
        console = await opened(telemetry, FakeClock(noon), BERLIN)
        start = datetime.combine(noon.date(), datetime.min.time(), tzinfo=BERLIN).astimezone(UTC)
        end = start + timedelta(hours=hours)
        inside = [start, end - timedelta(seconds=1)]
        for at in inside:
            console.check("tts", Outcome.OK, at=at)
        for at in (start - timedelta(seconds=1), end):
            console.check("tts", Outcome.FAILED, at=at)
        *_, before, day = (await console.history.days("tts", 7)).bars
        assert (day.start, day.end, day.well, day.measured) == (start, end, 2, 2)
        assert (before.end, before.well, before.measured) == (start, 0, 1)


@given(
    now=st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)),  # noqa: DTZ001 - UTC is put on below
    zone=st.sampled_from(["Europe/Berlin", "Asia/Shanghai", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
    count=st.integers(1, 90),
)
def test_bars_join_without_a_hole_and_end_with_now(now: datetime, zone: str, count: int) -> None:
    at = now.replace(tzinfo=UTC)
    days = [bar for _, bar in days_until(at, count, ZoneInfo(zone))]
    for bars in (days, hours_until(at, count)):
        assert len(bars) == count
        assert all(one.end == two.start for one, two in pairwise(bars))
        assert bars[-1].start <= at < bars[-1].end
    for day in days:
        assert timedelta(hours=22) < day.end - day.start < timedelta(hours=26)


@pytest.mark.skipif(sys.platform == "win32", reason="the zone of a process cannot be changed there")
def test_without_a_zone_days_are_those_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    noon = datetime(2026, 3, 29, 10, tzinfo=UTC)
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Europe/Berlin")
        time.tzset()
        found = days_until(noon, 90, None)
    time.tzset()
    assert found == days_until(noon, 90, BERLIN)


async def test_what_is_old_is_forgotten(telemetry: Database, fake_clock: FakeClock) -> None:
    console = await opened(telemetry, fake_clock)
    console.check("tts", Outcome.OK)
    console.outcomes.push("asr", ok=True, duration_ms=None, error_type=None)
    await console.history.write()

    async def rows() -> dict[str, int]:
        names = ("service_check", "service_hour", "service_day", "service_figure")
        found = [await telemetry.fetch_one(f"SELECT count(*) AS n FROM {name}") for name in names]
        return {name: row["n"] for name, row in zip(names, found, strict=True) if row is not None}

    await fake_clock.advance(25 * 3600)
    await console.history.prune()
    assert await rows() == {"service_check": 1, "service_hour": 0, "service_day": 1, "service_figure": 1}
    await fake_clock.advance(91 * 86_400)
    await console.history.prune()
    assert set((await rows()).values()) == {0}


@pytest.mark.expects_log("the history of services misses new checks")
async def test_what_cannot_be_written_is_written_later(
    telemetry: Database, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = await opened(telemetry, fake_clock)

    async def refuse(_job: Callable[[sqlite3.Connection], T]) -> T:
        raise StorageError("database_failed")

    with monkeypatch.context() as patched:
        patched.setattr(telemetry, "run", refuse)
        console.check("tts", Outcome.OK)
        console.outcomes.push("tts", ok=True, duration_ms=None, error_type=None)
        await console.history.write()
        await fake_clock.advance(30)
        console.check("tts", Outcome.FAILED)
        await console.history.write()
    outcomes = [entry.outcome.value for entry in await console.history.checks("tts", 100)]
    assert outcomes == ["failed", "ok"]
    assert (await console.history.hours("tts")).percent == 50.0
    again = await opened(telemetry, fake_clock)
    assert again.outcomes.figures("tts").total_requests == 1


async def test_all_services_are_written_by_one_transaction(
    telemetry: Database, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = await opened(telemetry, fake_clock)
    commits, run = 0, telemetry.run

    async def counted(job: Callable[[sqlite3.Connection], T]) -> T:
        nonlocal commits
        commits += 1
        return await run(job)

    monkeypatch.setattr(telemetry, "run", counted)
    for number in range(200):
        console.check(f"s{number}", Outcome.OK)
    await console.history.write()
    await console.history.write()
    assert commits == 1

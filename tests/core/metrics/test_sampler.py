"""Samples of real figures, kept in memory and in a real telemetry database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.waiting import eventually
from wxauto_mgt.core.metrics.loop_lag import LoopLag
from wxauto_mgt.core.metrics.model import Sample, Series, SeriesKey
from wxauto_mgt.core.metrics.rates import RateOf
from wxauto_mgt.core.metrics.reader import MetricReader
from wxauto_mgt.core.metrics.readings import HostReader, NetworkTotals
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.core.metrics.sampler import Sampler, SamplingPolicy
from wxauto_mgt.core.metrics.store import SeriesStore
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us


@pytest.fixture
async def telemetry(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(
        tmp_path / "telemetry.db", kind="telemetry", synchronous="NORMAL", backup_dir=tmp_path / "backups"
    )
    yield database
    await database.close()


class Figures:
    """What the composition root would name."""

    def __init__(self) -> None:
        self.score: float | None = None
        self.messages = 0


@pytest.fixture
def figures() -> Figures:
    return Figures()


def make_sampler(clock: FakeClock, figures: Figures, tmp_path: Path, telemetry: Database | None) -> Sampler:
    def score() -> Iterator[Sample]:
        if figures.score is not None:
            yield Sample(SeriesKey("health_score"), figures.score)

    registry = MetricRegistry(clock=clock, bus=EventBus())
    registry.add_collector(score)
    registry.add_collector(RateOf(name="messages_per_second", total=lambda: figures.messages, clock=clock))
    return Sampler(
        clock=clock,
        reader=HostReader(data_folder=tmp_path),
        loop_lag=LoopLag(clock=clock),
        registry=registry,
        store=SeriesStore(telemetry=telemetry) if telemetry else None,
    )


async def history(sampler: Sampler, name: str, since: datetime) -> Series:
    return await MetricReader(registry=sampler._registry, sampler=sampler).history(name, since)


async def test_sample_measures_process_and_host(
    fake_clock: FakeClock, figures: Figures, tmp_path: Path
) -> None:
    sampler = make_sampler(fake_clock, figures, tmp_path, None)
    assert sampler.latest("app_cpu_usage") is None
    await sampler.sample()
    assert sampler.latest("app_cpu_usage") is None  # nothing to compare with yet
    await sampler.sample()
    assert sampler.latest("app_cpu_usage") is not None
    async with asyncio.timeout(5):
        while sampler.latest("system_cpu_usage") is None:  # the machine counts in ticks
            await sampler.sample()
    assert sampler.process is not None
    assert sampler.process.memory_mb == sampler.latest("app_memory_usage")
    names = set(sampler.names())
    assert {
        "app_cpu_usage",
        "app_memory_usage",
        "app_thread_count",
        "app_file_descriptors",
        "system_cpu_usage",
        "system_memory_usage",
        "system_disk_usage",
        "system_process_count",
    } <= names
    memory_mb = sampler.latest("app_memory_usage")
    assert memory_mb is not None
    assert 5 < memory_mb < 5_000
    disk = sampler.latest("system_disk_usage")
    assert disk is not None
    assert 0 <= disk <= 100


async def test_what_was_not_measured_leaves_a_gap(
    fake_clock: FakeClock, figures: Figures, tmp_path: Path
) -> None:
    sampler = make_sampler(fake_clock, figures, tmp_path, None)
    await sampler.sample()
    assert sampler.latest("health_score") is None
    figures.score = 85.5
    await fake_clock.advance(10)
    await sampler.sample()
    series = sampler.series("health_score", fake_clock.now() - timedelta(minutes=1))
    assert series.values == (85.5,)
    assert series.at_s == (fake_clock.now().timestamp(),)
    assert sampler.series("health_score", fake_clock.now() + timedelta(seconds=1)).values == ()
    assert sampler.series("no such metric", fake_clock.now()).values == ()


async def test_rate_is_the_rise_of_a_total_per_second(
    fake_clock: FakeClock, figures: Figures, tmp_path: Path
) -> None:
    sampler = make_sampler(fake_clock, figures, tmp_path, None)
    await sampler.sample()
    figures.messages = 50
    await fake_clock.advance(10)
    await sampler.sample()
    assert sampler.latest("messages_per_second") == 5.0


async def test_history_survives_a_restart(
    fake_clock: FakeClock, figures: Figures, tmp_path: Path, telemetry: Database
) -> None:
    figures.score = 90.0
    began = fake_clock.now()
    await make_sampler(fake_clock, figures, tmp_path, telemetry).sample()
    await fake_clock.advance(10)
    figures.score = 80.0
    later = make_sampler(fake_clock, figures, tmp_path, telemetry)
    await later.sample()
    assert (await history(later, "health_score", began)).values == (90.0, 80.0)
    assert later.series("health_score", began).values == (80.0,)


async def test_old_points_are_pruned_and_stay_as_minutes(
    fake_clock: FakeClock, figures: Figures, tmp_path: Path, telemetry: Database
) -> None:
    began = fake_clock.now()
    sampler = make_sampler(fake_clock, figures, tmp_path, telemetry)
    sampler.apply(SamplingPolicy(interval_s=5.0, raw_retention_s=5.0))
    for score in (10.0, 20.0):
        figures.score = score
        await sampler.sample()
        await fake_clock.advance(5)
    await fake_clock.advance(4_000)
    figures.score = 30.0
    await sampler.sample()  # a new hour: the points of the first are packed
    assert (await history(sampler, "health_score", began)).values == (10.0, 20.0, 30.0)
    await fake_clock.advance(6_000)  # a thousand points stay, whatever the age
    for _ in range(62):
        await sampler.sample()
    older = await history(sampler, "health_score", began)
    assert older.values[:2] == (15.0, 30.0)
    assert older.at_s[0] == began.timestamp()
    count = await telemetry.fetch_one("SELECT count(*) FROM axis WHERE end_us < ?", (to_us(began) + 10**7,))
    assert count is not None
    assert count[0] == 0


async def test_size_is_bounded_by_dropping_the_oldest_points(
    fake_clock: FakeClock, figures: Figures, tmp_path: Path, telemetry: Database
) -> None:
    figures.score = 1.0
    sampler = make_sampler(fake_clock, figures, tmp_path, telemetry)
    sampler.apply(SamplingPolicy(max_bytes=0))
    for _ in range(62):
        await sampler.sample()
        await fake_clock.advance(120)
    size = await telemetry.fetch_one("SELECT count(*) FROM axis")
    assert size is not None
    assert size[0] <= 1


@pytest.mark.expects_log("kept in memory only")
async def test_database_that_fails_costs_no_sample_in_memory(
    fake_clock: FakeClock, figures: Figures, tmp_path: Path, telemetry: Database
) -> None:
    figures.score = 70.0
    sampler = make_sampler(fake_clock, figures, tmp_path, telemetry)
    await telemetry.close()
    await sampler.sample()
    await sampler.sample()  # said once, not again
    assert sampler.latest("health_score") == 70.0
    assert (await history(sampler, "health_score", fake_clock.now())).values == (70.0, 70.0)


async def test_runs_at_its_interval_until_cancelled(
    fake_clock: FakeClock, figures: Figures, tmp_path: Path
) -> None:
    beats = 0

    def beat() -> None:
        nonlocal beats
        beats += 1

    sampler = make_sampler(fake_clock, figures, tmp_path, None)
    running = asyncio.create_task(sampler.run(beat))
    for expected in range(1, 4):
        await eventually(lambda: fake_clock.sleepers)
        assert beats == expected
        await fake_clock.advance(10)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


class _LateClock(FakeClock):
    """Wakes sleepers 40 ms late, as a loop that something blocks."""

    async def sleep(self, delay_s: float) -> None:
        await super().sleep(delay_s + 0.04)


async def test_loop_lag_is_what_a_wake_up_came_late() -> None:
    clock = _LateClock()
    lag = LoopLag(clock=clock)
    assert lag.take_worst_ms() is None
    running = asyncio.create_task(lag.run(lambda: None))
    await clock.advance(1)
    assert lag.take_worst_ms() == pytest.approx(40)
    assert lag.take_worst_ms() is None
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@dataclass
class Nic:
    bytes_sent: int
    bytes_recv: int


def test_network_card_that_comes_or_goes_is_no_traffic() -> None:
    totals = NetworkTotals()
    assert totals.add({"lan": Nic(1_000, 2_000)}) == (1_000, 2_000)
    assert totals.add({"lan": Nic(1_010, 2_020), "vpn": Nic(500, 500)}) == (1_010, 2_020)
    assert totals.add({"vpn": Nic(501, 502)}) == (1_011, 2_022)
    assert totals.add({"lan": Nic(5, 5), "vpn": Nic(501, 502)}) == (1_011, 2_022)
    assert totals.add({"lan": Nic(6, 7), "vpn": Nic(0, 0)}) == (1_012, 2_024)


async def test_cpu_of_the_host_is_measured_whichever_thread_reads_it(tmp_path: Path) -> None:
    reader = HostReader(data_folder=tmp_path)
    until_s = time.process_time() + 0.3
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        assert first.submit(reader.read).result()[1].cpu_percent is None
        while time.process_time() < until_s:  # busy on purpose
            pass
        busy = second.submit(reader.read).result()[1].cpu_percent
    assert busy is not None
    assert 0 < busy <= 100

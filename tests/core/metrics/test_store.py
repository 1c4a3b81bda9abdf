"""Series on disk, over runs of the console, against an obvious model; what is read at each age."""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.clock import FakeClock
from wxauto_mgt.core.metrics.history import SeriesHistory, Tiers
from wxauto_mgt.core.metrics.model import MetricType, Sample, SeriesKey
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.core.metrics.store import KeptUntil, SeriesStore
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.storage.database import Database

START = datetime(2026, 1, 1, tzinfo=UTC)
GAUGE = SeriesKey("temperature", (("room", "1"),))
COUNTER = SeriesKey("requests_total")
FOREIGN = SeriesKey("bytes_total")


async def open_telemetry(folder: Path) -> Database:
    return await Database.open(
        folder / "telemetry.db", kind="telemetry", synchronous="NORMAL", backup_dir=folder / "backups"
    )


@pytest.fixture
async def telemetry(tmp_path: Path) -> AsyncIterator[Database]:
    database = await open_telemetry(tmp_path)
    yield database
    await database.close()


def history(
    database: Database, clock: FakeClock, *, raw_s: float = 1e9, minutes_s: float = 1e9
) -> SeriesHistory:
    tiers = Tiers(raw=timedelta(seconds=raw_s), minutes=timedelta(seconds=minutes_s))
    return SeriesHistory(store=SeriesStore(telemetry=database), clock=clock, tiers=lambda: tiers)


@dataclass
class Model:
    """Every point in a list, every rise known because the test made it."""

    gauge: list[tuple[float, float]] = field(default_factory=list)
    rises: list[tuple[float, float]] = field(default_factory=list)
    foreign_rises: list[tuple[float, float]] = field(default_factory=list)


MOMENTS = st.lists(
    st.tuples(
        st.sampled_from([1, 10, 10, 10, 61, 3_000, -30]),  # seconds passed: also a gap, and a clock set back
        st.integers(-500, 500),  # temperature in tenths; none below -400: not measured
        st.integers(0, 9),
        st.booleans(),  # pack now
    ),
    min_size=1,
    max_size=12,
)


async def write_runs(
    database: Database, runs: list[list[tuple[int, int, int, bool]]]
) -> tuple[Model, FakeClock]:
    model, at, newest, foreign = Model(), START, START, 1_000.0
    for moments in runs:
        store, total, is_first = SeriesStore(telemetry=database), 0.0, True
        for passed_s, tenths, rise, pack_now in moments:
            at += timedelta(seconds=passed_s)
            newest = max(newest, at)
            total, foreign = total + rise, foreign + rise
            samples = [
                Sample(COUNTER, total, MetricType.COUNTER, starts_at_zero=True),
                Sample(FOREIGN, foreign, MetricType.COUNTER),
            ]
            if tenths >= -400:
                samples.append(Sample(GAUGE, tenths / 10))
                model.gauge.append((at.timestamp(), tenths / 10))
            model.rises.append((at.timestamp(), rise))
            model.foreign_rises.append((at.timestamp(), 0 if is_first else rise))
            is_first = False
            await store.append(at, samples)
            if pack_now:
                await store.pack()
    return model, FakeClock(newest)


def by_bucket(points: list[tuple[float, float]], bucket_s: int) -> dict[float, list[float]]:
    buckets: dict[float, list[float]] = defaultdict(list)
    for at_s, value in points:
        buckets[at_s // bucket_s * bucket_s].append(value)
    return dict(sorted(buckets.items()))


@settings(max_examples=40)
@given(st.lists(MOMENTS, min_size=1, max_size=3))
def test_every_tier_says_what_was_measured(runs: list[list[tuple[int, int, int, bool]]]) -> None:
    async def check(folder: Path) -> None:
        database = await open_telemetry(folder)
        try:
            model, clock = await write_runs(database, runs)
            since = START - timedelta(hours=1)
            raw = history(database, clock)
            gauge = await raw.points(*GAUGE, since)
            wanted = sorted(model.gauge, key=lambda point: point[0])
            assert list(zip(gauge.at_s, gauge.values, strict=True)) == wanted
            for key, rises in ((COUNTER, model.rises), (FOREIGN, model.foreign_rises)):
                found = await raw.rises(*key, since)
                assert list(zip(found.at_s, found.values, strict=True)) == sorted(rises, key=lambda p: p[0])
            for bucket_s, tier in (
                (60, history(database, clock, raw_s=-1)),
                (3600, history(database, clock, raw_s=-1, minutes_s=-1)),
            ):
                means = await tier.points(*GAUGE, since)
                buckets = by_bucket(model.gauge, bucket_s)
                assert list(means.at_s) == list(buckets)
                assert means.values == pytest.approx([sum(v) / len(v) for v in buckets.values()])
                for key, rises in ((COUNTER, model.rises), (FOREIGN, model.foreign_rises)):
                    rolled = await tier.rises(*key, since)
                    wanted_rises = {at: sum(v) for at, v in by_bucket(rises, bucket_s).items()}
                    assert dict(zip(rolled.at_s, rolled.values, strict=True)) == wanted_rises
        finally:
            await database.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(check(Path(folder)))


async def test_histograms_of_two_runs_merge_by_their_buckets(
    telemetry: Database, fake_clock: FakeClock
) -> None:
    began = fake_clock.now()
    for durations_ms in ((3.0, 30.0, 30.0), (30.0, 99_999.0)):
        registry, store = MetricRegistry(clock=fake_clock, bus=EventBus()), SeriesStore(telemetry=telemetry)
        stage = registry.histogram("stage_ms", {"stage": "platform"}, bounds=(10.0, 100.0))
        await store.append(fake_clock.now(), registry.collect(fake_clock.now()))
        for duration_ms in durations_ms:
            stage.observe(duration_ms)
        await fake_clock.advance(10)
        await store.append(fake_clock.now(), registry.collect(fake_clock.now()))
    labels = (("stage", "platform"),)
    for reader in (history(telemetry, fake_clock), history(telemetry, fake_clock, raw_s=-1)):
        window = await reader.histogram("stage_ms", labels, began)
        assert list(window.bounds) == [10, 100, float("inf")]
        assert list(window.counts) == [1, 3, 1]
        assert (window.count, window.sum) == (5, 3 + 30 * 3 + 99_999)


async def test_values_recorded_between_two_samples_keep_their_instants(
    telemetry: Database, fake_clock: FakeClock
) -> None:
    registry, store = MetricRegistry(clock=fake_clock, bus=EventBus()), SeriesStore(telemetry=telemetry)
    began = fake_clock.now()
    registry.record("active_users", 1)
    registry.record("active_users", 2)  # in the same instant: both stay
    await fake_clock.advance(3)
    registry.record("active_users", 3)
    await fake_clock.advance(4)
    await store.append(fake_clock.now(), [], registry.take_points())
    await store.pack()
    found = await history(telemetry, fake_clock).points("active_users", (), began)
    assert list(found.values) == [1, 2, 3]
    assert [at_s - began.timestamp() for at_s in found.at_s] == [0, 0, 3]


async def test_first_writes_at_the_same_time_are_of_one_run(
    telemetry: Database, fake_clock: FakeClock
) -> None:
    store, began = SeriesStore(telemetry=telemetry), fake_clock.now()
    totals = [Sample(COUNTER, total, MetricType.COUNTER, starts_at_zero=True) for total in (3.0, 5.0)]
    await asyncio.gather(*(store.append(began, [total]) for total in totals))
    assert sum((await history(telemetry, fake_clock).rises(*COUNTER, began)).values) == 5


async def test_head_is_packed_once_an_hour(telemetry: Database) -> None:
    store, sample = SeriesStore(telemetry=telemetry), Sample(GAUGE, 1.0)
    for minute in (1, 30, 59):
        await store.append(START + timedelta(minutes=minute), [sample])
    assert await rows(telemetry, "head") == 3
    assert await rows(telemetry, "chunk") == 0
    await store.append(START + timedelta(minutes=61), [sample])
    assert await rows(telemetry, "head") == 1
    assert await rows(telemetry, "chunk") == 1


async def test_each_tier_is_deleted_at_its_age(telemetry: Database) -> None:
    store = SeriesStore(telemetry=telemetry)
    for day in (0, 30):
        await store.append(START + timedelta(days=day), [Sample(GAUGE, 1.0)])
    await store.pack()
    later = START + timedelta(days=20)
    await store.prune(KeptUntil(raw=later, minutes=START, hours=START, max_bytes=1 << 20))
    assert (await rows(telemetry, "axis"), await rows(telemetry, "chunk")) == (1, 1)
    assert await rows(telemetry, "rollup") == 4
    await store.prune(KeptUntil(raw=later, minutes=later, hours=START, max_bytes=1 << 20))
    assert await rows(telemetry, "rollup") == 3
    await store.prune(KeptUntil(raw=later, minutes=later, hours=later, max_bytes=1 << 20))
    assert await rows(telemetry, "rollup") == 2


async def rows(database: Database, table: str) -> int:
    row = await database.fetch_one(f"SELECT count(*) FROM {table}")
    assert row is not None
    return int(row[0])

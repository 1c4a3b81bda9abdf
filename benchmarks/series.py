"""Storing a thousand series and drawing a day of one, beside bare SQLite with the same samples."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.bench import Bench
from benchmarks.figures import Detail, Line
from benchmarks.figures import Sample as Figure
from benchmarks.polling import WentWrong
from wxauto_mgt.core.metrics.history import SeriesHistory, Tiers
from wxauto_mgt.core.metrics.model import MetricType, Sample, SeriesKey
from wxauto_mgt.core.metrics.store import SeriesStore
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us

NAME: Final = "series"
SERIES: Final = 1_000
_INTERVAL_S: Final = 10
_DAY_POINTS: Final = 86_400 // _INTERVAL_S
_CHARTS: Final = 15
_COUNTERS: Final = (2, 4, 9)
_DRAWN: Final = 7  # a response time, the hardest to pack


class _Until(SystemClock):
    """A clock that stands at the newest sample."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


async def run(bench: Bench) -> list[Line]:
    """Real figures' shapes: percentages, memory, counters, latencies, states that rarely change."""
    moments = 120 if bench.is_quick else 1_000
    folder = bench.folder(NAME)
    times, ticks = _samples(moments, SERIES)
    count = moments * SERIES
    stored_s, bytes_a_sample = await _store(folder / "ours.db", times, ticks)
    plain_s = _executemany(folder / "plain.db", times, ticks, key="")
    keyed_s = _executemany(folder / "keyed.db", times, ticks, key=", PRIMARY KEY (series_id, at_us)")
    what = f"{count:,} samples of {SERIES:,} series stored, with minutes and hours"
    measured = Figure((count / stored_s,), "samples/s")
    details: dict[str, Detail] = {"bytes a sample, all tiers, vacuumed (aim 4)": round(bytes_a_sample, 2)}
    lines = [
        Line(
            NAME,
            what,
            measured,
            against,
            Figure((count / limit_s,), "samples/s"),
            limit_s / stored_s,
            "of executemany",
            aim,
            details,
        )
        for against, limit_s, aim in (
            ("executemany, one commit a moment, no index", plain_s, "above 0.5"),
            ("the same with a key by which a chart can be read", keyed_s, ""),
        )
    ]
    return [*lines, await _chart(folder, is_quick=bench.is_quick)]


async def _store(
    path: Path, times: Sequence[datetime], ticks: Sequence[Sequence[Sample]]
) -> tuple[float, float]:
    db = await Database.open(path, kind="telemetry", synchronous="NORMAL", backup_dir=path.parent)
    store = SeriesStore(telemetry=db)
    started_s = time.perf_counter()
    for at, samples in zip(times, ticks, strict=True):
        await store.append(at, samples)
    await store.pack()
    took_s = time.perf_counter() - started_s
    await db.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM")
        [size] = connection.execute(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        ).fetchone()
    return took_s, size / (len(times) * len(ticks[0]))


def _executemany(
    path: Path, times: Sequence[datetime], ticks: Sequence[Sequence[Sample]], *, key: str
) -> float:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        without = ", WITHOUT ROWID" if key else ""
        connection.execute(
            f"CREATE TABLE sample (series_id INTEGER, at_us INTEGER, value REAL{key}) STRICT{without}"
        )
        started_s = time.perf_counter()
        for at, samples in zip(times, ticks, strict=True):
            at_us = to_us(at)
            rows = [(number, at_us, sample.value) for number, sample in enumerate(samples)]
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO sample VALUES (?, ?, ?)", rows)
            connection.execute("COMMIT")
        return time.perf_counter() - started_s


async def _chart(folder: Path, *, is_quick: bool) -> Line:
    """A day of one among a hundred series: a million samples, a third of a day when quick."""
    series = 34 if is_quick else 117
    times, ticks = _samples(_DAY_POINTS, series)
    path = folder / "day.db"
    await _store(path, times, ticks)
    raw_path = folder / "day_raw.db"
    _executemany(raw_path, times, ticks, key=", PRIMARY KEY (series_id, at_us)")
    db = await Database.open(path, kind="telemetry", synchronous="NORMAL", backup_dir=folder)
    history = SeriesHistory(
        store=SeriesStore(telemetry=db),
        clock=_Until(times[-1]),
        tiers=lambda: Tiers(timedelta(days=3), timedelta(days=30)),
    )
    ours, raw = [], []
    with closing(sqlite3.connect(raw_path)) as connection:
        for _ in range(_CHARTS):
            started_s = time.perf_counter()
            drawn = await history.points(*ticks[0][_DRAWN].key, times[0])
            ours.append((time.perf_counter() - started_s) * 1000)
            started_s = time.perf_counter()
            rows = connection.execute(
                "SELECT at_us, value FROM sample WHERE series_id = ? AND at_us >= ?",
                (_DRAWN, to_us(times[0])),
            ).fetchall()
            raw.append((time.perf_counter() - started_s) * 1000)
    await db.close()
    if list(drawn.values) != [value for _, value in rows]:
        raise WentWrong("the chart does not show what was stored")
    measured, limit = Figure(tuple(ours), "ms"), Figure(tuple(raw), "ms")
    return Line(
        NAME,
        f"24 h of one series out of {_DAY_POINTS * series:,} samples",
        measured,
        "the same points read as rows by their key",
        limit,
        measured.median / limit.median,
        "times",
        "within 2",
    )


def _samples(moments: int, series: int) -> tuple[list[datetime], list[list[Sample]]]:
    rng = np.random.default_rng(1)
    columns = [_column(rng, number, moments) for number in range(series)]
    keys = [SeriesKey(f"metric_{n}", (("target", f"instance:{n}"),)) for n in range(series)]
    types = [MetricType.COUNTER if n % 10 in _COUNTERS else MetricType.GAUGE for n in range(series)]
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    times = [
        begin + timedelta(seconds=_INTERVAL_S * moment, microseconds=int(rng.integers(0, 20_000)))
        for moment in range(moments)
    ]
    ticks = [
        [Sample(keys[n], float(columns[n][moment]), types[n], True) for n in range(series)]
        for moment in range(moments)
    ]
    return times, ticks


def _column(rng: np.random.Generator, number: int, moments: int) -> npt.NDArray[np.float64]:
    shapes = (
        lambda: np.round(np.clip(rng.normal(20, 8, moments), 0, 100), 1),
        lambda: np.cumsum(rng.integers(-20, 25, moments)) / 256 + 150,
        lambda: np.cumsum(rng.poisson(2, moments)),
        lambda: np.round(rng.exponential(3, moments), 3),
        lambda: np.cumsum(rng.integers(0, 200_000, moments)) + 1e9,
        lambda: np.full(moments, float(number)),
        lambda: 20 + rng.integers(0, 3, moments),
        lambda: np.round(rng.lognormal(3, 1, moments), 3),
        lambda: np.repeat(rng.integers(90, 100, moments // 30 + 1), 30)[:moments],
        lambda: np.cumsum(rng.random(moments) < 0.05),
    )
    return np.asarray(shapes[number % len(shapes)](), dtype=np.float64)

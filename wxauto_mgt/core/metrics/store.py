"""The series' SQL in the telemetry database, and the only place for it.

Each moment is one row in `head`; once an hour the head is packed into chunks and rolled up, all in the same
transaction. The sampler writes and prunes, `SeriesHistory` reads.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from wxauto_mgt.core.metrics.column_codec import (
    Floats,
    Integers,
    pack_floats,
    pack_integers,
    unpack_floats,
    unpack_integers,
)
from wxauto_mgt.core.metrics.model import MetricType, Sample, SeriesKey
from wxauto_mgt.core.metrics.rollup import (
    CounterBuckets,
    GaugeBuckets,
    merge_counter,
    merge_gauge,
    pack_counter,
    pack_gauge,
    roll_up_counter,
    roll_up_gauge,
    unpack_counter,
    unpack_gauge,
)
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us

MINUTE_S: Final = 60
HOUR_S: Final = 3600
SPAN_BUCKETS: Final = 240
HEAD_ROWS: Final = 720
_SECOND_US: Final = 1_000_000

_INSERT_SERIES = """
INSERT INTO series (name, labels, type, starts_at_zero) VALUES (?, ?, ?, ?)
ON CONFLICT (name, labels) DO NOTHING
"""
_FIND_SERIES = "SELECT id FROM series WHERE name = ? AND labels = ?"
_INSERT_HEAD = "INSERT INTO head (run_id, hour, series_ids, instants, readings) VALUES (?, ?, ?, ?, ?)"
_HEAD_STATE = "SELECT count(*), min(hour), max(hour), min(run_id) FROM head"
_READ_HEAD = "SELECT run_id, series_ids, instants, readings FROM head ORDER BY id"
_INSERT_ROLLUP = """
INSERT INTO rollup (bucket_s, span, series_id, frames) VALUES (?, ?, ?, ?)
ON CONFLICT (bucket_s, span, series_id) DO UPDATE SET frames = CAST(frames || excluded.frames AS BLOB)
"""
_READ_POINTS = """
SELECT 0 AS run_id, a.id AS id, a.instants, c.readings, c.prior, NULL AS series_ids, NULL AS last_run
FROM axis a CROSS JOIN chunk c ON c.axis_id = a.id AND c.series_id = ?
WHERE a.end_us >= ? AND a.start_us <= ?
UNION ALL
SELECT h.run_id, h.id, h.instants, h.readings, s.last_value, h.series_ids, s.last_run
FROM head h JOIN series s ON s.id = ?
ORDER BY run_id, id
"""
_READ_ROLLUP = """
SELECT 0 AS run_id, span AS id, frames, NULL AS instants, NULL AS readings, NULL AS prior,
    NULL AS series_ids, NULL AS last_run
FROM rollup WHERE bucket_s = ? AND span BETWEEN ? AND ? AND series_id = ?
UNION ALL
SELECT h.run_id, h.id, NULL, h.instants, h.readings, s.last_value, h.series_ids, s.last_run
FROM head h JOIN series s ON s.id = ?
ORDER BY run_id, id
"""


@dataclass(frozen=True)
class StoredSeries:
    """What is known of a series besides its points."""

    id: int
    key: SeriesKey
    type: MetricType
    starts_at_zero: bool


@dataclass(frozen=True)
class Points:
    """Points in the order in which they came; `prior` is the total before the first."""

    at_us: Integers
    values: Floats
    prior: float | None


@dataclass(frozen=True)
class KeptUntil:
    """Before which instants each tier is deleted, and how much may stay."""

    raw: datetime
    minutes: datetime
    hours: datetime
    max_bytes: int


class SeriesStore:
    """Points and buckets of all series."""

    def __init__(self, *, telemetry: Database) -> None:
        self._telemetry = telemetry
        self._ids: dict[SeriesKey, int] = {}
        self._run: int | None = None
        self._beginning = asyncio.Lock()

    async def append(
        self, at: datetime, samples: Sequence[Sample], points: Sequence[tuple[float, Sample]] = ()
    ) -> None:
        """Write what was sampled at one moment, and points that were recorded at moments of their own.

        Raises:
            StorageError, StorageOverloaded: nothing of it was written.
        """
        at_us = to_us(at)
        every = [*samples, *(sample for _, sample in points)]
        instants = np.full(len(every), at_us, np.int64)
        instants[len(samples) :] = [round(at_s * _SECOND_US) for at_s, _ in points]
        readings = np.array([sample.value for sample in every], np.float64)

        run = await self._begun(at_us)

        def job(tx: sqlite3.Connection) -> dict[SeriesKey, int]:
            added = _add_series(tx, [s for s in every if s.key not in self._ids])
            hour = at_us // (HOUR_S * _SECOND_US)
            _pack_head_when_due(tx, run, hour)
            if every:
                ids = {**self._ids, **added} if added else self._ids
                series_ids = np.array([ids[sample.key] for sample in every], np.uint32)
                row = (run, hour, series_ids.tobytes(), instants.tobytes(), readings.tobytes())
                tx.execute(_INSERT_HEAD, row)
            return added

        self._ids.update(await self._telemetry.run(job))

    async def _begun(self, at_us: int) -> int:
        """The number of this run. Two would make its counters start from zero twice."""
        async with self._beginning:
            if self._run is None:
                self._run = await self._telemetry.run(lambda tx: _begin_run(tx, at_us))
            return self._run

    async def pack(self) -> None:
        """Pack the head now, whatever the hour."""
        await self._telemetry.run(_pack_head)

    async def prune(self, kept: KeptUntil) -> None:
        """Delete what is older than it may be, then the oldest of what is more than it may be."""

        def job(tx: sqlite3.Connection) -> None:
            tx.execute("DELETE FROM axis WHERE end_us < ?", (to_us(kept.raw),))
            for bucket_s, before in ((MINUTE_S, kept.minutes), (HOUR_S, kept.hours)):
                span = to_us(before) // (bucket_s * SPAN_BUCKETS * _SECOND_US)
                tx.execute("DELETE FROM rollup WHERE bucket_s = ? AND span < ?", (bucket_s, span))
            _shrink(tx, kept.max_bytes)

        await self._telemetry.run(job)

    async def series(self, name: str) -> tuple[StoredSeries, ...]:
        """All series of a metric, those of earlier runs included."""
        rows = await self._telemetry.fetch_all("SELECT * FROM series WHERE name = ?", (name,))
        return tuple(_series(row) for row in rows)

    async def points(self, series: StoredSeries, since: datetime, until: datetime) -> list[Points]:
        """The raw points within a span of time, as they were packed; the first and last may reach beyond."""
        # One statement sees one state: a point is in a chunk or in the head, never in both.
        rows = await self._telemetry.fetch_all(
            _READ_POINTS, (series.id, to_us(since), to_us(until), series.id)
        )
        return [
            *(
                Points(unpack_integers(row["instants"]), unpack_floats(row["readings"]), row["prior"])
                for row in rows
                if row["series_ids"] is None
            ),
            *_in_head(series, rows),
        ]

    async def gauge_buckets(
        self, series: StoredSeries, bucket_s: int, since: datetime, until: datetime
    ) -> GaugeBuckets | None:
        """The buckets of a gauge; None without any. The first and last may reach beyond the span."""
        rows = await self._rollup_rows(series, bucket_s, since, until)
        parts = [b for row in rows if row["frames"] is not None for b in unpack_gauge(row["frames"])]
        parts += [roll_up_gauge(p.at_us, p.values, bucket_s * _SECOND_US) for p in _in_head(series, rows)]
        return merge_gauge(parts) if parts else None

    async def counter_buckets(
        self, series: StoredSeries, bucket_s: int, since: datetime, until: datetime
    ) -> CounterBuckets | None:
        """The buckets of a counter; None without any. The first and last may reach beyond the span."""
        rows = await self._rollup_rows(series, bucket_s, since, until)
        parts = [b for row in rows if row["frames"] is not None for b in unpack_counter(row["frames"])]
        parts += [
            roll_up_counter(p.at_us, p.values, p.prior, bucket_s * _SECOND_US) for p in _in_head(series, rows)
        ]
        return merge_counter(parts) if parts else None

    async def _rollup_rows(
        self, series: StoredSeries, bucket_s: int, since: datetime, until: datetime
    ) -> list[sqlite3.Row]:
        span_us = bucket_s * SPAN_BUCKETS * _SECOND_US
        return await self._telemetry.fetch_all(
            _READ_ROLLUP,
            (bucket_s, to_us(since) // span_us, to_us(until) // span_us, series.id, series.id),
        )


def _begin_run(tx: sqlite3.Connection, at_us: int) -> int:
    (run,) = tx.execute("INSERT INTO run (started_at_us) VALUES (?) RETURNING id", (at_us,)).fetchone()
    return int(run)


def _add_series(tx: sqlite3.Connection, samples: Sequence[Sample]) -> dict[SeriesKey, int]:
    added = {}
    for sample in {sample.key: sample for sample in samples}.values():
        name, labels = sample.key
        written = json.dumps(dict(labels), ensure_ascii=False)
        tx.execute(_INSERT_SERIES, (name, written, sample.type.value, int(sample.starts_at_zero)))
        added[sample.key] = int(tx.execute(_FIND_SERIES, (name, written)).fetchone()[0])
    return added


def _series(row: sqlite3.Row) -> StoredSeries:
    return StoredSeries(
        id=row["id"],
        key=SeriesKey(row["name"], tuple(json.loads(row["labels"]).items())),
        type=MetricType(row["type"]),
        starts_at_zero=bool(row["starts_at_zero"]),
    )


def _prior(series: StoredSeries, run: int, last_run: int | None, last_value: float | None) -> float | None:
    """The total before the first one of a run that is not packed yet; None when nobody knows."""
    if last_run == run:
        return last_value
    return 0.0 if series.starts_at_zero else None


def _in_head(series: StoredSeries, rows: Sequence[sqlite3.Row]) -> list[Points]:
    """The points of a series that are not packed yet, one item for each run."""
    by_run: dict[int, list[sqlite3.Row]] = {}
    for row in rows:
        if row["series_ids"] is not None:
            by_run.setdefault(row["run_id"], []).append(row)
    points = []
    for run, of_run in by_run.items():
        chosen = [np.frombuffer(row["series_ids"], np.uint32) == series.id for row in of_run]
        at_us = [np.frombuffer(r["instants"], np.int64)[c] for r, c in zip(of_run, chosen, strict=True)]
        values = [np.frombuffer(r["readings"], np.float64)[c] for r, c in zip(of_run, chosen, strict=True)]
        if any(len(part) for part in at_us):
            prior = _prior(series, run, of_run[0]["last_run"], of_run[0]["prior"])
            points.append(Points(np.concatenate(at_us), np.concatenate(values), prior))
    return points


def _pack_head_when_due(tx: sqlite3.Connection, run: int, hour: int) -> None:
    count, first, last, oldest_run = tx.execute(_HEAD_STATE).fetchone()
    if count and (first != hour or last != hour or oldest_run != run or count >= HEAD_ROWS):
        _pack_head(tx)


def _pack_head(tx: sqlite3.Connection) -> None:
    by_run: dict[int, list[sqlite3.Row]] = {}
    for row in tx.execute(_READ_HEAD):
        by_run.setdefault(row[0], []).append(row)
    for run, rows in sorted(by_run.items()):
        _pack_run(tx, run, rows)
    tx.execute("DELETE FROM head")


def _pack_run(tx: sqlite3.Connection, run: int, rows: Sequence[sqlite3.Row]) -> None:
    ids = np.concatenate([np.frombuffer(row[1], np.uint32) for row in rows])
    instants = np.concatenate([np.frombuffer(row[2], np.int64) for row in rows])
    readings = np.concatenate([np.frombuffer(row[3], np.float64) for row in rows])
    order = np.argsort(ids, kind="stable")
    ids, instants, readings = ids[order], instants[order], readings[order]
    firsts = np.flatnonzero(np.diff(ids, prepend=0)).tolist()  # ids begin at 1
    known = {row["id"]: row for row in tx.execute("SELECT * FROM series")}
    packer = _Packer(tx, run)
    for first, end in zip(firsts, [*firsts[1:], len(ids)], strict=True):
        row = known[int(ids[first])]
        series = _series(row)
        prior = _prior(series, run, row["last_run"], row["last_value"])
        packer.add(series, instants[first:end], readings[first:end], prior)
    packer.write()


class _Packer:
    """Collects the packed series of one run's head and writes them together."""

    def __init__(self, tx: sqlite3.Connection, run: int) -> None:
        self._tx = tx
        self._run = run
        self._chunks: dict[bytes, list[tuple[int, float | None, bytes]]] = {}
        self._rollups: list[tuple[int, int, int, bytes]] = []
        self._lasts: list[tuple[int, float, int]] = []

    def add(self, series: StoredSeries, at_us: Integers, values: Floats, prior: float | None) -> None:
        is_counter = series.type is MetricType.COUNTER
        self._chunks.setdefault(at_us.tobytes(), []).append(
            (series.id, prior if is_counter else None, pack_floats(values))
        )
        self._lasts.append((self._run, float(values[-1]), series.id))
        for bucket_s in (MINUTE_S, HOUR_S):
            bucket_us = bucket_s * _SECOND_US
            if is_counter:
                counter = roll_up_counter(at_us, values, prior, bucket_us)
                for part in _by_span(counter.numbers):
                    frame = pack_counter(counter.part(part))
                    self._rollups.append((bucket_s, _span(counter.numbers[part]), series.id, frame))
            else:
                gauge = roll_up_gauge(at_us, values, bucket_us)
                for part in _by_span(gauge.numbers):
                    frame = pack_gauge(gauge.part(part))
                    self._rollups.append((bucket_s, _span(gauge.numbers[part]), series.id, frame))

    def write(self) -> None:
        for instants, chunks in self._chunks.items():
            at_us = np.frombuffer(instants, np.int64)
            packed = pack_integers(at_us)
            size = len(packed) + sum(len(readings) for _, _, readings in chunks)
            (axis,) = self._tx.execute(
                "INSERT INTO axis (start_us, end_us, size_bytes, instants) VALUES (?, ?, ?, ?) RETURNING id",
                (int(at_us.min()), int(at_us.max()), size, packed),
            ).fetchone()
            self._tx.executemany(
                "INSERT INTO chunk (axis_id, series_id, prior, readings) VALUES (?, ?, ?, ?)",
                [(axis, *chunk) for chunk in chunks],
            )
        self._tx.executemany(_INSERT_ROLLUP, self._rollups)
        self._tx.executemany("UPDATE series SET last_run = ?, last_value = ? WHERE id = ?", self._lasts)


def _by_span(numbers: Integers) -> list[slice]:
    spans = numbers // SPAN_BUCKETS
    firsts = [0, *(np.flatnonzero(np.diff(spans)) + 1).tolist()]
    return [slice(first, end) for first, end in zip(firsts, [*firsts[1:], len(numbers)], strict=True)]


def _span(numbers: Integers) -> int:
    return int(numbers[0]) // SPAN_BUCKETS


def _shrink(tx: sqlite3.Connection, max_bytes: int) -> None:
    """Delete the oldest points, then the oldest minutes, until the rest fits."""
    (raw,) = tx.execute("SELECT coalesce(sum(size_bytes), 0) FROM axis").fetchone()
    (rolled,) = tx.execute("SELECT coalesce(sum(length(frames)), 0) FROM rollup").fetchone()
    excess = raw + rolled - max_bytes
    if excess <= 0:
        return
    for axis, size in tx.execute("SELECT id, size_bytes FROM axis ORDER BY end_us").fetchall():
        if excess <= 0:
            return
        tx.execute("DELETE FROM axis WHERE id = ?", (axis,))
        excess -= size
    spans = "SELECT span, sum(length(frames)) FROM rollup WHERE bucket_s = ? GROUP BY span ORDER BY span"
    for span, size in tx.execute(spans, (MINUTE_S,)).fetchall():
        if excess <= 0:
            return
        tx.execute("DELETE FROM rollup WHERE bucket_s = ? AND span = ?", (MINUTE_S, span))
        excess -= size

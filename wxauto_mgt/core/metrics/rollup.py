"""Rolls points up into buckets of a minute or an hour, and merges buckets. Pure.

Owns what survives of a series when its points expire. A bucket without a point does not exist: gaps stay
gaps. The store packs the buckets, readers merge what was rolled up in several goes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from wxauto_mgt.core.metrics.column_codec import (
    SCALES,
    Floats,
    Integers,
    find_scale,
    pack_floats,
    pack_integers,
    unpack_floats,
    unpack_integers,
)

_LENGTH: Final = struct.Struct("<I")


@dataclass(frozen=True)
class GaugeBuckets:
    """Of each bucket: its number (instant divided by its length), and what its points were."""

    numbers: Integers
    counts: Floats
    sums: Floats
    lows: Floats
    highs: Floats

    def part(self, chosen: slice) -> GaugeBuckets:
        """Some of the buckets."""
        return GaugeBuckets(
            self.numbers[chosen],
            self.counts[chosen],
            self.sums[chosen],
            self.lows[chosen],
            self.highs[chosen],
        )


@dataclass(frozen=True)
class CounterBuckets:
    """Of each bucket: its number, how many points, by how much the counter rose, where it stood last."""

    numbers: Integers
    counts: Floats
    rises: Floats
    lasts: Floats

    def part(self, chosen: slice) -> CounterBuckets:
        """Some of the buckets."""
        return CounterBuckets(
            self.numbers[chosen], self.counts[chosen], self.rises[chosen], self.lasts[chosen]
        )


def rises_of(totals: Floats, prior: float | None) -> Floats:
    """By how much a counter rose up to each of its totals, in the order in which they came.

    A total below the one before it means that the counter began anew at zero.

    Args:
        prior: the total before the first; None when nobody knows it, and then the first is no rise.
    """
    before = np.empty_like(totals)
    before[1:] = totals[:-1]
    before[0] = totals[0] if prior is None else prior
    return np.where(totals >= before, totals - before, totals)


def roll_up_gauge(at_us: Integers, values: Floats, bucket_us: int) -> GaugeBuckets:
    """Roll up points in any order; not empty."""
    numbers, order, firsts = _group(at_us // bucket_us)
    ordered = values[order]
    return GaugeBuckets(
        numbers=numbers,
        counts=_counts(firsts, len(values)),
        sums=_sums(ordered, firsts),
        lows=np.minimum.reduceat(ordered, firsts),
        highs=np.maximum.reduceat(ordered, firsts),
    )


def roll_up_counter(at_us: Integers, totals: Floats, prior: float | None, bucket_us: int) -> CounterBuckets:
    """Roll up totals in the order in which they came; not empty."""
    numbers, order, firsts = _group(at_us // bucket_us)
    rises = rises_of(totals, prior)[order]
    return CounterBuckets(
        numbers=numbers,
        counts=_counts(firsts, len(totals)),
        rises=_sums(rises, firsts),
        lasts=totals[order][np.append(firsts[1:], len(totals)) - 1],
    )


def merge_gauge(parts: Sequence[GaugeBuckets]) -> GaugeBuckets:
    """Merge buckets of the same numbers; at least one part."""
    numbers, order, firsts = _group(np.concatenate([part.numbers for part in parts]))
    return GaugeBuckets(
        numbers=numbers,
        counts=np.add.reduceat(np.concatenate([p.counts for p in parts])[order], firsts),
        sums=_sums(np.concatenate([p.sums for p in parts])[order], firsts),
        lows=np.minimum.reduceat(np.concatenate([p.lows for p in parts])[order], firsts),
        highs=np.maximum.reduceat(np.concatenate([p.highs for p in parts])[order], firsts),
    )


def merge_counter(parts: Sequence[CounterBuckets]) -> CounterBuckets:
    """Merge buckets of the same numbers, given in the order in which they were rolled up; at least one."""
    numbers, order, firsts = _group(np.concatenate([part.numbers for part in parts]))
    lasts = np.concatenate([p.lasts for p in parts])[order]
    return CounterBuckets(
        numbers=numbers,
        counts=np.add.reduceat(np.concatenate([p.counts for p in parts])[order], firsts),
        rises=_sums(np.concatenate([p.rises for p in parts])[order], firsts),
        lasts=lasts[np.append(firsts[1:], len(order)) - 1],
    )


def pack_gauge(buckets: GaugeBuckets) -> bytes:
    """Pack into a frame that may be appended to others."""
    return _pack(buckets.numbers, (buckets.counts, buckets.sums, buckets.lows, buckets.highs))


def pack_counter(buckets: CounterBuckets) -> bytes:
    """Pack into a frame that may be appended to others."""
    return _pack(buckets.numbers, (buckets.counts, buckets.rises, buckets.lasts))


def unpack_gauge(frames: bytes) -> list[GaugeBuckets]:
    """Return the buckets of all frames, in their order."""
    columns = _unpack(frames)
    return [
        GaugeBuckets(unpack_integers(columns[i]), *(unpack_floats(c) for c in columns[i + 1 : i + 5]))
        for i in range(0, len(columns), 5)
    ]


def unpack_counter(frames: bytes) -> list[CounterBuckets]:
    """Return the buckets of all frames, in their order."""
    columns = _unpack(frames)
    return [
        CounterBuckets(unpack_integers(columns[i]), *(unpack_floats(c) for c in columns[i + 1 : i + 4]))
        for i in range(0, len(columns), 4)
    ]


def _group(numbers: Integers) -> tuple[Integers, Integers, Integers]:
    """Return the distinct numbers ascending, the stable order that sorts, and where each group begins."""
    order: Integers = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    firsts: Integers = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))
    return ordered[firsts], order, firsts


def _counts(firsts: Integers, total: int) -> Floats:
    counts: Floats = np.diff(np.append(firsts, total)).astype(np.float64)
    return counts


def _sums(values: Floats, firsts: Integers) -> Floats:
    """Add up each group; exactly where the values have few decimals."""
    scaled = find_scale(values)
    if scaled is None:
        return np.add.reduceat(values, firsts)
    index, integers = scaled
    sums: Floats = np.add.reduceat(integers, firsts) / SCALES[index]
    return sums


def _pack(numbers: Integers, columns: tuple[Floats, ...]) -> bytes:
    packed = (pack_integers(numbers), *(pack_floats(column) for column in columns))
    return b"".join(_LENGTH.pack(len(column)) + column for column in packed)


def _unpack(frames: bytes) -> list[bytes]:
    columns, at = [], 0
    while at < len(frames):
        (length,) = _LENGTH.unpack_from(frames, at)
        at += _LENGTH.size
        columns.append(frames[at : at + length])
        at += length
    return columns

"""Instants as the tables hold them: INTEGER microseconds since the epoch, UTC. Used by every store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(instant: datetime) -> int:
    """Exact microseconds of an aware datetime (a float of seconds would lose some).

    Raises:
        TypeError: the datetime is naive.
    """
    return (instant - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """The aware UTC datetime."""
    return _EPOCH + timedelta(microseconds=us)

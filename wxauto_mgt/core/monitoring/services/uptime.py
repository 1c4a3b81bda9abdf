"""How much of the time a service was well: bars of hours and of days, and where they begin. Pure.

Days are those of the machine's zone, so one may have 23 or 25 hours; hours are those of UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class UptimeBar:
    """The checks of one hour or day; `measured` leaves out those that measured nothing."""

    start: datetime
    end: datetime
    well: int = 0
    measured: int = 0

    @property
    def percent(self) -> float | None:
        """Share of checks that found the service working, 0-100; None where nothing was measured."""
        return percent_of(self.well, self.measured)


@dataclass(frozen=True)
class Uptime:
    """Bars, oldest first, without holes: hours or days in which nothing was measured are there, empty."""

    bars: tuple[UptimeBar, ...]

    @property
    def measured(self) -> int:
        """Checks that measured something."""
        return sum(bar.measured for bar in self.bars)

    @property
    def percent(self) -> float | None:
        """Share over all bars, each check counting the same; None where nothing was measured."""
        return percent_of(sum(bar.well for bar in self.bars), self.measured)


def percent_of(well: int, measured: int) -> float | None:
    """Return a share, 0-100; None of nothing."""
    return 100 * well / measured if measured else None


def hour_of(at: datetime) -> datetime:
    """Return when the hour of an instant began."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def day_of(at: datetime, zone: tzinfo | None) -> date:
    """Return the day of an instant; zone None = the machine's."""
    return at.astimezone(zone).date()


def start_of(day: date, zone: tzinfo | None) -> datetime:
    """Return when a day began."""
    midnight = datetime.combine(day, time.min)
    local = midnight.astimezone() if zone is None else midnight.replace(tzinfo=zone)
    return local.astimezone(UTC)


def hours_until(now: datetime, count: int) -> list[UptimeBar]:
    """Return empty bars of the newest hours, the running one last."""
    newest = hour_of(now)
    starts = [newest - back * HOUR for back in range(count - 1, -1, -1)]
    return [UptimeBar(start, start + HOUR) for start in starts]


def days_until(now: datetime, count: int, zone: tzinfo | None) -> list[tuple[date, UptimeBar]]:
    """Return empty bars of the newest days, today last."""
    today = day_of(now, zone)
    days = [today - timedelta(days=back) for back in range(count - 1, -1, -1)]
    return [(day, UptimeBar(start_of(day, zone), start_of(day + timedelta(days=1), zone))) for day in days]

"""Spans of the day such as `22:00-07:00`, in the machine's zone. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

from wxauto_mgt.core.config.model import refuse

_PATTERN: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)\Z")


@dataclass(frozen=True)
class HoursOfDay:
    """From `begin`, included, to `end`, excluded; over midnight when `end` comes first."""

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> HoursOfDay | None:
        """Read `22:00-07:00`; None for an empty text.

        Raises:
            PydanticCustomError: it is neither, or both ends are the same (`problem.hours_of_day`).
        """
        if not text:
            return None
        found = _PATTERN.match(text)
        if found is None:
            raise refuse("hours_of_day")
        hour, minute, end_hour, end_minute = (int(group) for group in found.groups())
        begin, end = time(hour, minute), time(end_hour, end_minute)
        if begin == end:
            raise refuse("hours_of_day")
        return cls(begin, end)

    def contains(self, local: datetime) -> bool:
        """Whether the wall clock of that instant, in its own zone, stands inside."""
        now = local.time()
        if self.begin < self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


def check_hours(text: str) -> str:
    """Return the text, or refuse it."""
    HoursOfDay.parse(text)
    return text

"""Counts failed operations as episodes: a cause that repeats is one error until it clears.

Owns counting, the windows and the recent list; not what failed, nor the sentence. `ServiceMonitor` feeds it
from the event bus.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from wxauto_mgt.core.metrics.sliding_count import SlidingCount
from wxauto_mgt.core.wire import ErrorCleared, ErrorReport
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime.clock import Clock

EPISODES_KEPT: Final = 1_000
COUNTED_AGAIN_AFTER_S: Final = 60.0


@dataclass(frozen=True)
class ErrorEpisode:
    """One cause of failure of one operation, from its first report until it clears.

    Attributes:
        id: rises over all runs.
        params: facts of the newest counted report.
        last_at: when it was counted last.
        cleared_at: None while it lasts, or when the run ended before it cleared.
        occurrences: how often it was counted: at most once a minute.
    """

    id: int
    operation: str
    cause_code: str
    instance_id: str | None
    params: Mapping[str, Fact]
    first_at: datetime
    last_at: datetime
    cleared_at: datetime | None
    occurrences: int


_Key = tuple[str, str, str | None]


class ErrorEpisodes:
    """The episodes of this run, and the list of recent ones of earlier runs.

    The counts begin with this run: what an earlier one suffered is listed, but takes no points from this one.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[_Key, int] = {}
        self._counted_at_s: dict[int, float] = {}
        # By id, in order of the last count: the newest stands last.
        self._episodes: dict[int, ErrorEpisode] = {}
        self._unsaved: set[int] = set()
        self._next_id = 1
        self._total = 0
        self._last_hour = SlidingCount(clock=clock)
        self._last_hour_by_instance: dict[str, SlidingCount] = {}

    @property
    def total(self) -> int:
        """Errors since the start."""
        return self._total

    @property
    def last_hour(self) -> int:
        """Errors of the last hour."""
        return self._last_hour.total

    def last_hour_of(self, instance_id: str) -> int:
        """Errors of the last hour that concern an instance."""
        count = self._last_hour_by_instance.get(instance_id)
        return count.total if count is not None else 0

    def restore(self, episodes: Iterable[ErrorEpisode]) -> None:
        """Take over what earlier runs left, before anything is reported; any order."""
        for episode in sorted(episodes, key=lambda episode: (episode.last_at, episode.id)):
            self._episodes[episode.id] = episode
            self._next_id = max(self._next_id, episode.id + 1)

    def report(self, report: ErrorReport) -> bool:
        """Take a failure; tell whether it counted as an error."""
        key = (report.operation, report.cause_code, report.instance_id)
        now, now_s = self._clock.now(), self._clock.monotonic()
        episode_id = self._open.get(key)
        if episode_id is None:
            episode_id = self._open[key] = self._next_id
            self._next_id += 1
            episode = ErrorEpisode(
                episode_id,
                *key,
                dict(report.params),
                first_at=now,
                last_at=now,
                cleared_at=None,
                occurrences=1,
            )
        elif now_s - self._counted_at_s[episode_id] < COUNTED_AGAIN_AFTER_S:
            return False
        else:
            before = self._episodes.pop(episode_id)
            episode = dataclasses.replace(
                before, params=dict(report.params), last_at=now, occurrences=before.occurrences + 1
            )
        self._counted_at_s[episode_id] = now_s
        self._count(report.instance_id)
        self._keep(episode)
        return True

    def clear(self, cleared: ErrorCleared) -> None:
        """End the episode of a cause; without one, nothing happens."""
        episode_id = self._open.pop((cleared.operation, cleared.cause_code, cleared.instance_id), None)
        if episode_id is None:
            return
        del self._counted_at_s[episode_id]
        self._episodes[episode_id] = dataclasses.replace(
            self._episodes[episode_id], cleared_at=self._clock.now()
        )
        self._unsaved.add(episode_id)

    def recent(self, limit: int) -> tuple[ErrorEpisode, ...]:
        """Return the episodes counted last, newest first."""
        return tuple(
            episode for _, episode in zip(range(limit), reversed(self._episodes.values()), strict=False)
        )

    def newest_of(self, instance_id: str) -> ErrorEpisode | None:
        """Return an instance's newest episode."""
        return next((e for e in reversed(self._episodes.values()) if e.instance_id == instance_id), None)

    def take_unsaved(self) -> tuple[ErrorEpisode, ...]:
        """Return what changed since the last call; give it back by `give_back` if it could not be stored."""
        taken = tuple(self._episodes[episode_id] for episode_id in sorted(self._unsaved))
        self._unsaved.clear()
        return taken

    def give_back(self, episodes: Iterable[ErrorEpisode]) -> None:
        """Mark episodes as not stored after all."""
        self._unsaved.update(episode.id for episode in episodes if episode.id in self._episodes)

    def _count(self, instance_id: str | None) -> None:
        self._total += 1
        self._last_hour.add()
        if instance_id is not None:
            count = self._last_hour_by_instance.get(instance_id)
            if count is None:
                count = self._last_hour_by_instance[instance_id] = SlidingCount(clock=self._clock)
            count.add()

    def _keep(self, episode: ErrorEpisode) -> None:
        self._episodes[episode.id] = episode
        self._unsaved.add(episode.id)
        if len(self._episodes) > EPISODES_KEPT:
            self._forget(next(iter(self._episodes)))

    def _forget(self, episode_id: int) -> None:
        """Drop the one counted longest ago; if it still lasts, its next report begins a new episode."""
        oldest = self._episodes.pop(episode_id)
        self._unsaved.discard(episode_id)
        self._counted_at_s.pop(episode_id, None)
        key = (oldest.operation, oldest.cause_code, oldest.instance_id)
        if self._open.get(key) == episode_id:
            del self._open[key]

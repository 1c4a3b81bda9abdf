"""Decides which scores are worth remembering, and holds them until they are stored.

Owns no SQL and no loop. `ServiceMonitor` feeds it; the overview draws what it returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from wxauto_mgt.core.monitoring.health_score import HealthScore

# The history says at least this often that somebody measured; a longer gap means that nobody did.
KEPT_AT_LEAST_EVERY_S: Final = 600.0
# While the database cannot be written, at most this much waits in memory.
UNSAVED_KEPT: Final = 1_000


class ScoreHistory:
    """Scores of this run that are not stored yet."""

    def __init__(self) -> None:
        self._newest: HealthScore | None = None
        self._unsaved: list[HealthScore] = []

    def add(self, score: HealthScore) -> None:
        """Take a score; one that says nothing new is passed over."""
        if self._says_something_new(score):
            self._newest = score
            self._keep([*self._unsaved, score])

    def unsaved_since(self, since: datetime) -> tuple[HealthScore, ...]:
        """Return what is not stored yet, from an instant on, oldest first."""
        return tuple(score for score in self._unsaved if score.measured_at >= since)

    def take_unsaved(self) -> Sequence[HealthScore]:
        """Return what is not stored yet; give it back by `give_back` if it could not be."""
        taken, self._unsaved = self._unsaved, []
        return taken

    def give_back(self, scores: Sequence[HealthScore]) -> None:
        """Take back scores that could not be stored."""
        self._keep([*scores, *self._unsaved])

    def _keep(self, scores: list[HealthScore]) -> None:
        self._unsaved = scores[-UNSAVED_KEPT:]

    def _says_something_new(self, score: HealthScore) -> bool:
        newest = self._newest
        if newest is None or (newest.score, newest.status) != (score.score, score.status):
            return True
        if [d.reason_code for d in newest.deductions] != [d.reason_code for d in score.deductions]:
            return True
        return (score.measured_at - newest.measured_at).total_seconds() >= KEPT_AT_LEAST_EVERY_S

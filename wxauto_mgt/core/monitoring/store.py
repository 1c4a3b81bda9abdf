"""The SQL of error episodes and of the health score's history, and the only place for it.

`ServiceMonitor` writes and reads here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from wxauto_mgt.core.monitoring.error_episodes import EPISODES_KEPT, ErrorEpisode
from wxauto_mgt.core.monitoring.health_score import Deduction, HealthScore, OverallStatus, Part
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import from_us, to_us

# Years of a quiet console, about a week of one whose score changes at every evaluation.
SCORES_KEPT: Final = 50_000

_SAVE_EPISODE = """
INSERT INTO error_episode (id, operation, cause_code, instance_id, params,
                           first_at_us, last_at_us, cleared_at_us, occurrences)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET params = excluded.params, last_at_us = excluded.last_at_us,
    cleared_at_us = excluded.cleared_at_us, occurrences = excluded.occurrences
"""
_PRUNE_EPISODES = """
DELETE FROM error_episode
WHERE id NOT IN (SELECT id FROM error_episode ORDER BY last_at_us DESC, id DESC LIMIT ?)
"""
_LOAD_EPISODES = "SELECT * FROM error_episode ORDER BY last_at_us DESC LIMIT ?"
_APPEND_SCORE = "INSERT INTO health_score (at_us, score, status, deductions) VALUES (?, ?, ?, ?)"
_PRUNE_SCORES = "DELETE FROM health_score WHERE id <= (SELECT max(id) FROM health_score) - ?"
_READ_SCORES = "SELECT at_us, score, status, deductions FROM health_score WHERE at_us >= ? ORDER BY id"


class MonitoringStore:
    """Episodes and scores in the console's database."""

    def __init__(self, *, db: Database) -> None:
        self._db = db

    async def load_episodes(self) -> tuple[ErrorEpisode, ...]:
        """Return the newest episodes of all runs, newest first."""
        return tuple(_episode(row) for row in await self._db.fetch_all(_LOAD_EPISODES, (EPISODES_KEPT,)))

    async def save(self, episodes: Sequence[ErrorEpisode], scores: Sequence[HealthScore]) -> None:
        """Write changed episodes and new scores in one transaction, and drop the oldest of each.

        Raises:
            StorageError, StorageOverloaded: nothing of it was written.
        """
        episode_rows = [_episode_row(episode) for episode in episodes]
        score_rows = [_score_row(score) for score in scores]

        def job(tx: sqlite3.Connection) -> None:
            tx.executemany(_SAVE_EPISODE, episode_rows)
            tx.executemany(_APPEND_SCORE, score_rows)
            if episode_rows:
                tx.execute(_PRUNE_EPISODES, (EPISODES_KEPT,))
            if score_rows:
                tx.execute(_PRUNE_SCORES, (SCORES_KEPT,))

        await self._db.run(job)

    async def scores(self, since: datetime) -> tuple[HealthScore, ...]:
        """Return the history of the score since an instant, oldest first."""
        return tuple(_score(row) for row in await self._db.fetch_all(_READ_SCORES, (to_us(since),)))


def _episode_row(episode: ErrorEpisode) -> tuple[int | str | None, ...]:
    return (
        episode.id,
        episode.operation,
        episode.cause_code,
        episode.instance_id,
        json.dumps(dict(episode.params), ensure_ascii=False),
        to_us(episode.first_at),
        to_us(episode.last_at),
        None if episode.cleared_at is None else to_us(episode.cleared_at),
        episode.occurrences,
    )


def _episode(row: sqlite3.Row) -> ErrorEpisode:
    cleared_at_us = row["cleared_at_us"]
    return ErrorEpisode(
        id=row["id"],
        operation=row["operation"],
        cause_code=row["cause_code"],
        instance_id=row["instance_id"],
        params=json.loads(row["params"]),
        first_at=from_us(row["first_at_us"]),
        last_at=from_us(row["last_at_us"]),
        cleared_at=None if cleared_at_us is None else from_us(cleared_at_us),
        occurrences=row["occurrences"],
    )


def _score_row(score: HealthScore) -> tuple[int | float | str | None, ...]:
    deductions = [
        {
            "part": deduction.part.value,
            "points": deduction.points,
            "reason_code": deduction.reason_code,
            "params": dict(deduction.params),
            "evidence": list(deduction.evidence),
        }
        for deduction in score.deductions
    ]
    text = json.dumps(deductions, ensure_ascii=False)
    return to_us(score.measured_at), score.score, score.status.value, text


def _score(row: sqlite3.Row) -> HealthScore:
    measured_at = from_us(row["at_us"])
    deductions = tuple(
        Deduction(
            part=Part(item["part"]),
            points=item["points"],
            reason_code=item["reason_code"],
            params=item["params"],
            evidence=tuple(item["evidence"]),
            measured_at=measured_at,
        )
        for item in json.loads(row["deductions"])
    )
    return HealthScore(row["score"], OverallStatus(row["status"]), deductions, measured_at)

"""The SQL of alerts, of where their series stand, and of silences; the only place for it.

The engine writes and reads here. Writes run on the writer's thread, in the caller's transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Final

from wxauto_mgt.core.alerting.evaluator import Progress
from wxauto_mgt.core.alerting.model import (
    Acknowledgement,
    Alert,
    AlertState,
    Labels,
    Level,
    labels_of,
)
from wxauto_mgt.core.alerting.silences import Silence
from wxauto_mgt.core.alerting.tracked import Tracked
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import from_us, to_us

ALERTS_KEPT: Final = 50_000
HISTORY_ROWS: Final = 1_000

_SAVE_SERIES = """
INSERT INTO alert_series (id, rule, labels, progress, episode) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET progress = excluded.progress, episode = excluded.episode
"""
_DROP_SERIES = "DELETE FROM alert_series WHERE id = ?"
_SAVE_ALERT = """
INSERT INTO alert (episode, id, rule, labels, level, title, message, metric_name, value, threshold, state,
                   started_at_us, resolved_at_us, owner, note, acknowledged_at_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (episode) DO UPDATE SET level = excluded.level, title = excluded.title,
    message = excluded.message, value = excluded.value, threshold = excluded.threshold,
    state = excluded.state, resolved_at_us = excluded.resolved_at_us, owner = excluded.owner,
    note = excluded.note, acknowledged_at_us = excluded.acknowledged_at_us
"""
_PRUNE_ALERTS = """
DELETE FROM alert WHERE resolved_at_us IS NOT NULL AND started_at_us <
    (SELECT started_at_us FROM alert ORDER BY started_at_us DESC LIMIT 1 OFFSET ?)
"""
_LOAD_SERIES = """
SELECT s.id AS series_id, s.rule AS series_rule, s.labels AS series_labels, s.progress, a.*
FROM alert_series s LEFT JOIN alert a ON a.episode = s.episode
"""
_HISTORY = """
SELECT * FROM alert WHERE started_at_us >= ?1 OR resolved_at_us >= ?1
ORDER BY started_at_us DESC, episode LIMIT ?2
"""
_ADD_SILENCE = """
INSERT INTO alert_silence (rule, labels, starts_at_us, ends_at_us, who, note) VALUES (?, ?, ?, ?, ?, ?)
"""
_END_SILENCE = "UPDATE alert_silence SET ends_at_us = ?2 WHERE id = ?1 AND ends_at_us > ?2"
_LOAD_SILENCES = "SELECT * FROM alert_silence WHERE ends_at_us > ? ORDER BY id"


def save_alerts(tx: sqlite3.Connection, alerts: Iterable[Alert]) -> None:
    """Write alerts, new ones and changed ones."""
    tx.executemany(_SAVE_ALERT, [_alert_row(alert) for alert in alerts])


def save_series(tx: sqlite3.Connection, series: Iterable[Tracked]) -> None:
    """Write where these series stand; their alerts must be written already."""
    tx.executemany(
        _SAVE_SERIES,
        [
            (
                row.id,
                row.rule,
                _labels_text(row.labels),
                json.dumps(asdict(row.progress)),
                row.alert.episode if row.alert is not None else None,
            )
            for row in series
        ],
    )


def drop_series(tx: sqlite3.Connection, ids: Iterable[str]) -> None:
    """Forget series at rest; their alerts stay in the history, bounded in number."""
    gone = [(series_id,) for series_id in ids]
    if gone:
        tx.executemany(_DROP_SERIES, gone)
        tx.execute(_PRUNE_ALERTS, (ALERTS_KEPT,))


async def load_series(db: Database) -> list[Tracked]:
    """Return every series that is not at rest."""
    return [
        Tracked(
            id=row["series_id"],
            rule=row["series_rule"],
            labels=_labels(row["series_labels"]),
            progress=_progress(row["progress"]),
            alert=None if row["episode"] is None else _alert(row),
        )
        for row in await db.fetch_all(_LOAD_SERIES)
    ]


async def history(db: Database, since: datetime) -> list[Alert]:
    """Return the alerts that fired or were resolved since an instant, newest first, at most 1,000."""
    return [_alert(row) for row in await db.fetch_all(_HISTORY, (to_us(since), HISTORY_ROWS))]


def add_silence(tx: sqlite3.Connection, silence: Silence) -> int:
    """Store a silence; returns its id."""
    cursor = tx.execute(
        _ADD_SILENCE,
        (
            silence.rule,
            _labels_text(silence.labels),
            to_us(silence.starts_at),
            to_us(silence.ends_at),
            silence.who,
            silence.note,
        ),
    )
    return cursor.lastrowid or 0


def end_silence(tx: sqlite3.Connection, silence_id: int, at: datetime) -> bool:
    """End a silence now; tells whether it was still to last."""
    return tx.execute(_END_SILENCE, (silence_id, to_us(at))).rowcount > 0


async def load_silences(db: Database, now: datetime) -> list[Silence]:
    """Return the silences that have not ended."""
    return [
        Silence(
            id=row["id"],
            rule=row["rule"],
            labels=_labels(row["labels"]),
            starts_at=from_us(row["starts_at_us"]),
            ends_at=from_us(row["ends_at_us"]),
            who=row["who"],
            note=row["note"],
        )
        for row in await db.fetch_all(_LOAD_SILENCES, (to_us(now),))
    ]


def _progress(text: str) -> Progress:
    fields = json.loads(text)
    return Progress(
        **{
            **fields,
            "state": AlertState(fields["state"]),
            "level": _level(fields["level"]),
            "told": _level(fields["told"]),
            "recent": tuple(fields["recent"]),
        }
    )


def _alert_row(alert: Alert) -> tuple[str | float | int | None, ...]:
    taken = alert.acknowledged
    return (
        alert.episode,
        alert.id,
        alert.rule,
        _labels_text(alert.labels),
        alert.level.value,
        alert.title,
        alert.message,
        alert.metric_name,
        alert.value,
        alert.threshold,
        alert.state.value,
        to_us(alert.started_at),
        None if alert.resolved_at is None else to_us(alert.resolved_at),
        None if taken is None else taken.owner,
        None if taken is None else taken.note,
        None if taken is None else to_us(taken.at),
    )


def _alert(row: sqlite3.Row) -> Alert:
    resolved_at_us, owner = row["resolved_at_us"], row["owner"]
    return Alert(
        id=row["id"],
        episode=row["episode"],
        rule=row["rule"],
        labels=_labels(row["labels"]),
        level=Level(row["level"]),
        title=row["title"],
        message=row["message"],
        metric_name=row["metric_name"],
        value=row["value"],
        threshold=row["threshold"],
        state=AlertState(row["state"]),
        started_at=from_us(row["started_at_us"]),
        resolved_at=None if resolved_at_us is None else from_us(resolved_at_us),
        acknowledged=None
        if owner is None
        else Acknowledgement(owner, row["note"], from_us(row["acknowledged_at_us"])),
    )


def _labels_text(labels: Labels) -> str:
    return json.dumps(dict(labels), ensure_ascii=False)


def _labels(text: str) -> Labels:
    return labels_of(json.loads(text))


def _level(text: str | None) -> Level | None:
    return None if text is None else Level(text)

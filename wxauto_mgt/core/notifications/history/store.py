"""SQL of what was told: deliveries as people look at them, the channels' figures, expiry."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from wxauto_mgt.core.notifications.model import ChannelFigures, DeliveryRecord, DeliveryState
from wxauto_mgt.core.notifications.store import NOTIFICATION_COLUMNS, notification_of
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import from_us, to_us


async def history(
    db: Database, *, since: datetime, states: Sequence[DeliveryState], limit: int
) -> list[DeliveryRecord]:
    """Deliveries, newest first."""
    marks = ", ".join("?" for _ in states)
    rows = await db.fetch_all(
        f"""
        SELECT d.id AS delivery_id, d.*, {NOTIFICATION_COLUMNS}
        FROM notification n JOIN notification_delivery d ON d.notification_id = n.id
        WHERE n.enqueued_at_us >= ? AND d.state IN ({marks}) ORDER BY d.id DESC LIMIT ?
        """,  # noqa: S608 - constants and question marks are put in
        (to_us(since), *(state.value for state in states), limit),
    )
    return [
        DeliveryRecord(
            id=row["delivery_id"],
            notification_id=row["notification_id"],
            notification=notification_of(row),
            channel_id=row["channel_id"],
            state=DeliveryState(row["state"]),
            reason=row["reason"],
            facts=json.loads(row["facts"]),
            attempts=row["attempts"],
            next_attempt_at=from_us(row["next_attempt_at_us"]),
            ended_at=_instant(row["ended_at_us"]),
            group_size=row["group_size"],
        )
        for row in rows
    ]


async def channel_figures(db: Database) -> dict[str, ChannelFigures]:
    """How every channel has been doing that ever got something."""
    rows = await db.fetch_all(
        """
        SELECT c.channel_id, s.sent, s.failed, s.failures_in_row, s.last_sent_at_us, s.last_error_at_us,
               s.last_error, coalesce(s.last_error_facts, '{}') AS last_error_facts,
               (SELECT count(*) FROM notification_delivery d
                WHERE d.channel_id = c.channel_id AND d.state = 'pending') AS pending
        FROM (SELECT channel_id FROM channel_state
              UNION SELECT channel_id FROM notification_delivery WHERE state = 'pending') AS c
        LEFT JOIN channel_state s ON s.channel_id = c.channel_id
        """
    )
    return {
        row["channel_id"]: ChannelFigures(
            channel_id=row["channel_id"],
            sent=row["sent"] or 0,
            failed=row["failed"] or 0,
            failures_in_row=row["failures_in_row"] or 0,
            pending=row["pending"],
            last_sent_at=_instant(row["last_sent_at_us"]),
            last_error_at=_instant(row["last_error_at_us"]),
            last_error=row["last_error"],
            last_error_facts=json.loads(row["last_error_facts"]),
        )
        for row in rows
    }


def expire(tx: sqlite3.Connection, *, before_us: int, limit: int) -> int:
    """Delete old notifications of which no delivery is open; returns how many."""
    return tx.execute(
        """
        DELETE FROM notification WHERE id IN (
            SELECT n.id FROM notification n WHERE n.enqueued_at_us < ? AND n.is_routed = 1 AND NOT EXISTS (
                SELECT 1 FROM notification_delivery d
                WHERE d.notification_id = n.id AND d.state IN ('pending', 'sending'))
            LIMIT ?)
        """,
        (before_us, limit),
    ).rowcount


def _instant(us: int | None) -> datetime | None:
    return None if us is None else from_us(us)

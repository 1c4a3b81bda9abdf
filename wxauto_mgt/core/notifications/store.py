"""SQL of the outbox: writing notifications, routing, claims and their ends. The history has its own store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from wxauto_mgt.core.notifications.model import (
    Notification,
    NotificationKind,
    NotificationLevel,
)
from wxauto_mgt.errors import Fact
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import from_us, to_us

NOTIFICATION_COLUMNS = "n.key, n.kind, n.level, n.title, n.message, n.labels, n.params, n.at_us"
_BY_TEST = "test"
_GROUPED_KINDS = "('firing', 'resolved')"


@dataclass(frozen=True)
class Unrouted:
    """A notification that was given to no channel yet."""

    id: int
    notification: Notification
    routes: tuple[str, ...] | None


@dataclass(frozen=True)
class Due:
    """A delivery whose time has come."""

    id: int
    notification: Notification
    attempts: int


def insert(
    tx: sqlite3.Connection, notification: Notification, *, routes: Sequence[str] | None, now_us: int
) -> int:
    """Write a notification; returns its id."""
    cursor = tx.execute(
        """
        INSERT INTO notification
            (key, kind, level, title, message, labels, params, at_us, enqueued_at_us, routes)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            notification.key,
            notification.kind.value,
            notification.level.rank,
            notification.title,
            notification.message,
            _json(notification.labels),
            _json(notification.params),
            to_us(notification.at),
            now_us,
            None if routes is None else json.dumps(list(routes)),
        ),
    )
    return int(cursor.lastrowid or 0)


async def has_key(db: Database, key: str) -> bool:
    """Whether anything was told under a key, as far as is remembered."""
    return await db.fetch_one("SELECT 1 FROM notification WHERE key = ? LIMIT 1", (key,)) is not None


async def unrouted(db: Database, *, limit: int) -> list[Unrouted]:
    """The oldest notifications that no channel got yet."""
    rows = await db.fetch_all(
        f"""
        SELECT n.id, n.routes, {NOTIFICATION_COLUMNS} FROM notification n WHERE n.is_routed = 0
        ORDER BY n.id LIMIT ?
        """,  # noqa: S608 - a constant is put in
        (limit,),
    )
    return [
        Unrouted(
            row["id"],
            notification_of(row),
            None if row["routes"] is None else tuple(json.loads(row["routes"])),
        )
        for row in rows
    ]


def route(tx: sqlite3.Connection, routed: Iterable[tuple[int, Sequence[str]]], *, now_us: int) -> None:
    """Give notifications to channels, once each."""
    for notification_id, channel_ids in routed:
        tx.executemany(
            """
            INSERT INTO notification_delivery (notification_id, channel_id, state, next_attempt_at_us)
            VALUES (?, ?, 'pending', ?) ON CONFLICT DO NOTHING
            """,
            [(notification_id, channel_id, now_us) for channel_id in channel_ids],
        )
        tx.execute("UPDATE notification SET is_routed = 1 WHERE id = ?", (notification_id,))


async def waiting_channels(db: Database) -> dict[str, int]:
    """Channels that something waits for, each with the time of the first."""
    rows = await db.fetch_all(
        """
        SELECT channel_id, min(next_attempt_at_us) AS first_us FROM notification_delivery
        WHERE state = 'pending' GROUP BY channel_id
        """
    )
    return {row["channel_id"]: row["first_us"] for row in rows}


def bring_near(tx: sqlite3.Connection, *, later_than_us: int, now_us: int) -> int:
    """Let what would wait for longer than anything ever does go now: the clock was set back."""
    return tx.execute(
        """
        UPDATE notification_delivery SET next_attempt_at_us = ?
        WHERE state = 'pending' AND next_attempt_at_us > ?
        """,
        (now_us, later_than_us),
    ).rowcount


async def count_groupable(db: Database, channel_id: str, *, min_rank: int, now_us: int) -> int:
    """How many of a channel's due deliveries may share a notice."""
    row = await db.fetch_one(
        f"""
        SELECT count(*) AS n FROM notification_delivery d JOIN notification n ON n.id = d.notification_id
        WHERE d.channel_id = ? AND d.state = 'pending' AND d.next_attempt_at_us <= ? AND n.level >= ?
          AND n.kind IN {_GROUPED_KINDS}
        """,  # noqa: S608 - a constant is put in
        (channel_id, now_us, min_rank),
    )
    return 0 if row is None else int(row["n"])


async def due(
    db: Database, channel_id: str, *, min_rank: int, now_us: int, limit: int, only_groupable: bool = False
) -> list[Due]:
    """What is due at a channel, oldest first."""
    kinds = f"AND n.kind IN {_GROUPED_KINDS}" if only_groupable else ""
    rows = await db.fetch_all(
        f"""
        SELECT d.id, d.attempts, {NOTIFICATION_COLUMNS}
        FROM notification_delivery d JOIN notification n ON n.id = d.notification_id
        WHERE d.channel_id = ? AND d.state = 'pending' AND d.next_attempt_at_us <= ? AND n.level >= ? {kinds}
        ORDER BY d.id LIMIT ?
        """,  # noqa: S608 - constants are put in
        (channel_id, now_us, min_rank, limit),
    )
    return [Due(row["id"], notification_of(row), row["attempts"]) for row in rows]


def claim(tx: sqlite3.Connection, delivery_ids: Sequence[int], *, run_id: str) -> list[int]:
    """Take pending deliveries for one notice; returns those that nobody else took meanwhile."""
    taken = []
    for delivery_id in delivery_ids:
        row = tx.execute(
            """
            UPDATE notification_delivery SET state = 'sending', claimed_by = ?, attempts = attempts + 1
            WHERE id = ? AND state = 'pending' RETURNING id
            """,
            (run_id, delivery_id),
        ).fetchone()
        if row is not None:
            taken.append(int(row["id"]))
    return taken


def sent(tx: sqlite3.Connection, delivery_ids: Sequence[int], channel_id: str, *, now_us: int) -> int:
    """The channel took the notice; returns how many deliveries that ended."""
    count = 0
    for delivery_id in delivery_ids:
        count += tx.execute(
            """
            UPDATE notification_delivery SET state = 'sent', reason = NULL, facts = '{}', claimed_by = NULL,
                   ended_at_us = ?, group_size = ?
            WHERE id = ? AND state = 'sending'
            """,
            (now_us, len(delivery_ids), delivery_id),
        ).rowcount
    tx.execute(
        """
        INSERT INTO channel_state (channel_id, sent, last_sent_at_us) VALUES (?1, ?2, ?3)
        ON CONFLICT (channel_id) DO UPDATE SET sent = sent + ?2, failures_in_row = 0, last_sent_at_us = ?3
        """,
        (channel_id, count, now_us),
    )
    return count


@dataclass(frozen=True)
class Failure:
    """Why a notice did not arrive, and what is done about it.

    Attributes:
        retry_at_us: when those with attempts left are tried again; None when trying again changes nothing.
        most_attempts: after which a delivery counts as failed.
    """

    reason: str
    facts: Mapping[str, Fact]
    retry_at_us: int | None
    most_attempts: int


def not_sent(
    tx: sqlite3.Connection, delivery_ids: Sequence[int], channel_id: str, failure: Failure, *, now_us: int
) -> int:
    """The notice did not arrive; returns how many deliveries failed for good."""
    failed = 0
    for delivery_id in delivery_ids:
        row = tx.execute(
            """
            UPDATE notification_delivery
            SET state = CASE WHEN ?2 IS NULL OR attempts >= ?3 THEN 'failed' ELSE 'pending' END,
                next_attempt_at_us = coalesce(?2, next_attempt_at_us),
                ended_at_us = CASE WHEN ?2 IS NULL OR attempts >= ?3 THEN ?4 END,
                reason = ?5, facts = ?6, claimed_by = NULL
            WHERE id = ?1 AND state = 'sending' RETURNING state
            """,
            (
                delivery_id,
                failure.retry_at_us,
                failure.most_attempts,
                now_us,
                failure.reason,
                _json(failure.facts),
            ),
        ).fetchone()
        failed += row is not None and row["state"] == "failed"
    tx.execute(
        """
        INSERT INTO channel_state
            (channel_id, failed, failures_in_row, last_error_at_us, last_error, last_error_facts)
        VALUES (?1, ?2, 1, ?3, ?4, ?5)
        ON CONFLICT (channel_id) DO UPDATE SET failed = failed + ?2, failures_in_row = failures_in_row + 1,
               last_error_at_us = ?3, last_error = ?4, last_error_facts = ?5
        """,
        (channel_id, failed, now_us, failure.reason, _json(failure.facts)),
    )
    return failed


async def has_claims(db: Database) -> bool:
    """Whether any delivery is claimed."""
    row = await db.fetch_one(
        "SELECT 1 FROM notification_delivery INDEXED BY notification_delivery_claimed WHERE state = 'sending'"
        " LIMIT 1"
    )
    return row is not None


def recover(tx: sqlite3.Connection, *, but: Set[int] = frozenset()) -> int:
    """Take back claims that nobody works on. The attempt does not count: nobody knows how it went."""
    lost = [
        (row["id"],)
        for row in tx.execute(
            "SELECT id FROM notification_delivery WHERE state = 'sending' AND claimed_by <> ?", (_BY_TEST,)
        ).fetchall()
        if row["id"] not in but
    ]
    tx.executemany(
        """
        UPDATE notification_delivery SET state = 'pending', claimed_by = NULL, attempts = max(attempts - 1, 0)
        WHERE id = ?
        """,
        lost,
    )
    return len(lost)


def fail_pending(
    tx: sqlite3.Connection, channel_id: str, *, reason: str, facts: Mapping[str, Fact], now_us: int
) -> int:
    """End what waits for a channel that is gone; it can be sent again once the channel is back."""
    return tx.execute(
        """
        UPDATE notification_delivery SET state = 'failed', reason = ?, facts = ?, ended_at_us = ?
        WHERE channel_id = ? AND state = 'pending'
        """,
        (reason, _json(facts), now_us, channel_id),
    ).rowcount


def resend(tx: sqlite3.Connection, delivery_id: int, *, now_us: int) -> str | None:
    """Queue a failed delivery with all its attempts; returns its channel, None when it did not fail."""
    row = tx.execute(
        """
        UPDATE notification_delivery SET state = 'pending', attempts = 0, next_attempt_at_us = ?,
               ended_at_us = NULL
        WHERE id = ? AND state = 'failed' RETURNING channel_id
        """,
        (now_us, delivery_id),
    ).fetchone()
    return None if row is None else str(row["channel_id"])


def begin_test(tx: sqlite3.Connection, notification: Notification, channel_id: str, *, now_us: int) -> int:
    """Write a test notice down as being sent, so that no lane takes it; returns its delivery's id."""
    notification_id = insert(tx, notification, routes=(channel_id,), now_us=now_us)
    route(tx, [(notification_id, (channel_id,))], now_us=now_us)
    row = tx.execute(
        "SELECT id FROM notification_delivery WHERE notification_id = ? AND channel_id = ?",
        (notification_id, channel_id),
    ).fetchone()
    claim(tx, [row["id"]], run_id=_BY_TEST)
    return int(row["id"])


def abandon_tests(tx: sqlite3.Connection, *, now_us: int) -> int:
    """Tests that an earlier run began: nobody waits for their answer any more."""
    return tx.execute(
        """
        UPDATE notification_delivery
        SET state = 'failed', reason = 'channel_test_interrupted', ended_at_us = ?
        WHERE state = 'sending' AND claimed_by = ?
        """,
        (now_us, _BY_TEST),
    ).rowcount


def notification_of(row: sqlite3.Row) -> Notification:
    """The notification in a row that has `NOTIFICATION_COLUMNS`."""
    return Notification(
        key=row["key"],
        kind=NotificationKind(row["kind"]),
        level=NotificationLevel.of_rank(row["level"]),
        title=row["title"],
        message=row["message"],
        at=from_us(row["at_us"]),
        labels=json.loads(row["labels"]),
        params=json.loads(row["params"]),
    )


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(dict(value), ensure_ascii=False)

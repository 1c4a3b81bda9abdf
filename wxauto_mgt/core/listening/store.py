"""SQL of the listeners' state. Called by the keepers; intake has its own store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from wxauto_mgt.core.listening.listener_entry import is_title_of
from wxauto_mgt.core.listening.model import ListenerKind
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import from_us, to_us


@dataclass(frozen=True)
class ListenerRecord:
    """One listener as it is stored."""

    instance_id: str
    who: str
    kind: ListenerKind
    title: str | None
    added_at: datetime
    last_message_at: datetime | None
    last_check_at: datetime | None
    message_count: int
    error_count: int


async def load_listeners(db: Database, instance_id: str) -> tuple[ListenerRecord, ...]:
    """All stored listeners of an instance.

    Raises:
        StorageError: the database cannot be read.
    """
    rows = await db.fetch_all(
        """
        SELECT instance_id, who, kind, title, added_at_us, last_message_at_us, last_check_at_us,
               message_count, error_count
        FROM listener_state WHERE instance_id = ? ORDER BY added_at_us, who
        """,
        (instance_id,),
    )
    return tuple(
        ListenerRecord(
            instance_id=row["instance_id"],
            who=row["who"],
            kind=ListenerKind(row["kind"]),
            title=row["title"],
            added_at=from_us(row["added_at_us"]),
            last_message_at=_instant(row["last_message_at_us"]),
            last_check_at=_instant(row["last_check_at_us"]),
            message_count=row["message_count"],
            error_count=row["error_count"],
        )
        for row in rows
    )


def save_listeners(
    tx: sqlite3.Connection, changed: Iterable[ListenerRecord], removed: Iterable[tuple[str, str]]
) -> None:
    """Write changed listeners and delete removed ones (instance, who)."""
    tx.executemany("DELETE FROM listener_state WHERE instance_id = ? AND who = ?", list(removed))
    tx.executemany(
        """
        INSERT INTO listener_state (instance_id, who, kind, title, added_at_us, last_message_at_us,
                                    last_check_at_us, message_count, error_count)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (instance_id, who) DO UPDATE SET
            kind = excluded.kind, title = excluded.title, last_message_at_us = excluded.last_message_at_us,
            last_check_at_us = excluded.last_check_at_us, message_count = excluded.message_count,
            error_count = excluded.error_count
        """,
        [
            (
                record.instance_id,
                record.who,
                record.kind.value,
                record.title,
                to_us(record.added_at),
                _microseconds(record.last_message_at),
                _microseconds(record.last_check_at),
                record.message_count,
                record.error_count,
            )
            for record in changed
        ],
    )


@dataclass(frozen=True)
class ListenedChat:
    """The listener that a name of the main window belongs to."""

    who: str
    title: str | None
    added_at_us: int


def listener_of_chat(tx: sqlite3.Connection, instance_id: str, name: str) -> ListenedChat | None:
    """Find the listener of a chat by the name it was asked for, else by its window's learned title."""
    rows = tx.execute(
        """
        SELECT who, title, added_at_us FROM listener_state
        WHERE instance_id = ?1 AND (who = ?2 OR title IS NOT NULL) ORDER BY who = ?2 DESC, added_at_us
        """,
        (instance_id, name),
    ).fetchall()
    for row in rows:
        if row["who"] == name or is_title_of(name, row["title"]):
            return ListenedChat(row["who"], row["title"], row["added_at_us"])
    return None


def _instant(us: int | None) -> datetime | None:
    return None if us is None else from_us(us)


def _microseconds(instant: datetime | None) -> int | None:
    return None if instant is None else to_us(instant)

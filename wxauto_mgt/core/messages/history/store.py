"""SQL of reading messages back: pages by key, details, exports, counters, deletion of old rows.

Nothing here changes what happens to a message.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from wxauto_mgt.core.messages.model import (
    Message,
    MessageState,
    Reply,
    ReplyState,
    Step,
    TimelineEntry,
    Verdict,
)
from wxauto_mgt.core.wire import Channel, ChatKind, Origin
from wxauto_mgt.errors import Fact
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import from_us, to_us

Params = tuple[str | int, ...]

_MESSAGE_COLUMNS = """
    m.id, m.instance_id, c.name AS chat, c.kind AS chat_kind, m.channel, m.origin, m.sender, m.sender_remark,
    m.kind, m.content,
    m.received_at_us, m.verdict, m.paired, m.state, m.reason, m.attempts, m.rule_id, m.platform_id,
    m.is_discarded
"""


@dataclass(frozen=True)
class MessageFilter:
    """What a page shows. None or empty means everything.

    Attributes:
        text: part of the content, the sender or the chat's name.
        only_people: leave out own rows and notices.
        open_dead_letters: dead messages that nobody has decided about.
    """

    instance_id: str | None = None
    chat: str | None = None
    states: tuple[MessageState, ...] = ()
    text: str = ""
    since: datetime | None = None
    only_people: bool = False
    open_dead_letters: bool = False


async def page(
    db: Database, shown: MessageFilter, *, before_id: int | None, limit: int
) -> list[tuple[Message, Reply | None]]:
    """Messages, newest first, each with its newest reply."""
    where, params = _where(shown)
    if before_id is not None:
        where, params = f"{where} AND m.id < ?", (*params, before_id)
    rows = await db.fetch_all(
        f"""
        SELECT {_MESSAGE_COLUMNS} FROM message m JOIN chat c ON c.id = m.chat_id
        WHERE {where} ORDER BY m.id DESC LIMIT ?
        """,  # noqa: S608 - made of constants and question marks
        (*params, limit),
    )
    newest = await _newest_replies(db, [row["id"] for row in rows])
    return [(_message(row), newest.get(row["id"])) for row in rows]


def _where(shown: MessageFilter) -> tuple[str, Params]:
    parts: list[str] = ["1"]
    params: list[str | int] = []
    if shown.instance_id:
        parts.append("m.instance_id = ?")
        params.append(shown.instance_id)
    if shown.chat:
        parts.append("m.chat_id IN (SELECT id FROM chat WHERE name = ?)")
        params.append(shown.chat)
    if shown.states:
        parts.append(f"m.state IN ({', '.join('?' * len(shown.states))})")
        params += [state.value for state in shown.states]
    if shown.open_dead_letters:
        parts.append("m.state = 'dead' AND m.is_discarded = 0")
    if shown.only_people:
        parts.append("m.origin = 'other'")
    if shown.since is not None:
        parts.append("m.received_at_us >= ?")
        params.append(to_us(shown.since))
    if shown.text:
        parts.append(
            "(m.content LIKE ? ESCAPE '\\' OR m.sender LIKE ? ESCAPE '\\' OR c.name LIKE ? ESCAPE '\\')"
        )
        params += [f"%{_escaped(shown.text)}%"] * 3
    return " AND ".join(parts), tuple(params)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def _newest_replies(db: Database, message_ids: list[int]) -> dict[int, Reply]:
    if not message_ids:
        return {}
    marks = ", ".join("?" * len(message_ids))
    rows = await db.fetch_all(
        f"SELECT * FROM reply WHERE message_id IN ({marks}) ORDER BY id",  # noqa: S608 - only question marks
        message_ids,
    )
    return {row["message_id"]: _reply(row) for row in rows}


async def message_of(db: Database, message_id: int) -> Message | None:
    """One message."""
    row = await db.fetch_one(
        f"SELECT {_MESSAGE_COLUMNS} FROM message m JOIN chat c ON c.id = m.chat_id WHERE m.id = ?",  # noqa: S608
        (message_id,),
    )
    return None if row is None else _message(row)


async def replies_of(db: Database, message_id: int) -> tuple[Reply, ...]:
    """The replies to a message, in the order of sending."""
    rows = await db.fetch_all("SELECT * FROM reply WHERE message_id = ? ORDER BY id", (message_id,))
    return tuple(_reply(row) for row in rows)


async def timeline_of(db: Database, message_id: int) -> tuple[TimelineEntry, ...]:
    """What happened to a message, oldest first."""
    rows = await db.fetch_all(
        "SELECT at_us, step, params FROM timeline WHERE message_id = ? ORDER BY id", (message_id,)
    )
    return tuple(
        TimelineEntry(from_us(row["at_us"]), Step(row["step"]), _params(row["params"])) for row in rows
    )


async def counters_of_run(db: Database, run_id: str) -> Mapping[str, int]:
    """The figures of one run."""
    rows = await db.fetch_all("SELECT name, value FROM counter WHERE scope = ?", (f"run:{run_id}",))
    return {row["name"]: row["value"] for row in rows}


async def counters_now(db: Database) -> Mapping[str, int]:
    """How many rows of each state there are."""
    rows = await db.fetch_all(
        "SELECT name, sum(iif(scope = 'gone', -value, value)) AS value FROM counter GROUP BY name"
    )
    return {row["name"]: row["value"] for row in rows}


async def count_open_dead_letters(db: Database) -> int:
    """Dead letters that nobody has decided about; read from an index that holds nothing else."""
    row = await db.fetch_one(
        "SELECT count(*) AS count FROM message WHERE state = 'dead' AND is_discarded = 0"
    )
    return 0 if row is None else int(row["count"])


def export_rows(connection: sqlite3.Connection) -> Iterator[sqlite3.Row]:
    """All rows of the export, oldest first, one per message; several replies are joined by line breaks."""
    return connection.execute(
        """
        SELECT m.id, m.instance_id, c.name AS chat, m.sender, m.kind AS type, m.content, m.received_at_us,
               m.state, m.platform_id AS platform,
               (SELECT group_concat(text, char(10))
                FROM (SELECT text FROM reply WHERE message_id = m.id ORDER BY id)) AS reply,
               (SELECT state FROM reply WHERE message_id = m.id ORDER BY id DESC LIMIT 1) AS reply_state
        FROM message m JOIN chat c ON c.id = m.chat_id ORDER BY m.id
        """
    )


def delete_ended_before(tx: sqlite3.Connection, before_us: int, *, limit: int) -> int:
    """Delete the oldest ended messages with all that belongs to them; returns how many there were.

    Counters stay, save those of what is there now.
    """
    ids = [
        (row["id"],)
        for row in tx.execute(
            """
            SELECT id FROM message
            WHERE state IN ('done', 'filtered', 'unmatched', 'dead') AND received_at_us < ? AND echo_open = 0
              AND NOT EXISTS (SELECT 1 FROM reply r WHERE r.message_id = message.id
                              AND r.state IN ('pending', 'sending'))
            ORDER BY received_at_us LIMIT ?
            """,
            (before_us, limit),
        )
    ]
    # An echo that is deleted stays proof: only the link goes.
    tx.executemany("UPDATE reply SET echo_message_id = NULL WHERE echo_message_id = ?", ids)
    for table in ("timeline", "platform_attempt", "reply"):
        tx.executemany(f"DELETE FROM {table} WHERE message_id = ?", ids)  # noqa: S608 - a constant
    tx.executemany("DELETE FROM message WHERE id = ?", ids)
    return len(ids)


def delete_unreadable_before(tx: sqlite3.Connection, before_us: int) -> None:
    """Delete old replies that could not be read."""
    tx.execute("DELETE FROM unreadable_reply WHERE received_at_us < ?", (before_us,))


def _message(row: sqlite3.Row) -> Message:
    return Message(
        id=row["id"],
        instance_id=row["instance_id"],
        chat=row["chat"],
        chat_kind=ChatKind(row["chat_kind"]),
        channel=Channel(row["channel"]),
        origin=Origin(row["origin"]),
        sender=row["sender"],
        sender_remark=row["sender_remark"],
        kind=row["kind"],
        content=row["content"],
        received_at=from_us(row["received_at_us"]),
        verdict=Verdict(row["verdict"]),
        is_paired=bool(row["paired"]),
        state=MessageState(row["state"]),
        reason=row["reason"],
        attempts=row["attempts"],
        rule_id=row["rule_id"],
        platform_id=row["platform_id"],
        is_discarded=bool(row["is_discarded"]),
    )


def _reply(row: sqlite3.Row) -> Reply:
    return Reply(
        id=row["id"],
        message_id=row["message_id"],
        text=row["text"],
        at_name=row["at_name"],
        state=ReplyState(row["state"]),
        reason=row["reason"],
        created_at=from_us(row["created_at_us"]),
        due_at=from_us(row["due_at_us"]),
        attempts=row["attempts"],
        route=None if row["route"] is None else Channel(row["route"]),
        sent_at=_instant(row["sending_at_us"]),
        settled_at=_instant(row["settled_at_us"]),
        settled_by=row["settled_by"],
    )


def _instant(us: int | None) -> datetime | None:
    return None if us is None else from_us(us)


def _params(document: str) -> dict[str, Fact]:
    found: dict[str, Fact] = json.loads(document)
    return found

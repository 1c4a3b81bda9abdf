"""SQL of messages as they are written: rows, pairing, states, timeline. Intake, delivery, browser call it.

Reading for displays stands in `history/store.py`, replies in `core/delivery/store.py`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from wxauto_mgt.core.messages.identity import TAIL_ROWS, TailRow, in_chat_order, row_key
from wxauto_mgt.core.messages.model import MessageState, Step, Verdict
from wxauto_mgt.core.wire import Channel, ChatKind, Origin, WireRow
from wxauto_mgt.errors import Fact

ROWS_PER_STATEMENT: Final = 100
"""Rows that one statement stores. Each statement hands the interpreter to the event loop and waits to get it
back, which costs more than storing a row."""

_MESSAGE_COLUMNS: Final = (
    "(chat_id, instance_id, run_id, channel, origin, sender, sender_remark, kind, content, upstream_id, raw,"
    " received_at_us, verdict, before_id, state, reason, echo_open)"
)


@dataclass(frozen=True)
class ChatRecord:
    """One chat as stored."""

    id: int
    name: str
    kind: ChatKind


@dataclass(frozen=True)
class NewMessage:
    """A row to be stored."""

    chat_id: int
    instance_id: str
    run_id: str
    channel: Channel
    row: WireRow
    received_at_us: int
    verdict: Verdict
    state: MessageState
    reason: str | None
    before_id: int | None
    awaits_echo_match: bool


def chat_named(tx: sqlite3.Connection, instance_id: str, name: str) -> ChatRecord:
    """Find a chat, or make it."""
    row = tx.execute(
        "SELECT id, name, kind FROM chat WHERE instance_id = ? AND name = ?", (instance_id, name)
    ).fetchone()
    if row is None:
        cursor = tx.execute("INSERT INTO chat (instance_id, name) VALUES (?, ?)", (instance_id, name))
        return ChatRecord(int(cursor.lastrowid or 0), name, ChatKind.UNKNOWN)
    return ChatRecord(row["id"], row["name"], ChatKind(row["kind"]))


def set_chat_kind(tx: sqlite3.Connection, chat_id: int, kind: ChatKind) -> None:
    """Note what was learned about a chat."""
    tx.execute("UPDATE chat SET kind = ? WHERE id = ?", (kind.value, chat_id))


def tail_of(tx: sqlite3.Connection, chat_id: int) -> list[TailRow]:
    """Last rows of a chat in its order, with the replies whose own rows were not read yet."""
    rows = tx.execute(
        """
        SELECT m.id, m.origin, m.sender, m.kind, m.content, m.channel, m.upstream_id, m.received_at_us,
               m.paired, m.before_id,
               m.verdict = 'suspect' AND m.state IN ('held', 'filtered') AS is_suspect,
               r.id IS NOT NULL AS is_settled_reply, r.after_message_id AS sent_after_id
        FROM message m LEFT JOIN reply r ON r.echo_message_id = m.id
        WHERE m.chat_id = ? AND m.origin IN ('other', 'own') AND m.verdict <> 'replay'
        ORDER BY m.id DESC LIMIT ?
        """,
        (chat_id, TAIL_ROWS),
    ).fetchall()
    tail = in_chat_order([_tail_row(row) for row in reversed(rows)])
    first_id = rows[-1]["id"] if rows else 0
    return _with_replies_on_their_way(tx, chat_id, first_id, tail)


def _tail_row(row: sqlite3.Row) -> TailRow:
    return TailRow(
        id=row["id"],
        key=row_key(
            origin=Origin(row["origin"]), sender=row["sender"], kind=row["kind"], content=row["content"]
        ),
        channel=Channel(row["channel"]),
        upstream_id=row["upstream_id"],
        received_at_us=row["received_at_us"],
        is_paired=bool(row["paired"]),
        is_suspect=bool(row["is_suspect"]),
        is_settled_reply=bool(row["is_settled_reply"]),
        before_id=row["before_id"],
        sent_after_id=row["sent_after_id"],
    )


def _with_replies_on_their_way(
    tx: sqlite3.Connection, chat_id: int, first_id: int, tail: list[TailRow]
) -> list[TailRow]:
    # A text with a mention is left out: how WeChat shows it is not known well enough to compare.
    replies = tx.execute(
        """
        SELECT text, after_message_id, accepted_at_us FROM reply
        WHERE chat_id = ? AND state IN ('sending', 'unconfirmed', 'unknown') AND after_message_id >= ?
          AND at_name IS NULL
        ORDER BY id
        """,
        (chat_id, first_id),
    ).fetchall()
    for reply in replies:
        after = reply["after_message_id"]
        place = max((n + 1 for n, row in enumerate(tail) if row.id is None or row.id <= after), default=0)
        key = row_key(origin=Origin.OWN, sender="", kind="text", content=reply["text"])
        is_sure = reply["accepted_at_us"] is not None
        tail.insert(place, TailRow(None, key, Channel.MAIN, "", 0, is_suspect=not is_sure))
    return tail


def insert_messages(tx: sqlite3.Connection, messages: Sequence[NewMessage]) -> list[int]:
    """Store rows; returns their ids in the same order."""
    ids: list[int] = []
    for first in range(0, len(messages), ROWS_PER_STATEMENT):
        portion = messages[first : first + ROWS_PER_STATEMENT]
        values = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(portion))
        cursor = tx.execute(
            f"INSERT INTO message {_MESSAGE_COLUMNS} VALUES {values}",  # noqa: S608 - question marks only
            [value for message in portion for value in _columns(message)],
        )
        # AUTOINCREMENT, and nobody else writes meanwhile: the ids of one statement follow each other.
        last_id = cursor.lastrowid or 0
        ids += range(last_id - len(portion) + 1, last_id + 1)
    return ids


def _columns(message: NewMessage) -> tuple[str | int | None, ...]:
    row = message.row
    return (
        message.chat_id,
        message.instance_id,
        message.run_id,
        message.channel.value,
        row.origin.value,
        row.sender,
        row.sender_remark,
        row.kind,
        row.content,
        row.upstream_id,
        row.raw,
        message.received_at_us,
        message.verdict.value,
        message.before_id,
        message.state.value,
        message.reason,
        int(message.awaits_echo_match),
    )


def mark_paired(tx: sqlite3.Connection, message_id: int) -> None:
    """Note that the other channel reported the row too."""
    tx.execute("UPDATE message SET paired = 1 WHERE id = ?", (message_id,))


def give_way(tx: sqlite3.Connection, message_id: int, reason: str) -> None:
    """Count a suspect as a replay: another row took its place."""
    tx.execute("UPDATE message SET verdict = 'replay' WHERE id = ?", (message_id,))
    tx.execute(
        "UPDATE message SET state = 'filtered', reason = ? WHERE id = ? AND state = 'held'",
        (reason, message_id),
    )


def change_state(
    tx: sqlite3.Connection,
    message_id: int,
    *,
    allowed: Sequence[MessageState],
    to: MessageState,
    reason: str | None = None,
) -> bool:
    """Move a message if it stands in one of the allowed states; tells whether it did."""
    marks = ", ".join("?" * len(allowed))
    cursor = tx.execute(
        f"UPDATE message SET state = ?, reason = ?, claimed_by = NULL WHERE id = ? AND state IN ({marks})",  # noqa: S608
        (to.value, reason, message_id, *(state.value for state in allowed)),
    )
    return cursor.rowcount > 0


def requeue(tx: sqlite3.Connection, message_id: int) -> None:
    """Give a message a whole new retry budget."""
    tx.execute(
        """
        UPDATE message SET attempts = 0, first_attempt_at_us = NULL, next_attempt_at_us = NULL,
               is_discarded = 0
        WHERE id = ?
        """,
        (message_id,),
    )


def mark_real(tx: sqlite3.Connection, message_id: int) -> None:
    """A person says that a suspect is a row of its own."""
    tx.execute("UPDATE message SET verdict = 'new' WHERE id = ?", (message_id,))


def discard(tx: sqlite3.Connection, message_id: int) -> MessageState | None:
    """Take a dead letter or a held message off the list of decisions.

    Returns:
        Its state; None if it is neither.
    """
    row = tx.execute(
        """
        UPDATE message SET is_discarded = 1, state = iif(state = 'held', 'filtered', state),
               reason = iif(state = 'held', 'discarded', reason)
        WHERE id = ? AND state IN ('dead', 'held') AND is_discarded = 0 RETURNING state
        """,
        (message_id,),
    ).fetchone()
    return None if row is None else MessageState(row["state"])


def insert_unreadable(
    tx: sqlite3.Connection,
    *,
    instance_id: str,
    channel: Channel,
    run_id: str,
    received_at_us: int,
    reason: str,
    body: bytes,
) -> None:
    """Keep the bytes of a reply that could not be read."""
    tx.execute(
        """
        INSERT INTO unreadable_reply (instance_id, channel, run_id, received_at_us, reason, body)
        VALUES (?, ?, ?, ?, ?, ?)
        """,
        (instance_id, channel.value, run_id, received_at_us, reason, body),
    )


def note(tx: sqlite3.Connection, message_id: int, at_us: int, step: Step, **params: Fact) -> None:
    """Add a line to a message's timeline."""
    note_all(tx, at_us, [(message_id, step, params)])


def note_all(
    tx: sqlite3.Connection, at_us: int, lines: Sequence[tuple[int, Step, Mapping[str, Fact]]]
) -> None:
    """Add lines to the timelines of messages, those of one message in this order."""
    for first in range(0, len(lines), ROWS_PER_STATEMENT):
        portion = lines[first : first + ROWS_PER_STATEMENT]
        values = ", ".join(["(?, ?, ?, ?)"] * len(portion))
        tx.execute(
            f"INSERT INTO timeline (message_id, at_us, step, params) VALUES {values}",  # noqa: S608 - as above
            [
                value
                for message_id, step, params in portion
                for value in (message_id, at_us, step.value, json.dumps(params, ensure_ascii=False))
            ],
        )

"""SQL of replies: writing them, moving them on, and closing their message. Delivery and the browser call it.

The triggers of the tables refuse any change that a reply's life cycle does not know.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from wxauto_mgt.core.messages.model import (
    MessageState,
    MessageStateChanged,
    ReplyState,
    ReplyStateChanged,
    Step,
)
from wxauto_mgt.core.messages.replies.echo_text import echo_text, is_echo
from wxauto_mgt.core.messages.store import change_state, note
from wxauto_mgt.core.wire import Channel
from wxauto_mgt.errors import Fact
from wxauto_mgt.storage.database import Database

REPLY_FAILED = "reply_failed"
EARLIER_PART_FAILED = "earlier_part_failed"

Change = MessageStateChanged | ReplyStateChanged


@dataclass(frozen=True)
class NewReply:
    """A text to be sent."""

    message_id: int
    chat_id: int
    instance_id: str
    text: str
    at_name: str | None
    due_at_us: int


def insert_reply(tx: sqlite3.Connection, reply: NewReply, now_us: int) -> ReplyStateChanged:
    """Write the intent to send."""
    cursor = tx.execute(
        """
        INSERT INTO reply (message_id, chat_id, instance_id, text, echo_text, at_name,
                           created_at_us, due_at_us)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            reply.message_id,
            reply.chat_id,
            reply.instance_id,
            reply.text,
            echo_text(reply.text),
            reply.at_name,
            now_us,
            reply.due_at_us,
        ),
    )
    return ReplyStateChanged(int(cursor.lastrowid or 0), reply.message_id, ReplyState.PENDING)


def begin_send(
    tx: sqlite3.Connection, reply_id: int, *, route: Channel, now_us: int
) -> ReplyStateChanged | None:
    """Commit to sending before the first byte; None when the reply is not pending any more.

    Own rows that are stored already cannot be its echo: their ids are remembered as a bound.
    """
    row = tx.execute(
        """
        UPDATE reply SET state = 'sending', reason = NULL, route = ?, sending_at_us = ?,
               attempts = attempts + 1, first_attempt_at_us = coalesce(first_attempt_at_us, ?),
               after_message_id = (SELECT coalesce(max(id), 0) FROM message)
        WHERE id = ? AND state = 'pending' RETURNING message_id, attempts
        """,
        (route.value, now_us, now_us, reply_id),
    ).fetchone()
    if row is None:
        return None
    note(tx, row["message_id"], now_us, Step.SENDING, route=route.value, attempt=row["attempts"])
    return ReplyStateChanged(reply_id, row["message_id"], ReplyState.SENDING)


def send_accepted(tx: sqlite3.Connection, reply_id: int, *, awaits_echo: bool, now_us: int) -> list[Change]:
    """The server took the text. Its echo may have been stored before this."""
    row = _reply(tx, reply_id)
    tx.execute("UPDATE reply SET accepted_at_us = ? WHERE id = ?", (now_us, reply_id))
    note(tx, row["message_id"], now_us, Step.SEND_ACCEPTED)
    if row["state"] != ReplyState.SENDING or awaits_echo:
        return []
    return end_reply(
        tx, reply_id, to=ReplyState.UNCONFIRMED, reason="no_window", settled_by="route", now_us=now_us
    )


def send_again_later(
    tx: sqlite3.Connection, reply_id: int, *, reason: str, due_at_us: int, now_us: int
) -> list[Change]:
    """Nothing was sent, provably: wait and try again."""
    row = tx.execute(
        """
        UPDATE reply SET state = 'pending', reason = ?, due_at_us = ? WHERE id = ? AND state = 'sending'
        RETURNING message_id, attempts
        """,
        (reason, due_at_us, reply_id),
    ).fetchone()
    if row is None:
        return []
    delay_s = round((due_at_us - now_us) / 1e6, 1)
    note(tx, row["message_id"], now_us, Step.SEND_FAILED, reason=reason, attempt=row["attempts"])
    note(tx, row["message_id"], now_us, Step.RETRY_PLANNED, delay_s=delay_s)
    return [ReplyStateChanged(reply_id, row["message_id"], ReplyState.PENDING)]


def end_reply(
    tx: sqlite3.Connection,
    reply_id: int,
    *,
    to: ReplyState,
    reason: str | None,
    settled_by: str,
    now_us: int,
    echo_message_id: int | None = None,
) -> list[Change]:
    """Move a reply to what became of it, and its message with it when nothing else is open.

    Returns:
        What changed; empty when the reply has an end already.
    """
    allowed = _MAY_END_FROM[to]
    marks = ", ".join("?" * len(allowed))
    row = tx.execute(
        f"""
        UPDATE reply SET state = ?, reason = ?, settled_at_us = ?, settled_by = ?, echo_message_id = ?
        WHERE id = ? AND state IN ({marks}) RETURNING message_id
        """,  # noqa: S608 - only question marks are put in
        (to.value, reason, now_us, settled_by, echo_message_id, reply_id, *(s.value for s in allowed)),
    ).fetchone()
    if row is None:
        return []
    message_id = int(row["message_id"])
    changes: list[Change] = [ReplyStateChanged(reply_id, message_id, to)]
    step, params = _END_STEPS[to]
    facts: dict[str, Fact] = {"reason": reason, "by": settled_by}
    note(tx, message_id, now_us, step, **{name: facts[name] for name in params})
    if to is ReplyState.FAILED:
        changes += _drop_later_parts(tx, message_id, reply_id, now_us)
    return changes + close_message(tx, message_id, now_us)


_MAY_END_FROM = {
    ReplyState.CONFIRMED: (ReplyState.SENDING, ReplyState.UNCONFIRMED, ReplyState.UNKNOWN),
    ReplyState.UNCONFIRMED: (ReplyState.SENDING,),
    ReplyState.UNKNOWN: (ReplyState.SENDING,),
    ReplyState.FAILED: (
        ReplyState.PENDING,
        ReplyState.SENDING,
        ReplyState.UNCONFIRMED,
        ReplyState.UNKNOWN,
    ),
}

_END_STEPS: dict[ReplyState, tuple[Step, tuple[str, ...]]] = {
    ReplyState.CONFIRMED: (Step.CONFIRMED, ("by",)),
    ReplyState.UNCONFIRMED: (Step.ECHO_MISSING, ("reason",)),
    ReplyState.UNKNOWN: (Step.SEND_UNKNOWN, ("reason",)),
    ReplyState.FAILED: (Step.SEND_FAILED, ("reason",)),
}


def close_message(tx: sqlite3.Connection, message_id: int, now_us: int) -> list[Change]:
    """Say what its replies make of a message; nothing while one of them is open."""
    states = [
        ReplyState(row["state"])
        for row in tx.execute("SELECT state FROM reply WHERE message_id = ? ORDER BY id", (message_id,))
    ]
    if not states or any(state.is_open for state in states):
        return []
    failed = ReplyState.FAILED in states
    target = MessageState.DEAD if failed else MessageState.DONE
    others = tuple(
        s for s in (MessageState.DELIVERING, MessageState.DONE, MessageState.DEAD) if s is not target
    )
    if not change_state(tx, message_id, allowed=others, to=target, reason=REPLY_FAILED if failed else None):
        return []
    if failed:
        note(tx, message_id, now_us, Step.DEAD, reason=REPLY_FAILED)
    else:
        note(tx, message_id, now_us, Step.DONE)
    return [MessageStateChanged(message_id, target)]


def resend_failed(tx: sqlite3.Connection, message_id: int, now_us: int) -> list[Change]:
    """Put replies that were provably not sent back in line; what may have gone out stays as it is."""
    rows = tx.execute(
        """
        UPDATE reply SET state = 'pending', reason = NULL, due_at_us = ?, attempts = 0,
               first_attempt_at_us = NULL, accepted_at_us = NULL, settled_at_us = NULL, settled_by = NULL
        WHERE message_id = ? AND state = 'failed' RETURNING id
        """,
        (now_us, message_id),
    ).fetchall()
    return [ReplyStateChanged(row["id"], message_id, ReplyState.PENDING) for row in rows]


async def has_open_echoes(db: Database) -> bool:
    """Whether there are own rows that nobody has looked at."""
    return await db.fetch_one("SELECT 1 FROM message WHERE echo_open = 1 LIMIT 1") is not None


def settle_by_echoes(tx: sqlite3.Connection, *, limit: int, now_us: int) -> tuple[list[Change], list[str]]:
    """Match own rows that nobody has looked at with the replies of their chats, first in first out.

    A row that is known to stand before another one in its chat counts as no newer than that one.

    Returns:
        What changed, and the instances whose own text came back.
    """
    rows = tx.execute(
        """
        SELECT id, chat_id, instance_id, content, coalesce(before_id, id) AS place FROM message
        WHERE echo_open = 1 ORDER BY id LIMIT ?
        """,
        (limit,),
    ).fetchall()
    changes: list[Change] = []
    proved: list[str] = []
    for row in rows:
        reply_id = _reply_of_echo(tx, row)
        if reply_id is not None:
            proved.append(row["instance_id"])
            changes += end_reply(
                tx,
                reply_id,
                to=ReplyState.CONFIRMED,
                reason=None,
                settled_by="echo",
                now_us=now_us,
                echo_message_id=row["id"],
            )
        tx.execute("UPDATE message SET echo_open = 0 WHERE id = ?", (row["id"],))
    return changes, proved


def _reply_of_echo(tx: sqlite3.Connection, row: sqlite3.Row) -> int | None:
    candidates = tx.execute(
        """
        SELECT id, echo_text, at_name FROM reply
        WHERE chat_id = ? AND state IN ('sending', 'unconfirmed', 'unknown') AND after_message_id < ?
          AND echo_message_id IS NULL
        ORDER BY state = 'unknown', id  -- what surely went out claims its echo first (ADR 5)
        """,
        (row["chat_id"], row["place"]),
    )
    return next(
        (
            int(reply["id"])
            for reply in candidates
            if is_echo(row["content"], expected=reply["echo_text"], at_name=reply["at_name"])
        ),
        None,
    )


def give_up_echoes(tx: sqlite3.Connection, *, accepted_before_us: int, now_us: int) -> list[Change]:
    """Accepted replies whose echo did not come in time: unconfirmed, and their chats go on."""
    changes: list[Change] = []
    for row in _overdue(tx, accepted_before_us):
        changes += end_reply(
            tx,
            row["id"],
            to=ReplyState.UNCONFIRMED,
            reason="no_echo",
            settled_by="timeout",
            now_us=now_us,
        )
    return changes


def _overdue(tx: sqlite3.Connection, accepted_before_us: int) -> Sequence[sqlite3.Row]:
    return tx.execute(
        "SELECT id FROM reply WHERE state = 'sending' AND accepted_at_us <= ? ORDER BY id",
        (accepted_before_us,),
    ).fetchall()


def lose_open_sends(
    tx: sqlite3.Connection, *, instance_id: str | None, reason: str, settled_by: str, now_us: int
) -> list[Change]:
    """Sends whose answer will never come: their outcome is unknown. None means those of all instances."""
    rows = tx.execute(
        """
        SELECT id FROM reply WHERE state = 'sending' AND accepted_at_us IS NULL
          AND (?1 IS NULL OR instance_id = ?1) ORDER BY id
        """,
        (instance_id,),
    ).fetchall()
    changes: list[Change] = []
    for row in rows:
        changes += end_reply(
            tx, row["id"], to=ReplyState.UNKNOWN, reason=reason, settled_by=settled_by, now_us=now_us
        )
    return changes


def can_be_settled(tx: sqlite3.Connection, reply_id: int) -> bool:
    """Whether a person may say what became of a reply."""
    row = tx.execute("SELECT state FROM reply WHERE id = ?", (reply_id,)).fetchone()
    return row is not None and ReplyState(row["state"]).can_be_settled


def _drop_later_parts(tx: sqlite3.Connection, message_id: int, failed_id: int, now_us: int) -> list[Change]:
    """The rest of an answer makes no sense without the part that failed."""
    rows = tx.execute(
        """
        UPDATE reply SET state = 'failed', reason = ?, settled_at_us = ?, settled_by = 'earlier_part'
        WHERE message_id = ? AND id > ? AND state = 'pending' RETURNING id
        """,
        (EARLIER_PART_FAILED, now_us, message_id, failed_id),
    ).fetchall()
    return [ReplyStateChanged(row["id"], message_id, ReplyState.FAILED) for row in rows]


def _reply(tx: sqlite3.Connection, reply_id: int) -> sqlite3.Row:
    row: sqlite3.Row = tx.execute("SELECT message_id, state FROM reply WHERE id = ?", (reply_id,)).fetchone()
    return row

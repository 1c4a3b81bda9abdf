"""SQL of delivery: heads of chats, claims, platform attempts, due replies, recovery."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from wxauto_mgt.core.messages.model import (
    AttemptOutcome,
    MessageState,
    MessageStateChanged,
    ReplyState,
    Step,
)
from wxauto_mgt.core.messages.replies import store as replies
from wxauto_mgt.core.messages.store import change_state, note
from wxauto_mgt.core.wire import ChatKind
from wxauto_mgt.errors import Fact
from wxauto_mgt.storage.database import Database

PLATFORM_OUTCOME_UNKNOWN = "platform_outcome_unknown"
INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Head:
    """The message that a chat waits for."""

    chat_id: int
    message_id: int
    due_at_us: int


@dataclass(frozen=True)
class Work:
    """A queued message, as far as delivery needs it."""

    message_id: int
    chat_id: int
    instance_id: str
    chat: str
    chat_kind: ChatKind
    sender: str
    kind: str
    content: str
    attempts: int
    first_attempt_at_us: int | None
    rule_id: str | None


@dataclass(frozen=True)
class PastMessage:
    """An earlier message of a chat with the texts that answered it."""

    content: str
    replies: tuple[str, ...]


@dataclass(frozen=True)
class DueReply:
    """The reply that a chat is to get next."""

    id: int
    message_id: int
    chat_id: int
    chat: str
    text: str
    at_name: str | None
    due_at_us: int
    attempts: int
    first_attempt_at_us: int | None


# Also while nobody works on it: a lane that broke off leaves its claim, and nobody may overtake that message.
_NONE_IN_WORK = """
    NOT EXISTS (SELECT 1 FROM message w
                WHERE w.chat_id = m.chat_id AND w.state = 'delivering' AND w.answered = 0)
"""


async def heads(db: Database) -> list[Head]:
    """The oldest queued message of each chat that has one, and none that is in work."""
    rows = await db.fetch_all(
        f"""
        SELECT m.chat_id, m.id, coalesce(m.next_attempt_at_us, 0) AS due_at_us FROM message m
        JOIN (SELECT min(id) AS id FROM message INDEXED BY message_queued WHERE state = 'queued'
              GROUP BY chat_id) AS head ON head.id = m.id
        WHERE {_NONE_IN_WORK}
        ORDER BY m.id
        """  # noqa: S608 - a constant is put in
    )
    return [Head(row["chat_id"], row["id"], row["due_at_us"]) for row in rows]


async def head_of(db: Database, chat_id: int) -> Head | None:
    """The oldest queued message of a chat in which none is in work."""
    row = await db.fetch_one(
        f"""
        SELECT m.id, coalesce(m.next_attempt_at_us, 0) AS due_at_us FROM message m
        WHERE m.chat_id = ? AND m.state = 'queued' AND {_NONE_IN_WORK} ORDER BY m.id LIMIT 1
        """,  # noqa: S608 - a constant is put in
        (chat_id,),
    )
    return None if row is None else Head(chat_id, row["id"], row["due_at_us"])


async def work_of(db: Database, message_id: int) -> Work | None:
    """What delivery needs of a queued message; None when it is not queued any more."""
    row = await db.fetch_one(
        """
        SELECT m.id, m.chat_id, m.instance_id, c.name, c.kind AS chat_kind, m.sender, m.kind, m.content,
               m.attempts, m.first_attempt_at_us, m.rule_id
        FROM message m JOIN chat c ON c.id = m.chat_id WHERE m.id = ? AND m.state = 'queued'
        """,
        (message_id,),
    )
    if row is None:
        return None
    return Work(
        message_id=row["id"],
        chat_id=row["chat_id"],
        instance_id=row["instance_id"],
        chat=row["name"],
        chat_kind=ChatKind(row["chat_kind"]),
        sender=row["sender"],
        kind=row["kind"],
        content=row["content"],
        attempts=row["attempts"],
        first_attempt_at_us=row["first_attempt_at_us"],
        rule_id=row["rule_id"],
    )


async def past_messages(db: Database, work: Work, *, limit: int) -> list[PastMessage]:
    """Earlier messages of a chat, oldest first; in a group only those of the same sender."""
    rows = await db.fetch_all(
        """
        SELECT m.id, m.content FROM message m
        WHERE m.chat_id = ?1 AND m.origin IN ('other', 'own') AND m.verdict <> 'replay' AND m.id < ?2
          AND m.origin = 'other' AND m.state IN ('done', 'delivering', 'dead', 'unmatched')
          AND (?3 <> 'group' OR m.sender = ?4)
        ORDER BY m.id DESC LIMIT ?5
        """,
        (work.chat_id, work.message_id, work.chat_kind.value, work.sender, limit),
    )
    found = []
    for row in reversed(rows):
        texts = await db.fetch_all(
            "SELECT text FROM reply WHERE message_id = ? AND state NOT IN ('pending', 'failed') ORDER BY id",
            (row["id"],),
        )
        found.append(PastMessage(row["content"], tuple(text["text"] for text in texts)))
    return found


@dataclass(frozen=True)
class Claim:
    """What a message is claimed for."""

    rule_id: str
    rule_revision: int
    platform_id: str
    is_repeatable: bool


def claim(tx: sqlite3.Connection, work: Work, claimed: Claim, *, run_id: str, now_us: int) -> int | None:
    """Take a queued message and note the platform call that comes now; returns the attempt's id.

    None when somebody else has it.
    """
    row = tx.execute(
        """
        UPDATE message SET state = 'delivering', reason = NULL, claimed_by = ?, attempts = attempts + 1,
               first_attempt_at_us = coalesce(first_attempt_at_us, ?), next_attempt_at_us = NULL,
               rule_id = ?, rule_revision = ?, platform_id = ?, matched = 1
        WHERE id = ? AND state = 'queued' RETURNING attempts
        """,
        (
            run_id,
            now_us,
            claimed.rule_id,
            claimed.rule_revision,
            claimed.platform_id,
            work.message_id,
        ),
    ).fetchone()
    if row is None:
        return None
    if work.rule_id != claimed.rule_id:
        note(tx, work.message_id, now_us, Step.MATCHED, rule=claimed.rule_id, platform=claimed.platform_id)
    cursor = tx.execute(
        """
        INSERT INTO platform_attempt (message_id, platform_id, is_repeatable, started_at_us)
        VALUES (?, ?, ?, ?)
        """,
        (work.message_id, claimed.platform_id, int(claimed.is_repeatable), now_us),
    )
    return int(cursor.lastrowid or 0)


def end_without_platform(
    tx: sqlite3.Connection,
    message_id: int,
    *,
    to: MessageState,
    step: Step,
    reason: str | None,
    rule_id: str | None,
    rule_revision: int,
    now_us: int,
) -> MessageStateChanged | None:
    """No rule, or one that says ignore."""
    if not change_state(tx, message_id, allowed=(MessageState.QUEUED,), to=to, reason=reason):
        return None
    tx.execute(
        "UPDATE message SET rule_id = ?, rule_revision = ? WHERE id = ?", (rule_id, rule_revision, message_id)
    )
    note(tx, message_id, now_us, step, **({} if rule_id is None else {"rule": rule_id}))
    return MessageStateChanged(message_id, to)


def end_attempt(
    tx: sqlite3.Connection,
    attempt_id: int,
    *,
    outcome: AttemptOutcome,
    reason: str | None,
    now_us: int,
) -> sqlite3.Row | None:
    """Note how a platform call ended; None when it has an end already."""
    row: sqlite3.Row | None = tx.execute(
        """
        UPDATE platform_attempt SET outcome = ?, reason = ?, ended_at_us = ? WHERE id = ? AND outcome IS NULL
        RETURNING message_id, platform_id, (ended_at_us - started_at_us) / 1000 AS duration_ms
        """,
        (outcome.value, reason, now_us, attempt_id),
    ).fetchone()
    return row


def answered(
    tx: sqlite3.Connection, attempt_id: int, texts: Sequence[replies.NewReply], *, now_us: int
) -> list[replies.Change]:
    """The platform answered: its texts become replies in the same transaction."""
    row = end_attempt(tx, attempt_id, outcome=AttemptOutcome.ANSWERED, reason=None, now_us=now_us)
    if row is None:
        return []
    message_id = row["message_id"]
    tx.execute("UPDATE message SET answered = 1, claimed_by = NULL WHERE id = ?", (message_id,))
    note(
        tx,
        message_id,
        now_us,
        Step.PLATFORM_ANSWERED,
        platform=row["platform_id"],
        duration_ms=row["duration_ms"],
        texts=len(texts),
    )
    if not texts:
        change_state(tx, message_id, allowed=(MessageState.DELIVERING,), to=MessageState.DONE)
        note(tx, message_id, now_us, Step.DONE)
        return [MessageStateChanged(message_id, MessageState.DONE)]
    return [replies.insert_reply(tx, text, now_us) for text in texts]


def not_answered(
    tx: sqlite3.Connection,
    attempt_id: int,
    *,
    outcome: AttemptOutcome,
    reason: str,
    retry_at_us: int | None,
    now_us: int,
) -> list[replies.Change]:
    """The platform call failed: wait for the next attempt, or end as a dead letter."""
    row = end_attempt(tx, attempt_id, outcome=outcome, reason=reason, now_us=now_us)
    if row is None:
        return []
    note(
        tx,
        row["message_id"],
        now_us,
        Step.PLATFORM_FAILED,
        platform=row["platform_id"],
        duration_ms=row["duration_ms"],
        reason=reason,
    )
    return _again_or_dead(
        tx,
        row["message_id"],
        allowed=MessageState.DELIVERING,
        reason=reason,
        retry_at_us=retry_at_us,
        now_us=now_us,
    )


def _again_or_dead(
    tx: sqlite3.Connection,
    message_id: int,
    *,
    allowed: MessageState,
    reason: str,
    retry_at_us: int | None,
    now_us: int,
) -> list[replies.Change]:
    to = MessageState.DEAD if retry_at_us is None else MessageState.QUEUED
    if not change_state(tx, message_id, allowed=(allowed,), to=to, reason=reason):
        return []
    if retry_at_us is None:
        note(tx, message_id, now_us, Step.DEAD, reason=reason)
    else:
        tx.execute("UPDATE message SET next_attempt_at_us = ? WHERE id = ?", (retry_at_us, message_id))
        delay_s = round((retry_at_us - now_us) / 1e6, 1)
        note(tx, message_id, now_us, Step.RETRY_PLANNED, delay_s=delay_s)
    return [MessageStateChanged(message_id, to)]


async def abandoned(db: Database) -> list[Head]:
    """Messages that are claimed and not answered, with their chats."""
    rows = await db.fetch_all(
        "SELECT chat_id, id FROM message WHERE state = 'delivering' AND answered = 0 ORDER BY id"
    )
    return [Head(row["chat_id"], row["id"], 0) for row in rows]


def claimed_messages(tx: sqlite3.Connection) -> list[int]:
    """Messages that are claimed and not answered."""
    rows = tx.execute("SELECT id FROM message WHERE state = 'delivering' AND answered = 0 ORDER BY id")
    return [row["id"] for row in rows]


def recover_message(tx: sqlite3.Connection, message_id: int, *, now_us: int) -> list[replies.Change]:
    """A claim that nobody works on: back to the queue, unless its platform call must not be repeated.

    Nothing happens to a message that was answered meanwhile, or moved on in any other way: what made it look
    abandoned was read before this transaction.
    """
    is_abandoned = tx.execute(
        "SELECT 1 FROM message WHERE id = ? AND state = 'delivering' AND answered = 0", (message_id,)
    ).fetchone()
    if is_abandoned is None:
        return []
    attempt = tx.execute(
        """
        SELECT id, is_repeatable FROM platform_attempt WHERE message_id = ? AND outcome IS NULL
        ORDER BY id DESC LIMIT 1
        """,
        (message_id,),
    ).fetchone()
    must_not_repeat = attempt is not None and not attempt["is_repeatable"]
    facts: dict[str, Fact] = {"reason": PLATFORM_OUTCOME_UNKNOWN if must_not_repeat else INTERRUPTED}
    if attempt is not None:
        outcome = AttemptOutcome.UNKNOWN if must_not_repeat else AttemptOutcome.TRANSIENT
        end_attempt(tx, attempt["id"], outcome=outcome, reason=INTERRUPTED, now_us=now_us)
    to = MessageState.DEAD if must_not_repeat else MessageState.QUEUED
    reason = PLATFORM_OUTCOME_UNKNOWN if must_not_repeat else None
    if not change_state(tx, message_id, allowed=(MessageState.DELIVERING,), to=to, reason=reason):
        return []
    note(tx, message_id, now_us, Step.RECOVERED, **facts)
    if must_not_repeat:
        note(tx, message_id, now_us, Step.DEAD, reason=PLATFORM_OUTCOME_UNKNOWN)
    return [MessageStateChanged(message_id, to)]


async def due_replies(db: Database, instance_id: str) -> list[DueReply]:
    """The next reply of each chat of an instance, the one that is due first at the front.

    A chat whose send has no answer yet has none: its order must hold.
    """
    rows = await db.fetch_all(
        """
        SELECT r.id, r.message_id, r.chat_id, c.name, r.text, r.at_name, r.due_at_us, r.attempts,
               r.first_attempt_at_us
        FROM reply r
        JOIN (SELECT min(id) AS id FROM reply WHERE instance_id = ? AND state = 'pending' GROUP BY chat_id)
             AS head ON head.id = r.id
        JOIN chat c ON c.id = r.chat_id
        WHERE NOT EXISTS (SELECT 1 FROM reply s WHERE s.chat_id = r.chat_id AND s.state = 'sending'
                          AND s.accepted_at_us IS NULL)
        ORDER BY r.due_at_us, r.id
        """,
        (instance_id,),
    )
    return [
        DueReply(
            id=row["id"],
            message_id=row["message_id"],
            chat_id=row["chat_id"],
            chat=row["name"],
            text=row["text"],
            at_name=row["at_name"],
            due_at_us=row["due_at_us"],
            attempts=row["attempts"],
            first_attempt_at_us=row["first_attempt_at_us"],
        )
        for row in rows
    ]


async def instances_with_pending(db: Database) -> dict[str, int]:
    """Instances that replies wait for, each with the time since when the oldest is due."""
    rows = await db.fetch_all(
        "SELECT instance_id, min(due_at_us) AS since FROM reply WHERE state = 'pending' GROUP BY instance_id"
    )
    return {row["instance_id"]: row["since"] for row in rows}


def fail_stranded(
    tx: sqlite3.Connection, instance_id: str, *, due_before_us: int, reason: str, now_us: int
) -> list[replies.Change]:
    """Replies whose instance is out of use for too long: provably not sent."""
    rows = tx.execute(
        "SELECT id FROM reply WHERE instance_id = ? AND state = 'pending' AND due_at_us <= ? ORDER BY id",
        (instance_id, due_before_us),
    ).fetchall()
    changes: list[replies.Change] = []
    for row in rows:
        changes += replies.end_reply(
            tx, row["id"], to=ReplyState.FAILED, reason=reason, settled_by="instance", now_us=now_us
        )
    return changes

"""Messages as a person meets them: pages, details, dead letters, and the decisions about them.

Each decision names who made it and stands in the message's timeline. The window and the interfaces call it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from wxauto_mgt.core.config.audit import AuditLog
from wxauto_mgt.core.messages.history import store as history
from wxauto_mgt.core.messages.history.store import MessageFilter as MessageFilter
from wxauto_mgt.core.messages.model import (
    Message,
    MessageState,
    MessageStateChanged,
    Reply,
    ReplyState,
    Step,
    TimelineEntry,
)
from wxauto_mgt.core.messages.replies import store as replies
from wxauto_mgt.core.messages.replies.store import Change
from wxauto_mgt.core.messages.store import change_state, discard, mark_real, note, requeue
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us


class DecisionTooLate(PermanentError):
    """The message or reply is not in a state in which this can be decided."""


@dataclass(frozen=True)
class MessageLine:
    """One line of a list: a message and its newest reply."""

    message: Message
    reply: Reply | None


@dataclass(frozen=True)
class MessageDetail:
    """All that is known of one message."""

    message: Message
    replies: tuple[Reply, ...]
    timeline: tuple[TimelineEntry, ...]


class MessageBrowser:
    """Queries and decisions. Use it on the event loop."""

    def __init__(self, *, db: Database, bus: EventBus, clock: Clock, audit: AuditLog) -> None:
        self._db = db
        self._bus = bus
        self._clock = clock
        self._audit = audit

    async def page(
        self, shown: MessageFilter, *, before_id: int | None = None, limit: int = 100
    ) -> tuple[MessageLine, ...]:
        """Messages, newest first; the next page begins before the last id of this one."""
        lines = await history.page(self._db, shown, before_id=before_id, limit=limit)
        return tuple(MessageLine(message, reply) for message, reply in lines)

    async def detail(self, message_id: int) -> MessageDetail | None:
        """One message with its replies and its timeline; None when it is not there (any more)."""
        message = await history.message_of(self._db, message_id)
        if message is None:
            return None
        return MessageDetail(
            message,
            await history.replies_of(self._db, message_id),
            await history.timeline_of(self._db, message_id),
        )

    async def replay(self, message_id: int, *, who: str) -> None:
        """Try a dead letter again.

        Replies that were provably not sent go out once more; without such, the platform is asked again. What
        may have been sent is never sent again.

        Raises:
            DecisionTooLate: it is no dead letter.
        """

        def job(tx: sqlite3.Connection, now_us: int) -> list[Change]:
            resent = replies.resend_failed(tx, message_id, now_us)
            to = MessageState.DELIVERING if resent else MessageState.QUEUED
            if not change_state(tx, message_id, allowed=(MessageState.DEAD,), to=to):
                raise DecisionTooLate("message_not_dead", message_id=message_id)
            requeue(tx, message_id)
            note(tx, message_id, now_us, Step.REPLAYED, who=who)
            return [MessageStateChanged(message_id, to), *resent]

        await self._decide(job, who=who, action="message.replay", target=f"message {message_id}")

    async def discard(self, message_id: int, *, who: str) -> None:
        """Leave a dead letter dead, or a held message unanswered, and ask no more about it.

        Raises:
            DecisionTooLate: it is neither.
        """

        def job(tx: sqlite3.Connection, now_us: int) -> list[Change]:
            state = discard(tx, message_id)
            if state is None:
                raise DecisionTooLate("message_not_open", message_id=message_id)
            note(tx, message_id, now_us, Step.DISCARDED, who=who)
            return [MessageStateChanged(message_id, state)]

        await self._decide(job, who=who, action="message.discard", target=f"message {message_id}")

    async def release(self, message_id: int, *, who: str) -> None:
        """Deliver a held message after all.

        Raises:
            DecisionTooLate: it is not held.
        """

        def job(tx: sqlite3.Connection, now_us: int) -> list[Change]:
            if not change_state(tx, message_id, allowed=(MessageState.HELD,), to=MessageState.QUEUED):
                raise DecisionTooLate("message_not_held", message_id=message_id)
            mark_real(tx, message_id)
            note(tx, message_id, now_us, Step.RELEASED, who=who)
            return [MessageStateChanged(message_id, MessageState.QUEUED)]

        await self._decide(job, who=who, action="message.release", target=f"message {message_id}")

    async def settle_reply(self, reply_id: int, *, was_sent: bool, who: str) -> None:
        """Say what became of an unconfirmed or unknown reply. One that was not sent can then be replayed.

        Raises:
            DecisionTooLate: its outcome is known.
        """

        def job(tx: sqlite3.Connection, now_us: int) -> list[Change]:
            if not replies.can_be_settled(tx, reply_id):
                raise DecisionTooLate("reply_not_open", reply_id=reply_id)
            return replies.end_reply(
                tx,
                reply_id,
                to=ReplyState.CONFIRMED if was_sent else ReplyState.FAILED,
                reason=None if was_sent else "settled_by_person",
                settled_by=who,
                now_us=now_us,
            )

        await self._decide(job, who=who, action="reply.settle", target=f"reply {reply_id}")

    async def _decide(
        self, job: Callable[[sqlite3.Connection, int], list[Change]], *, who: str, action: str, target: str
    ) -> None:
        now_us = to_us(self._clock.now())
        for change in await self._db.run(lambda tx: job(tx, now_us)):
            self._bus.publish(change)
        await self._audit.audit(who, action, target)

"""Words of the message path: states, verdicts, rows as read back, events. Owns no SQL and no loop.

Intake, delivery, the window and the command line use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wxauto_mgt.core.wire import Channel, ChatKind, Origin
from wxauto_mgt.errors import Fact


class MessageState(StrEnum):
    """Where a message stands. The allowed changes are enforced by a trigger of the table.

    queued -> delivering -> done | dead; delivering -> queued to try again; queued -> unmatched, or filtered
    when a rule says ignore; held -> queued (released) | filtered (discarded); dead -> queued | delivering
    (replayed by a person: the platform is asked again, or the reply that was provably not sent goes out).
    A person or an echo that settles a reply may move done -> dead and dead -> done.
    """

    QUEUED = "queued"
    DELIVERING = "delivering"
    DONE = "done"
    FILTERED = "filtered"
    UNMATCHED = "unmatched"
    HELD = "held"
    DEAD = "dead"


class ReplyState(StrEnum):
    """Where a reply stands. The allowed changes are enforced by a trigger of the table.

    pending -> sending before the first byte; sending -> pending only with proof that nothing was sent.
    """

    PENDING = "pending"
    SENDING = "sending"
    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    FAILED = "failed"
    UNKNOWN = "unknown"

    @property
    def is_open(self) -> bool:
        """Whether its message still waits for it."""
        return self in (ReplyState.PENDING, ReplyState.SENDING)

    @property
    def can_be_settled(self) -> bool:
        """Whether a person may say what became of it."""
        return self in (ReplyState.UNCONFIRMED, ReplyState.UNKNOWN)


class Verdict(StrEnum):
    """What identification made of a row; a row that another one already stands for is not stored."""

    NEW = "new"
    SUSPECT = "suspect"
    REPLAY = "replay"


class AttemptOutcome(StrEnum):
    """How a platform call ended."""

    ANSWERED = "answered"
    TRANSIENT = "transient"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Message:
    """One stored row of a chat.

    Attributes:
        reason: cause of the state; its text stands under `message_reason.<code>`, that of a platform's
            failure under `error.<code>`.
        rule_id, platform_id: None until a rule matched.
        is_discarded: a dead letter that a person decided to leave.
    """

    id: int
    instance_id: str
    chat: str
    chat_kind: ChatKind
    channel: Channel
    origin: Origin
    sender: str
    sender_remark: str | None
    kind: str
    content: str
    received_at: datetime
    verdict: Verdict
    is_paired: bool
    state: MessageState
    reason: str | None
    attempts: int
    rule_id: str | None
    platform_id: str | None
    is_discarded: bool


@dataclass(frozen=True)
class Reply:
    """One text that goes, or went, out as an answer to a message.

    Attributes:
        reason: cause of the state; its text stands under `send_reason.<code>`.
        route: window it was sent through; None before the first attempt.
        settled_by: the person who settled it, or what did (`settled_by.<code>`).
    """

    id: int
    message_id: int
    text: str
    at_name: str | None
    state: ReplyState
    reason: str | None
    created_at: datetime
    due_at: datetime
    attempts: int
    route: Channel | None
    sent_at: datetime | None
    settled_at: datetime | None
    settled_by: str | None


class Step(StrEnum):
    """What happened to a message; the text stands under `timeline.<step>`."""

    RECEIVED = "received"
    FILTERED = "filtered"
    HELD = "held"
    SEEN_AGAIN = "seen_again"
    RELEASED = "released"
    DISCARDED = "discarded"
    REPLAYED = "replayed"
    MATCHED = "matched"
    UNMATCHED = "unmatched"
    IGNORED = "ignored"
    PLATFORM_ANSWERED = "platform_answered"
    PLATFORM_FAILED = "platform_failed"
    RETRY_PLANNED = "retry_planned"
    REPLY_WRITTEN = "reply_written"
    SENDING = "sending"
    SEND_ACCEPTED = "send_accepted"
    SEND_FAILED = "send_failed"
    SEND_UNKNOWN = "send_unknown"
    CONFIRMED = "confirmed"
    ECHO_MISSING = "echo_missing"
    RECOVERED = "recovered"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True)
class TimelineEntry:
    """One line of a message's history."""

    at: datetime
    step: Step
    params: Mapping[str, Fact]


@dataclass(frozen=True)
class MessagesStored:
    """Rows were committed. Published by intake after the commit.

    Attributes:
        own_rows: whether the own account's rows are among them (echoes).
    """

    instance_id: str
    chat_ids: tuple[int, ...]
    count: int
    own_rows: bool


@dataclass(frozen=True)
class MessageStateChanged:
    """A message moved to another state; published after the commit."""

    message_id: int
    state: MessageState


@dataclass(frozen=True)
class ReplyStateChanged:
    """A reply was written or moved to another state; published after the commit."""

    reply_id: int
    message_id: int
    state: ReplyState

"""What a notification is, how its delivery goes, and the events of both. Alerting and reports make them.

Owns no rendering: titles and messages are templates, or keys of the catalogue, until a channel sends them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from wxauto_mgt.errors import Fact


class NotificationKind(StrEnum):
    """What a notification is about."""

    FIRING = "firing"
    RESOLVED = "resolved"
    TEST = "test"
    REPORT = "report"

    @property
    def may_be_grouped(self) -> bool:
        """Whether it may share one notice with others."""
        return self in (NotificationKind.FIRING, NotificationKind.RESOLVED)


class NotificationLevel(StrEnum):
    """How urgent it is; ordered by `rank`."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the least urgent."""
        return tuple(NotificationLevel).index(self)

    @classmethod
    def of_rank(cls, rank: int) -> NotificationLevel:
        """The level of a rank."""
        return tuple(cls)[rank]


class DeliveryState(StrEnum):
    """How far one channel's delivery got."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True)
class Notification:
    """One thing to be told.

    Attributes:
        key: names what it is about, such as an alert's id; the same in its firing and resolved notices.
        title, message: a key of the catalogue, or a text; `{name}` is filled from `params`.
        labels: what routing looks at, beside the level.
        at: when it happened, not when it is sent.
    """

    key: str
    kind: NotificationKind
    level: NotificationLevel
    title: str
    message: str
    at: datetime
    labels: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class DeliveryRecord:
    """One delivery as the history shows it.

    Attributes:
        reason: why it failed last, `error.<reason>` with `facts`; None while it did not.
        group_size: how many notifications went out in the same notice.
    """

    id: int
    notification_id: int
    notification: Notification
    channel_id: str
    state: DeliveryState
    reason: str | None
    facts: Mapping[str, Fact]
    attempts: int
    next_attempt_at: datetime
    ended_at: datetime | None
    group_size: int


@dataclass(frozen=True)
class ChannelFigures:
    """How one channel has been doing."""

    channel_id: str
    sent: int = 0
    failed: int = 0
    failures_in_row: int = 0
    pending: int = 0
    last_sent_at: datetime | None = None
    last_error_at: datetime | None = None
    last_error: str | None = None
    last_error_facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class NotificationsEnqueued:
    """Event: rows were committed to the outbox. A hint; the dispatcher scans by itself too."""


@dataclass(frozen=True)
class NotificationRouted:
    """Event: a notification was given to its channels; it comes again when a crash came between."""

    notification: Notification
    channel_ids: tuple[str, ...]


@dataclass(frozen=True)
class DeliveriesChanged:
    """Event: deliveries of a channel changed their state."""

    channel_id: str
    state: DeliveryState
    count: int

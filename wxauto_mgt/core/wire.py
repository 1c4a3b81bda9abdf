"""The few value types that several slices pass on: rows read from a server, call records, error reports.

Lowest in `core`: imports nothing of the slices. Instances make these, messages and metrics take them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from wxauto_mgt.errors import Fact


class Channel(StrEnum):
    """Where a row was read: the main window or a listened window."""

    MAIN = "main"
    WINDOW = "window"


class Origin(StrEnum):
    """Who a row comes from."""

    OTHER = "other"
    OWN = "own"
    SYSTEM = "system"
    TIME_MARK = "time_mark"
    DIVIDER = "divider"
    UNKNOWN = "unknown"

    @property
    def is_noise(self) -> bool:
        """Rows that no person wrote; they take no part in sequence alignment."""
        return self not in (Origin.OTHER, Origin.OWN)


class ChatKind(StrEnum):
    """Group or friend; unknown until something proves it."""

    GROUP = "group"
    FRIEND = "friend"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class WireRow:
    """One row of a destructive read.

    Attributes:
        kind: content kind as upstream names it (`text`, `image`, ...), both message families folded.
        upstream_id: names a UI element, not a message.
        time_text: only on time rows.
        raw: the row's JSON as it came.
    """

    kind: str
    content: str
    sender: str
    sender_remark: str | None
    upstream_id: str
    origin: Origin
    time_text: str | None
    raw: str


@dataclass(frozen=True)
class ChatRows:
    """Rows of one chat, oldest first; `name` is the key upstream used."""

    name: str
    rows: tuple[WireRow, ...]


@dataclass(frozen=True)
class ReadBatch:
    """One whole reply of a destructive read; must be committed before anything else is done with it.

    Attributes:
        unreadable: the reply's bytes when some of it could not be parsed (what could be is in `chats`).
        requested_at: when the read was sent; None means at once before `received_at`.
    """

    instance_id: str
    channel: Channel
    chats: tuple[ChatRows, ...]
    received_at: datetime
    unreadable: bytes | None = None
    unreadable_reason: str | None = None
    requested_at: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not self.chats and self.unreadable is None


@dataclass(frozen=True)
class CallRecord:
    """One outgoing HTTP request, retries counted one by one; or a request that another program tells of.

    Attributes:
        target: `instance:ID` or `platform:ID`; `service:NAME` of what others tell.
        route: path without query; a bounded set of values.
        duration_s: None where nobody told it.
        error_code: symbolic cause when not ok.
    """

    target: str
    route: str
    ok: bool
    duration_s: float | None
    error_code: str | None = None


@dataclass(frozen=True)
class ErrorReport:
    """A failed operation. The same cause is reported again while it lasts, at most once a minute.

    Attributes:
        operation: what was tried (`poll_main`, `probe`, `initialize`, `listener_add`, ...).
        cause_code: symbolic cause; the text stands under `error.<cause_code>`.
        instance_id: the instance concerned, if one is.
        params: facts for the sentence; never a secret, never message text.
    """

    operation: str
    cause_code: str
    instance_id: str | None = None
    params: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class ErrorCleared:
    """The operation works again; ends the episode of that cause."""

    operation: str
    cause_code: str
    instance_id: str | None = None

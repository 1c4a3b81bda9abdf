"""What a channel offers and what it is given. Channels implement it, the notice sender calls it.

A channel of the product is one file in `channels/`; other packages bring theirs by entry point.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.notifications.http_post import HttpPost
from wxauto_mgt.core.notifications.model import Notification, NotificationKind, NotificationLevel
from wxauto_mgt.runtime.clock import Clock


@dataclass(frozen=True)
class Notice:
    """One thing to be sent, in words.

    Attributes:
        id: the same at each try of the same notice, so that a receiver can tell a repetition.
        text: everything but the title; lines end with a newline character only.
        notifications: what it tells about; in a group only the first ones.
        count: how many notifications it stands for.
    """

    id: str
    kind: NotificationKind
    level: NotificationLevel
    title: str
    text: str
    at: datetime
    notifications: tuple[Notification, ...]
    count: int = 1

    @property
    def whole(self) -> str:
        """Title and text in one, for channels that know no titles."""
        return f"{self.title}\n{self.text}" if self.text else self.title


class Surface(Protocol):
    """Shows notices in this process: a tray, a terminal, a list in the window."""

    def show(self, kind: str, notice: Notice) -> bool:
        """Show it on the surface of a kind; False when there is none."""
        ...


@dataclass(frozen=True)
class ChannelContext:
    """What a channel is given beside its configuration."""

    channel_id: str
    clock: Clock
    http: HttpPost
    surface: Surface


C = TypeVar("C", bound=ConfigModel)


class Channel(ABC, Generic[C]):
    """Base of every channel. Lives on the event loop.

    Attributes:
        TYPE: the `type` in documents, `[a-z][a-z0-9_]*`.
        CONFIG: model of the `config` mapping; its schema drives validation and the form.
        SECRET_FIELDS: dotted paths in `config` that are sealed; their model fields are `SecretStr`.
    """

    TYPE: ClassVar[str]
    CONFIG: ClassVar[type[ConfigModel]]
    SECRET_FIELDS: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *, config: C, context: ChannelContext) -> None:
        self.config = config
        self.context = context

    @property
    def time_limit_s(self) -> float:
        """Longest time that `send` may take; it is cancelled after it."""
        return 30.0

    @abstractmethod
    async def send(self, notice: Notice) -> None:
        """Send it once; returns when the far side has taken it.

        Raises:
            ChannelError: it did not provably arrive; which subclass decides whether it is sent again.
        """

    async def close(self) -> None:
        """Let go of everything. May be called more than once. The base does nothing."""


AnyChannel: TypeAlias = Channel[Any]
"""A channel whose configuration its caller does not look into."""

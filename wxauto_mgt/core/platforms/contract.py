"""What a platform plugin offers and what it is given. Plugins implement it, `OpenPlatform` calls it.

A plugin is one folder: its config model, its implementation, `texts/<language>.po`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.wire import CallRecord, ChatKind
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime.clock import Clock


class Role(StrEnum):
    """Who spoke a turn: the person in the chat, or we."""

    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True)
class Turn:
    """One earlier text of the chat."""

    role: Role
    text: str


@dataclass(frozen=True)
class PlatformRequest:
    """One message to be answered. `history` ends before it, oldest turn first."""

    message_id: int
    instance_id: str
    chat: str
    chat_kind: ChatKind
    sender: str
    content: str
    history: tuple[Turn, ...] = ()


@dataclass(frozen=True)
class PlatformReply:
    """The answer: texts in the order of sending, none when there is nothing to say.

    Attributes:
        delay_s: pause before the first text, wished by the platform.
    """

    texts: tuple[str, ...]
    delay_s: float = 0.0


@dataclass(frozen=True)
class TestResult:
    """What a connection test found.

    Attributes:
        text_key: catalogue key of the sentence: `platform_test.<...>` when ok, else `error.<code>`.
    """

    __test__: ClassVar[bool] = False  # its name begins like a test's; pytest shall not collect it

    ok: bool
    text_key: str
    params: dict[str, Fact]
    latency_s: float


@dataclass(frozen=True)
class PluginContext:
    """What a plugin is given beside its configuration.

    Attributes:
        target: `platform:ID`, for call records.
        on_call: told of each HTTP request, retries one by one.
    """

    target: str
    clock: Clock
    on_call: Callable[[CallRecord], None]
    rng: Random


C = TypeVar("C", bound=ConfigModel)


class Platform(ABC, Generic[C]):
    """Base of every platform plugin. Lives on the event loop.

    Attributes:
        TYPE: the `type` in documents, `[a-z][a-z0-9_]*`.
        CONFIG: model of the `config` mapping; its schema drives validation and the form.
        SECRET_FIELDS: dotted paths in `config` that are sealed; their model fields are `SecretStr`.
        REPEATABLE: whether asking twice does no harm. Where not, a lost answer is an unknown outcome.
    """

    TYPE: ClassVar[str]
    CONFIG: ClassVar[type[ConfigModel]]
    SECRET_FIELDS: ClassVar[tuple[str, ...]] = ()
    REPEATABLE: ClassVar[bool] = True

    def __init__(self, *, config: C, context: PluginContext) -> None:
        self.config = config
        self.context = context

    @property
    def time_limit_s(self) -> float:
        """Longest time that `reply` or `test` may take; they are cancelled after it."""
        return 120.0

    @property
    def history_turns(self) -> int:
        """How many earlier turns of the chat the platform wants to see."""
        return 0

    async def open(self) -> None:
        """Get ready. Must not need the far side: it may be away when the console starts, and comes back.

        What fails here keeps the platform closed until its next edit. The base does nothing.
        """

    async def close(self) -> None:
        """Let go of everything. May be called more than once, and without `open`. The base does nothing."""

    @abstractmethod
    async def reply(self, request: PlatformRequest) -> PlatformReply:
        """Answer a message.

        Raises:
            PlatformError: no usable answer; which subclass decides whether it is asked again.
        """

    @abstractmethod
    async def test(self) -> TestResult:
        """Prove that the platform would answer, with as little effect as possible. Raises nothing."""


AnyPlatform: TypeAlias = Platform[Any]
"""A plugin whose configuration its caller does not look into."""

"""What analysis reads of the message path. The store fills them in, performance judges them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wxauto_mgt.core.messages.model import Step


class Stage(StrEnum):
    """A stretch of a message's way; each ends with a step of its timeline."""

    WAITING = "waiting"
    PLATFORM = "platform"
    WAITING_TO_SEND = "waiting_to_send"
    SENDING = "sending"
    ECHO = "echo"

    @property
    def end(self) -> Step:
        """The step that ends it; it began with the step before, whichever that was."""
        return _ENDS[self]


_ENDS = {
    Stage.WAITING: Step.MATCHED,
    Stage.PLATFORM: Step.PLATFORM_ANSWERED,
    Stage.WAITING_TO_SEND: Step.SENDING,
    Stage.SENDING: Step.SEND_ACCEPTED,
    Stage.ECHO: Step.CONFIRMED,
}


@dataclass(frozen=True)
class StageTime:
    """How long a stage took on average."""

    stage: Stage
    count: int
    mean_s: float


@dataclass(frozen=True)
class BusyChat:
    """A chat and how many rows other people wrote in it."""

    instance_id: str
    chat: str
    count: int


@dataclass(frozen=True)
class MessagePath:
    """The message path over a span of time, its newest 5,000 rows and steps at most."""

    stages: tuple[StageTime, ...] = ()
    busiest_chats: tuple[BusyChat, ...] = ()

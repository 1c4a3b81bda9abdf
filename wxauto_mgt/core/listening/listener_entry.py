"""One listener of an instance: what is known about its window, and why it stays or goes.

Pure data; its set changes it, the keeper and the book read it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from wxauto_mgt.core.listening.model import ListenerKind

PROOF_VALID_S: Final = 300.0
_MEMBER_COUNT: Final = re.compile(r" \(\d+\)$")


class Standing(StrEnum):
    """What is known about a listener's window."""

    UNCHECKED = "unchecked"
    """It may be listened: ours or the server's start, or an unclear answer."""
    WANTED = "wanted"
    """It is not listened and should be."""
    LISTENED = "listened"
    """It was proved since the last start."""
    WRONG = "wrong"
    """A window of another chat is listened under its name; to be closed."""


class Leaving(StrEnum):
    """Why a listener goes; texts under `listener_left.<value>`."""

    EXPIRED = "expired"
    EVICTED = "evicted"
    CONFIGURED = "configured"
    BY_HAND = "by_hand"


@dataclass(eq=False)
class Listener:
    """One chat. Changed by its set only.

    Attributes:
        title: real title of the window; None until learned.
        proved_s: monotonic time of the last proof since the server's start.
        listened_since_s: when it last became listened.
        losses: how often its window vanished shortly after it had been opened.
        tries: failed attempts in a row.
        next_try_s: nothing is tried before.
        reason: why it is not listened (`listener_reason.<code>`), else empty.
    """

    who: str
    kind: ListenerKind
    last_active_s: float
    standing: Standing = Standing.WANTED
    title: str | None = None
    proved_s: float = float("-inf")
    listened_since_s: float = float("-inf")
    losses: int = 0
    tries: int = 0
    next_try_s: float = float("-inf")
    leaving: Leaving | None = None
    reason: str = ""
    message_count: int = 0
    error_count: int = 0
    added_at: datetime | None = None
    last_message_at: datetime | None = None
    last_check_at: datetime | None = None

    def is_active(self, now_s: float) -> bool:
        """Verified since the server's start and within five minutes."""
        return self.standing is Standing.LISTENED and now_s - self.proved_s < PROOF_VALID_S

    @property
    def may_have_window(self) -> bool:
        """Whether a window may be open for it."""
        return self.standing is not Standing.WANTED


def is_title_of(chat: str, title: str) -> bool:
    """Whether a window of this title is the window of a chat that the main window calls so.

    The main window's names lack a trailing ` (digits)`.
    """
    return title == chat or _MEMBER_COUNT.sub("", title) == chat

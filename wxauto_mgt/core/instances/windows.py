"""Which chats of an instance have a listened window that was proved lately, and under which title.

Written by listening; read by delivery to choose the way of a reply. Holds nothing across a restart.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wxauto_mgt.core.wire import ChatKind
from wxauto_mgt.runtime.clock import Clock

PROOF_VALID_S: Final = 300.0


class WindowWay(StrEnum):
    """How a reply can go."""

    WINDOW = "window"
    """Through the verified window."""
    PENDING = "pending"
    """A window is being opened or verified; worth a short wait."""
    NONE = "none"
    """No window can be had; the main window is the fallback."""


@dataclass(frozen=True)
class WindowRoute:
    """The way to a chat.

    Attributes:
        title: real title of the window, for sends; empty without one.
        rich: typing and quoting work there.
    """

    way: WindowWay
    title: str = ""
    rich: bool = False
    chat_kind: ChatKind = ChatKind.UNKNOWN


_NO_WINDOW: Final = WindowRoute(WindowWay.NONE)


@dataclass(frozen=True)
class _Proof:
    title: str
    rich: bool
    chat_kind: ChatKind
    proved_at_s: float


class VerifiedWindows:
    """Proofs by chat name; a proof counts for five minutes and until the server restarts."""

    def __init__(self, *, clock: Clock, proof_valid_s: float = PROOF_VALID_S) -> None:
        self._clock = clock
        self._proof_valid_s = proof_valid_s
        self._proofs: dict[str, _Proof] = {}
        self._pending: set[str] = set()

    def route(self, chat: str) -> WindowRoute:
        """Tell the way to a chat, by the name under which its rows arrive or by its window's title."""
        proof = self._valid(chat)
        if proof is not None:
            return WindowRoute(WindowWay.WINDOW, proof.title, proof.rich, proof.chat_kind)
        return WindowRoute(WindowWay.PENDING) if chat in self._pending else _NO_WINDOW

    def mark_pending(self, chat: str) -> None:
        """A window is being opened or looked for; an older proof keeps counting for its time."""
        self._pending.add(chat)

    def verified(
        self, chat: str, *, title: str, rich: bool | None = None, chat_kind: ChatKind | None = None
    ) -> None:
        """The window was seen, or a row came from it. None keeps what an earlier proof of it said."""
        self._pending.discard(chat)
        old = self._proofs.get(chat)
        same = old if old is not None and old.title == title else None
        self._proofs[chat] = _Proof(
            title=title,
            rich=rich if rich is not None else (same.rich if same else False),
            chat_kind=chat_kind or (same.chat_kind if same else ChatKind.UNKNOWN),
            proved_at_s=self._clock.monotonic(),
        )

    def gone(self, chat: str) -> None:
        """There is no window, and none is on its way; by the same names as in `route`."""
        self._pending.discard(chat)
        key = chat if chat in self._proofs else self._key_of_title(chat)
        if key is not None:
            del self._proofs[key]

    def reset(self) -> None:
        """The server restarted, or we did: nothing is proved."""
        self._proofs.clear()
        self._pending.clear()

    def _valid(self, chat: str) -> _Proof | None:
        key = chat if chat in self._proofs else self._key_of_title(chat)
        proof = self._proofs.get(key) if key is not None else None
        if proof is None or self._clock.monotonic() - proof.proved_at_s >= self._proof_valid_s:
            return None
        return proof

    def _key_of_title(self, title: str) -> str | None:
        return next((key for key, proof in self._proofs.items() if proof.title == title), None)

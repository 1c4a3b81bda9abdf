"""Which chats of one instance have or should have a window of their own, and what to do next about each.

Pure: no I/O, time is passed in. The keeper carries out what it says; the pollers tell it what they saw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from wxauto_mgt.core.listening.listener_entry import PROOF_VALID_S, Leaving, Listener, Standing, is_title_of
from wxauto_mgt.core.listening.model import ListenerKind

RETRY_BASE_S: Final = 30.0
RETRY_CAP_S: Final = 1800.0


class ListenerSet:
    """The listeners of one instance.

    Args:
        limit: most windows at a time; asked each time.
        idle_limit_s: how long an automatic listener lives without a message; asked each time.
    """

    def __init__(
        self,
        *,
        limit: Callable[[], int],
        idle_limit_s: Callable[[], float],
        retry_base_s: float = RETRY_BASE_S,
        retry_cap_s: float = RETRY_CAP_S,
    ) -> None:
        self._limit = limit
        self._idle_limit_s = idle_limit_s
        self._retry_base_s = retry_base_s
        self._retry_cap_s = retry_cap_s
        self._listeners: dict[str, Listener] = {}

    def all(self) -> tuple[Listener, ...]:
        """All listeners, those on their way out too."""
        return tuple(self._listeners.values())

    def get(self, who: str) -> Listener | None:
        """The listener of a requested name."""
        return self._listeners.get(who)

    def by_chat(self, chat: str) -> Listener | None:
        """The listener whose requested name or window title this is; the name goes first."""
        found = self._listeners.get(chat)
        if found is not None:
            return found
        return next((entry for entry in self._listeners.values() if entry.title == chat), None)

    def restore(self, listener: Listener) -> None:
        """Take over a listener of an earlier run; its window may still be listened.

        One that was met already since the start stays, with what the earlier run knew.
        """
        met = self._listeners.get(listener.who)
        if met is None:
            listener.standing = Standing.UNCHECKED
            self._listeners[listener.who] = listener
            return
        met.title = met.title or listener.title
        met.message_count += listener.message_count
        met.error_count += listener.error_count
        met.added_at = listener.added_at
        met.last_message_at = met.last_message_at or listener.last_message_at

    def sync(self, permanent: Mapping[str, ListenerKind], now_s: float) -> list[Listener]:
        """Follow the configuration; returns the listeners that this made."""
        made = []
        for who, kind in permanent.items():
            entry = self._listeners.get(who)
            if entry is None:
                entry = self._listeners[who] = Listener(who=who, kind=kind, last_active_s=now_s)
                made.append(entry)
            entry.kind, entry.leaving = kind, None
        for entry in self._listeners.values():
            if entry.kind.is_permanent and entry.who not in permanent and entry.leaving is None:
                entry.leaving = Leaving.CONFIGURED
        self._make_room(0)
        return made

    def seen(self, chat: str, now_s: float) -> Listener | None:
        """A chat had rows in the main window; returns the automatic listener that this made, if any."""
        entry = self.by_chat(chat)
        if entry is None:
            return self._add_automatic(chat, now_s)
        self._touch(entry, now_s)
        if entry.who == chat and entry.title is not None and not is_title_of(chat, entry.title):
            # The search had found another chat by a part of its name: replies would go to the wrong one.
            entry.standing = Standing.WRONG
        return None

    def rows(self, chat: str, now_s: float) -> Listener | None:
        """Rows came from a listened window; returns the listener that this made: somebody's leftover.

        Rows are cached under the requested name, so only that counts here.
        """
        entry = self._listeners.get(chat)
        made = None
        if entry is None:
            made = entry = self._add_automatic(chat, now_s)
            if entry is None:
                return None
        self._touch(entry, now_s)
        self._prove(entry, now_s)
        return made

    def proved(self, who: str, title: str, now_s: float) -> None:
        """The window of this listener was seen under this title."""
        entry = self._listeners.get(who)
        if entry is not None:
            entry.title = title
            self._prove(entry, now_s)

    def missing(self, who: str, reason: str, now_s: float) -> None:
        """It is certainly not listened. It is wanted back at once, unless it keeps vanishing."""
        entry = self._listeners.get(who)
        if entry is None:
            return
        if entry.standing is Standing.LISTENED:
            lasted = now_s - entry.listened_since_s >= PROOF_VALID_S
            entry.losses = 0 if lasted else entry.losses + 1
            entry.next_try_s = now_s + (self._pause_s(entry.losses - 1) if entry.losses > 1 else 0.0)
        entry.standing, entry.reason = Standing.WANTED, reason

    def mistaken(self, who: str, title: str) -> None:
        """The window that was opened for it belongs to another chat."""
        entry = self._listeners.get(who)
        if entry is not None:
            entry.standing, entry.title = Standing.WRONG, title

    def failed(self, who: str, reason: str, now_s: float) -> None:
        """Opening or checking it went wrong; the next try waits longer each time."""
        entry = self._listeners.get(who)
        if entry is None:
            return
        entry.tries += 1
        entry.error_count += 1
        entry.reason = reason
        entry.next_try_s = now_s + self._pause_s(entry.tries)

    def forget_proofs(self, now_s: float) -> None:
        """The server restarted, or we did: every listener is to be verified again, now."""
        for entry in self._listeners.values():
            entry.standing = Standing.UNCHECKED
            entry.proved_s = float("-inf")
            entry.tries, entry.next_try_s = 0, now_s

    def expire(self, now_s: float) -> None:
        """Let automatic listeners go that had no message for long."""
        idle_limit_s = self._idle_limit_s()
        for entry in self._listeners.values():
            if not entry.kind.is_permanent and now_s - entry.last_active_s >= idle_limit_s:
                entry.leaving = entry.leaving or Leaving.EXPIRED

    def dismiss(self, who: str) -> bool:
        """A person lets an automatic listener go; False when there is none."""
        entry = self._listeners.get(who)
        if entry is None or entry.kind.is_permanent:
            return False
        entry.leaving = Leaving.BY_HAND
        return True

    def removed(self, who: str) -> None:
        """Its window is closed."""
        self._listeners.pop(who, None)

    def leaving(self) -> tuple[Listener, ...]:
        """Listeners whose windows are to be closed."""
        return tuple(entry for entry in self._listeners.values() if entry.leaving is not None)

    def wrong(self) -> tuple[Listener, ...]:
        """Listeners whose name has a window of another chat."""
        return tuple(entry for entry in self._listeners.values() if entry.standing is Standing.WRONG)

    def wrong_closed(self, who: str, now_s: float) -> None:
        """The wrong window is closed; opening it again may find the same one."""
        entry = self._listeners.get(who)
        if entry is not None:
            entry.standing, entry.title = Standing.WANTED, None
            self.failed(who, "title_differs", now_s)

    def to_check(self, now_s: float) -> tuple[Listener, ...]:
        """Listeners to ask about now: nobody knows whether they are listened."""
        return tuple(self._due(Standing.UNCHECKED, now_s))

    def to_add(self, now_s: float) -> tuple[Listener, ...]:
        """Listeners to open now, permanent ones first; never more than there is room for."""
        windows = sum(entry.may_have_window for entry in self._listeners.values())
        room = max(0, self._limit() - windows)
        due = sorted(self._due(Standing.WANTED, now_s), key=lambda entry: not entry.kind.is_permanent)
        for entry in due[room:]:
            entry.reason = "no_room"
            self.put_off(entry.who, now_s)
        return tuple(due[:room])

    def untitled(self, now_s: float) -> tuple[Listener, ...]:
        """Listeners whose rows come although nobody knows their window's title; to be looked up now."""
        return tuple(entry for entry in self._due(Standing.LISTENED, now_s) if entry.title is None)

    def put_off(self, who: str, now_s: float) -> None:
        """Nothing can be done about it now; that is no failure."""
        entry = self._listeners.get(who)
        if entry is not None:
            entry.next_try_s = now_s + self._retry_base_s

    def next_due_s(self) -> float:
        """Monotonic time of the next try; infinity when none is planned."""
        return min(
            (
                entry.next_try_s
                for entry in self._listeners.values()
                if entry.leaving is None and (entry.standing is not Standing.LISTENED or entry.title is None)
            ),
            default=float("inf"),
        )

    def _due(self, standing: Standing, now_s: float) -> Iterable[Listener]:
        return (
            entry
            for entry in self._listeners.values()
            if entry.standing is standing and entry.leaving is None and entry.next_try_s <= now_s
        )

    def _add_automatic(self, chat: str, now_s: float) -> Listener | None:
        if not self._make_room(1):
            return None
        entry = Listener(who=chat, kind=ListenerKind.AUTO, last_active_s=now_s)
        self._listeners[chat] = entry
        return entry

    def _make_room(self, count: int) -> bool:
        """Evict automatic listeners, least recently active first; False when that does not suffice."""
        staying = [entry for entry in self._listeners.values() if entry.leaving is None]
        surplus = len(staying) + count - self._limit()
        if surplus <= 0:
            return True
        evictable = sorted(
            (entry for entry in staying if not entry.kind.is_permanent), key=lambda e: e.last_active_s
        )
        if count and len(evictable) < surplus:
            return False
        for entry in evictable[:surplus]:
            entry.leaving = Leaving.EVICTED
        return True

    def _touch(self, entry: Listener, now_s: float) -> None:
        entry.last_active_s = now_s
        if entry.leaving is Leaving.EXPIRED:
            entry.leaving = None

    def _pause_s(self, attempt: int) -> float:
        return min(self._retry_cap_s, self._retry_base_s * 2.0 ** min(attempt - 1, 30))

    def _prove(self, entry: Listener, now_s: float) -> None:
        if entry.standing is Standing.WRONG:
            return
        if entry.standing is not Standing.LISTENED:
            entry.standing, entry.listened_since_s = Standing.LISTENED, now_s
        entry.proved_s = now_s
        entry.tries, entry.reason = 0, ""

"""Listened windows and the cache that `listen/get` empties, one chat per call, at most once.

Owns listeners by real title and cached rows by requested name. Knows nothing of the main window or HTTP.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from wxauto_mgt.simulator.chats import Chat
from wxauto_mgt.simulator.config import SimulatorConfig
from wxauto_mgt.simulator.rows import Row, RowOrigin, Surface, WireObject, wire_row


@dataclass(eq=False)
class ListenedWindow:
    """One separate chat window; `requested` is the name under which its rows are cached."""

    chat: Chat
    requested: str
    surface: Surface
    is_deaf: bool
    last_due: float = 0.0
    is_open: bool = True


class ChatWindows:
    """All listened windows of one server process."""

    def __init__(self, config: SimulatorConfig, *, first_handle: int) -> None:
        self._config = config
        self._next_handle = first_handle
        self._windows: dict[str, ListenedWindow] = {}
        self._cache: dict[str, list[WireObject]] = {}
        self._pending: list[tuple[float, int, ListenedWindow, Row]] = []
        self._order = 0
        self._is_polling = True

    def titles(self) -> list[str]:
        """Real titles of the open windows, oldest first."""
        return list(self._windows)

    def get(self, title: str) -> ListenedWindow | None:
        """The window with exactly this title."""
        return self._windows.get(title)

    def add(self, chat: Chat, requested: str) -> None:
        """Open a window; a second add of the same chat changes nothing, the first name stays."""
        if chat.title in self._windows:
            return
        self._windows[chat.title] = ListenedWindow(
            chat=chat,
            requested=requested,
            surface=Surface(handle=self._next_handle, first_element=61),
            is_deaf=self._config.empty_window_deaf and not chat.rows,
        )
        self._next_handle += 4
        self._is_polling = True

    def remove(self, name: str) -> None:
        """Close by real title and drop what is cached under this name.

        A name that is not the title closes nothing: the listener leaks and goes on delivering.
        """
        self.close(name)
        self._cache.pop(name, None)

    def close(self, title: str) -> None:
        """The window is closed on the desktop; the listener goes silently, cached rows stay."""
        window = self._windows.pop(title, None)
        if window is not None:
            window.is_open = False

    def close_all(self) -> None:
        """Every window vanishes; cached rows stay fetchable."""
        for title in self.titles():
            self.close(title)

    def forget_all(self) -> None:
        """The server process is gone, and everything that it kept in memory."""
        self.close_all()
        self._cache.clear()
        self._pending.clear()
        self._is_polling = True

    def stop_polling(self, *, close: bool) -> None:
        """The listener thread stops; what arrives waits in the windows that stay open."""
        self._is_polling = False
        if close:
            self.close_all()

    def start_polling(self) -> None:
        """The listener thread runs again."""
        self._is_polling = True

    def notice(self, chat: Chat, row: Row, now: float) -> None:
        """A row was appended to a chat: cache it after the library's polling delay, order kept."""
        window = self._windows.get(chat.title)
        if window is None or window.is_deaf:
            return
        own = row.origin is RowOrigin.OWN
        delay_s = self._config.echo_delay_s if own else self._config.arrival_delay_s
        window.last_due = max(window.last_due, now + delay_s)
        self._order += 1
        heapq.heappush(self._pending, (window.last_due, self._order, window, row))

    def replay(self, title: str, count: int) -> None:
        """Cache the last rows of a window once more, under new ids."""
        window = self._windows[title]
        window.surface.redraw()
        for row in window.chat.rows[-count:]:
            self._cache_row(window, row)

    def redraw(self, title: str, *, reuse_ids: bool) -> None:
        """Give every row of a window another id."""
        window = self._windows.get(title)
        if window is not None:
            window.surface.redraw(reuse_ids=reuse_ids)

    def drain_one(self, now: float) -> tuple[str, list[WireObject]] | None:
        """The whole backlog of the first chat, in order of first arrival, that has one; it is gone then."""
        self._collect(now)
        for name, rows in self._cache.items():
            if rows:
                self._cache[name] = []
                return name, rows
        return None

    def all_rows(self, title: str) -> list[WireObject]:
        """What the window shows, without the time key (`get-all-messages`)."""
        window = self._windows[title]
        rows = [self._to_wire(window, row) for row in window.chat.visible(self._config.visible_rows)]
        for row in rows:
            row.pop("time", None)
        return rows

    def _collect(self, now: float) -> None:
        while self._is_polling and self._pending and self._pending[0][0] <= now:
            _, _, window, row = heapq.heappop(self._pending)
            if window.is_open:
                self._cache_row(window, row)

    def _cache_row(self, window: ListenedWindow, row: Row) -> None:
        self._cache.setdefault(window.requested, []).append(self._to_wire(window, row))

    def _to_wire(self, window: ListenedWindow, row: Row) -> WireObject:
        return wire_row(
            row,
            window.surface.id_of(row),
            family=self._config.family,
            library=self._config.library,
            in_main=False,
        )

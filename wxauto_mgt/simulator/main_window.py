"""The main WeChat window as `get-next-new` reads it: one chat per call, destructive, guessing by badges.

Owns what the library remembers between two reads. Knows nothing of listened windows or HTTP.
"""

from __future__ import annotations

from wxauto_mgt.simulator.chats import Chat, human_positions
from wxauto_mgt.simulator.config import SimulatorConfig
from wxauto_mgt.simulator.rows import Row, RowOrigin, Surface, WireObject, wire_row


class MainWindow:
    """Current chat, the library's memory of seen rows (it belongs to one chat), and the read itself."""

    def __init__(self, config: SimulatorConfig, *, handle: int) -> None:
        self._config = config
        self._surface = Surface(handle=handle, first_element=59)
        self.current: Chat | None = None
        self._memory_of: Chat | None = None
        self._unread: set[Chat] = set()

    @property
    def reports_current(self) -> bool:
        """Whether rows of the chat on show are reported without a badge."""
        return self.current is not None and self.current is self._memory_of

    def attach(self, chat: Chat) -> None:
        """What initialisation does: open a chat and remember its rows as seen."""
        self.show(chat)
        self._memory_of = chat
        chat.main_seen = chat.last_number

    def detach(self) -> None:
        """The server process is gone: its memory with it, badges stay."""
        self._leave_current()
        self._memory_of = None

    def show(self, chat: Chat) -> None:
        """Switch to a chat without reading it; the library's memory stays with the former one."""
        if chat is self.current:
            return
        self._leave_current()
        self.current = chat
        self._surface.redraw()
        if self._config.main_loses_focused:
            chat.clear_badge()
            self._unread.discard(chat)

    def notice(self, chat: Chat, row: Row) -> None:
        """A row was appended to a chat: count it in the badge unless the chat is being watched."""
        if row.origin is not RowOrigin.OTHER:
            return
        if chat is self.current and (self.reports_current or self._config.main_loses_focused):
            return
        chat.mark_unread(row)
        self._unread.add(chat)

    def forget_unread(self, chat: Chat) -> None:
        """Somebody read the chat elsewhere: no badge, nothing to report."""
        chat.clear_badge()
        chat.main_seen = chat.last_number
        self._unread.discard(chat)

    def request_replay(self, chat: Chat, count: int) -> None:
        """Deliver the last `count` reported rows once more, under new ids, with the next read."""
        chat.replay_next = count
        self._unread.add(chat)

    def redraw(self, *, reuse_ids: bool) -> None:
        """Give every row on show another id."""
        self._surface.redraw(reuse_ids=reuse_ids)

    def read_next(self) -> tuple[str, list[WireObject]] | None:
        """One chat's news, or None: the chat on show first, then sessions with a badge from the top."""
        current = self.current
        if current is not None and self.reports_current and not current.replay_next:
            news = current.newer_than(current.main_seen)
            if news:
                self.forget_unread(current)
                return current.main_key, self._to_wire(news)
        if not self._unread:
            return None
        chat = max(self._unread, key=lambda candidate: candidate.last_number)
        self._unread.discard(chat)
        rows = self._unread_tail(chat)
        self._open_and_remember(chat)
        return chat.main_key, self._to_wire(rows)

    def _open_and_remember(self, chat: Chat) -> None:
        if chat is not self.current:
            self._leave_current()
        self.current = chat
        self._memory_of = chat
        self._surface.redraw()
        chat.clear_badge()
        chat.replay_next = 0
        chat.main_seen = chat.last_number

    def _leave_current(self) -> None:
        # Rows that arrived while the chat was watched, and that no read has reported yet, would be lost
        # to this channel; unless that loss is wanted they become a badge.
        chat, watched = self.current, self.reports_current
        self.current = None
        if chat is None or not watched or self._config.main_loses_focused:
            return
        chat.clear_badge()
        for row in chat.newer_than(chat.main_seen):
            if row.origin is RowOrigin.OTHER:
                chat.mark_unread(row)
                self._unread.add(chat)

    def _unread_tail(self, chat: Chat) -> list[Row]:
        """The rows that the library takes for unread: counted back from the row that equals the preview.

        It takes the first row that equals the preview, so a repeated text brings older rows again.
        """
        rows = chat.visible(self._config.visible_rows)
        preview = chat.preview()
        matches = [place for place, row in enumerate(rows) if row.origin.is_human and row.content == preview]
        anchor = (matches[0] if self._config.replays else matches[-1]) if matches else len(rows) - 1
        others = [place for place in human_positions(rows, RowOrigin.OTHER) if place <= anchor]
        if chat.badge == 0:
            # Only a replay on demand comes here; what the watched chat has not reported yet comes along.
            start = len(rows) - len(chat.newer_than(chat.main_seen))
        elif len(others) >= chat.badge:
            start = others[-chat.badge]
        else:
            start = others[0] if others else 0
        if chat.replay_next:
            seen = [place for place, row in enumerate(rows) if row.number <= chat.main_seen]
            start = min([start, *seen[-chat.replay_next :]])
        while start > 0 and not rows[start - 1].origin.is_human and rows[start - 1].number > chat.main_seen:
            start -= 1
        return self._with_divider(chat, rows[start:])

    def _with_divider(self, chat: Chat, tail: list[Row]) -> list[Row]:
        if chat.badge < self._config.divider_from or chat.first_unread is None:
            return tail
        divider = Row(-chat.first_unread, RowOrigin.DIVIDER, "base", "", "以下为新消息")
        place = next((n for n, row in enumerate(tail) if row.number >= chat.first_unread), 0)
        return [*tail[:place], divider, *tail[place:]]

    def _to_wire(self, rows: list[Row]) -> list[WireObject]:
        return [
            wire_row(
                row,
                self._surface.id_of(row),
                family=self._config.family,
                library=self._config.library,
                in_main=True,
            )
            for row in rows
        ]

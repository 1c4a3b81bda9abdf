"""What the messages page shows: rows as they change, and everything known about one of them.

Owns filter, paging and words; the browser reads and acts, the rules explain. Called by the messages page.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from wxauto_mgt.core.messages.browser import MessageDetail, MessageFilter, MessageLine
from wxauto_mgt.core.messages.model import (
    MessagesStored,
    MessageState,
    MessageStateChanged,
    ReplyStateChanged,
)
from wxauto_mgt.ui.config_editing import WHO, ConfigEditing
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.pages.messages.wording import DetailView, MessageWording

PAGE = 100
SHOWN = 3000


class Browser(Protocol):
    """What the page needs of the message browser."""

    async def page(
        self, shown: MessageFilter, *, before_id: int | None = None, limit: int = PAGE
    ) -> tuple[MessageLine, ...]:
        """Newest first."""

    async def detail(self, message_id: int) -> MessageDetail | None:
        """One message."""

    async def replay(self, message_id: int, *, who: str) -> None:
        """Try a dead letter again."""

    async def discard(self, message_id: int, *, who: str) -> None:
        """Leave it."""

    async def release(self, message_id: int, *, who: str) -> None:
        """Deliver a held message."""

    async def settle_reply(self, reply_id: int, *, was_sent: bool, who: str) -> None:
        """Say what became of a reply."""


class View(StrEnum):
    """What the operator wants to look at."""

    ALL = "all"
    OPEN = "open"
    DONE = "done"
    LEFT = "left"
    HELD = "held"
    DEAD = "dead"

    def filter(self, text: str) -> MessageFilter:
        """What the browser is asked for."""
        return MessageFilter(
            states=_STATES.get(self, ()),
            text=text,
            only_people=True,
            open_dead_letters=self is View.DEAD,
        )


_STATES = {
    View.OPEN: (MessageState.QUEUED, MessageState.DELIVERING),
    View.DONE: (MessageState.DONE,),
    View.LEFT: (MessageState.FILTERED, MessageState.UNMATCHED),
    View.HELD: (MessageState.HELD,),
}
Found = tuple[MessageFilter, tuple[MessageLine, ...]]
"""What was asked for, and what was found."""


class MessagesViewModel(QObject):
    """The messages.

    Signals:
        changed: `rows` differ.
        detail_changed: `detail` differs.
    """

    changed = Signal()
    detail_changed = Signal()

    def __init__(self, backstage: Backstage, *, browser: Browser, editing: ConfigEditing) -> None:
        super().__init__()
        self._browser = browser
        self._wording = MessageWording(backstage.words, editing)
        self._is_active = False
        self.view = View.ALL
        self.text = ""
        self.rows: tuple[MessageLine, ...] = ()
        self.has_more = False
        self._shown_filter = self._filter()
        self.selected: int | None = None
        self.detail: DetailView | None = None
        commands = backstage.commands
        self._newest = commands.reader(self, "messages", self._read_newest)
        self._newest.succeeded.connect(self._take_newest)
        self._older = commands.command(self, "older_messages", self._read_older)
        self._older.succeeded.connect(self._take_older)
        self._details = commands.reader(self, "message", self._read_detail)
        self._details.succeeded.connect(self._take_detail)
        self.replay = commands.command(self, "replay", self._replay)
        self.discard = commands.command(self, "discard", self._discard)
        self.release = commands.command(self, "release", self._release)
        self.settle = commands.command(self, "settle", self._settle)
        for command in (self.replay, self.discard, self.release, self.settle):
            command.succeeded.connect(self._after_action)
        events = (MessagesStored, MessageStateChanged, ReplyStateChanged)
        backstage.bridge.inbox(self, *events).arrived.connect(self._take_events)

    def set_active(self, *, is_active: bool) -> None:
        """Read while the page is seen."""
        self._is_active = is_active
        if is_active:
            self.refresh()

    def refresh(self, _: object = None) -> None:
        """Read the newest rows and the open message again."""
        self._newest.refresh()
        if self.selected is not None:
            self._details.refresh()

    def set_filter(self, *, view: View, text: str) -> None:
        """Show other rows."""
        if (view, text) != (self.view, self.text):
            self.view, self.text = view, text
            self._newest.refresh()

    def load_more(self) -> None:
        """Read the rows before the oldest one shown."""
        if self.has_more and self.rows and len(self.rows) < SHOWN:
            self._older.start()

    def select(self, message_id: int | None) -> None:
        """Open a message, or none."""
        if message_id != self.selected:
            self.selected = message_id
            if message_id is None:
                self._take_detail(None)
            else:
                self._details.refresh()

    def instance_name(self, instance_id: str) -> str:
        """What people call an instance."""
        return self._wording.name_of("instance", instance_id)

    def _take_events(self, events: list[object]) -> None:
        if not self._is_active:
            return
        self._newest.refresh()
        touched = {getattr(event, "message_id", None) for event in events}
        if self.selected is not None and self.selected in touched:
            self._details.refresh()

    async def _read_newest(self) -> Found:
        wanted = self._filter()
        return wanted, await self._browser.page(wanted, before_id=None, limit=PAGE)

    async def _read_older(self) -> Found:
        wanted = self._filter()
        return wanted, await self._browser.page(wanted, before_id=self.rows[-1].message.id, limit=PAGE)

    def _filter(self) -> MessageFilter:
        return self.view.filter(self.text)

    def _take_newest(self, found: Found) -> None:
        wanted, newest = found
        if wanted != self._filter():
            return
        older: tuple[MessageLine, ...] = ()
        if wanted == self._shown_filter and len(newest) == PAGE:
            older = tuple(row for row in self.rows if row.message.id < newest[-1].message.id)
        if not older:
            self.has_more = len(newest) == PAGE
        self._shown_filter = wanted
        self._show((*newest, *older)[:SHOWN])

    def _take_older(self, found: Found) -> None:
        wanted, older = found
        if wanted == self._shown_filter:
            self.has_more = len(older) == PAGE
            known = {row.message.id for row in self.rows}
            self._show((*self.rows, *(row for row in older if row.message.id not in known)))

    def _show(self, rows: tuple[MessageLine, ...]) -> None:
        if rows != self.rows:
            self.rows = rows
            self.changed.emit()

    async def _read_detail(self) -> MessageDetail | None:
        return None if self.selected is None else await self._browser.detail(self.selected)

    def _take_detail(self, found: MessageDetail | None) -> None:
        if found is not None and found.message.id != self.selected:
            return
        detail = None if found is None else self._wording.describe(found)
        if detail != self.detail:
            self.detail = detail
            self.detail_changed.emit()

    async def _replay(self, message_id: int) -> None:
        await self._browser.replay(message_id, who=WHO)

    async def _discard(self, message_id: int) -> None:
        await self._browser.discard(message_id, who=WHO)

    async def _release(self, message_id: int) -> None:
        await self._browser.release(message_id, who=WHO)

    async def _settle(self, reply_id: int, was_sent: bool) -> None:
        await self._browser.settle_reply(reply_id, was_sent=was_sent, who=WHO)

    def _after_action(self, _: object) -> None:
        self.refresh()

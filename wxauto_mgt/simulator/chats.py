"""The chats of one WeChat account: rows, badges, names by which a search finds them.

Owns no window and no HTTP. Used by the world.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from wxauto_mgt.simulator.rows import Row, RowOrigin

_COUNT_SUFFIX = re.compile(r" \(\d+\)$")
_KEPT_ROWS = 400


class ChatType(StrEnum):
    """As the paid library names the kinds of a chat."""

    FRIEND = "friend"
    GROUP = "group"
    OFFICIAL = "official"
    SERVICE = "service"


@dataclass(eq=False)
class Chat:
    """One chat. `badge` counts unread rows of other people as the session list shows it.

    Attributes:
        main_seen: number of the last row that the main channel has reported.
        replay_next: so many already reported rows come again with the next main read.
    """

    title: str
    type: ChatType = ChatType.FRIEND
    aliases: tuple[str, ...] = ()
    members: list[str] = field(default_factory=list)
    is_muted: bool = False
    rows: list[Row] = field(default_factory=list)
    badge: int = 0
    first_unread: int | None = None
    main_seen: int = 0
    replay_next: int = 0
    last_row_at: float | None = None

    @property
    def main_key(self) -> str:
        """The name under which the main channel reports it: a trailing member count is cut off."""
        return _COUNT_SUFFIX.sub("", self.title)

    @property
    def last_number(self) -> int:
        """Number of the newest row, 0 when there is none."""
        return self.rows[-1].number if self.rows else 0

    def append(self, row: Row) -> None:
        """Add a row and let go of old ones that nobody still has to read."""
        self.rows.append(row)
        if len(self.rows) > 2 * _KEPT_ROWS:
            keep_from = len(self.rows) - _KEPT_ROWS
            oldest_needed = self.first_unread if self.first_unread is not None else row.number
            while keep_from > 0 and self.rows[keep_from].number > min(oldest_needed, self.main_seen + 1):
                keep_from -= 1
            del self.rows[:keep_from]

    def mark_unread(self, row: Row) -> None:
        """Count a row in the badge."""
        self.badge += 1
        if self.first_unread is None:
            self.first_unread = row.number

    def clear_badge(self) -> None:
        """What a click on the session does."""
        self.badge = 0
        self.first_unread = None

    def newer_than(self, number: int) -> list[Row]:
        """Rows after a number, oldest first."""
        newer: list[Row] = []
        for row in reversed(self.rows):
            if row.number <= number:
                break
            newer.append(row)
        newer.reverse()
        return newer

    def visible(self, count: int) -> list[Row]:
        """The last rows that a window shows, always reaching back to the first unread one."""
        start = max(0, len(self.rows) - count)
        if self.first_unread is not None:
            while start > 0 and self.rows[start].number > self.first_unread:
                start -= 1
        return self.rows[start:]

    def preview(self) -> str:
        """What the session list shows of the last human row."""
        row = self.last_human()
        return row.content if row is not None else ""

    def last_human(self) -> Row | None:
        """The newest row that a person wrote."""
        return next((row for row in reversed(self.rows) if row.origin.is_human), None)

    def is_found_by(self, name: str, *, partly: bool) -> bool:
        """Whether WeChat's search box offers this chat for a name."""
        names = (self.title, *self.aliases)
        return any(name in known for known in names) if partly else name in names


class AddressBook:
    """All chats of the account, newest activity first where order matters."""

    def __init__(self) -> None:
        self._by_title: dict[str, Chat] = {}

    def __iter__(self) -> Iterator[Chat]:
        return iter(self._by_title.values())

    def get(self, title: str) -> Chat | None:
        """The chat with exactly this title."""
        return self._by_title.get(title)

    def add(self, chat: Chat) -> Chat:
        """Add a chat; a second one of the same title replaces nothing and is refused."""
        if chat.title in self._by_title:
            raise ValueError(f"chat exists: {chat.title}")
        self._by_title[chat.title] = chat
        return chat

    def by_activity(self) -> list[Chat]:
        """The session list from the top."""
        return sorted(self._by_title.values(), key=lambda chat: chat.last_number, reverse=True)

    def search(self, name: str) -> Chat | None:
        """Like WeChat's search: the title, then remark or id, then the most recent partial match."""
        if name in self._by_title:
            return self._by_title[name]
        for partly in (False, True):
            for chat in self.by_activity():
                if chat.is_found_by(name, partly=partly):
                    return chat
        return None


def human_positions(rows: list[Row], origin: RowOrigin) -> list[int]:
    """Where rows of one origin stand."""
    return [position for position, row in enumerate(rows) if row.origin is origin]

"""The WeChat world behind a simulated server: chats, windows, what was truly sent, life and death.

Pure model: no HTTP, no tasks, no clock but the one handed in. Used by the routes and by tests.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from wxauto_mgt.simulator.chat_windows import ChatWindows
from wxauto_mgt.simulator.chats import AddressBook, Chat, ChatType
from wxauto_mgt.simulator.config import SimulatorConfig
from wxauto_mgt.simulator.library_failures import STALE_HANDLE, LibraryError, LibraryFailures, Operation
from wxauto_mgt.simulator.main_window import MainWindow
from wxauto_mgt.simulator.rows import MEDIA_PLACEHOLDER, Row, RowOrigin, WireObject

FILE_TRANSFER = "文件传输助手"


class ChatNotFoundError(Exception):
    """The search found nothing."""


class WrongChatError(Exception):
    """The search found another chat; the main window shows it now."""

    def __init__(self, actual: str) -> None:
        super().__init__(actual)
        self.actual = actual


@dataclass(frozen=True)
class SentMessage:
    """Something that truly went out, whatever the caller was told."""

    chat: str
    text: str
    at: tuple[str, ...]
    route: str
    when: float


class World:
    """One WeChat account on one desktop, driven by one server process."""

    def __init__(self, config: SimulatorConfig, *, monotonic: Callable[[], float]) -> None:
        self.config = config
        self._monotonic = monotonic
        self._random = random.Random(config.seed)  # noqa: S311 - repeatable by design
        handle = 1_377_036 + 1024 * self._random.randrange(500)
        self.chats = AddressBook()
        self.main = MainWindow(config, handle=handle)
        self.windows = ChatWindows(config, first_handle=handle + 4)
        self.sent: list[SentMessage] = []
        self.files: dict[str, bytes] = {}
        self.is_alive = True
        self.is_initialized = False
        self.is_attached = False
        self.queued_tasks = 0
        self._born_at = monotonic()
        self._started_at = self._born_at
        self._next_number = 0
        self.failures = LibraryFailures()
        self.add_chat(FILE_TRANSFER)

    @property
    def now(self) -> float:
        """The injected monotonic time."""
        return self._monotonic()

    @property
    def uptime_s(self) -> float:
        """Since the simulated process started."""
        return self.now - self._started_at

    def wall_text(self, pattern: str) -> str:
        """The simulated wall time."""
        return (self.config.wall_start + timedelta(seconds=self.now - self._born_at)).strftime(pattern)

    # --- people and their messages -------------------------------------------------------------

    def add_chat(
        self,
        title: str,
        chat_type: ChatType | str = ChatType.FRIEND,
        *,
        aliases: Iterable[str] = (),
        members: Iterable[str] = (),
        is_muted: bool = False,
    ) -> Chat:
        """Add a chat; `aliases` are the remark, WeChat id or group name that a search also finds."""
        chat = Chat(title, ChatType(chat_type), tuple(aliases), list(members), is_muted)
        return self.chats.add(chat)

    def receive(
        self, chat: str, sender: str | None = None, text: str = "", kind: str = "text", *, remark: str = ""
    ) -> int:
        """A person writes; unknown chats come into being (a sender other than the title makes a group).

        Returns:
            the row's true number, which no client sees.
        """
        who = sender or chat
        target = self.chats.get(chat)
        if target is None:
            target = self.add_chat(chat, ChatType.FRIEND if who == chat else ChatType.GROUP)
        if target.type is ChatType.GROUP and who not in target.members:
            target.members.append(who)
        content = text or MEDIA_PLACEHOLDER.get(kind, "")
        return self._append(target, RowOrigin.OTHER, kind, who, content, remark=remark or None)

    def add_history(self, chat: str, lines: Iterable[tuple[str, str]]) -> None:
        """Rows (sender, text) from before anybody listened: read already, no badge, no news."""
        for sender, text in lines:
            self.receive(chat, sender, text)
        self.forget_news(chat)

    def forget_news(self, chat: str) -> None:
        """The account's owner reads a chat on the phone: no badge, nothing left to report."""
        self.main.forget_unread(self._known(chat))

    def say_from_phone(self, chat: str, text: str) -> int:
        """The account's owner writes on the phone: an own row that this server did not send."""
        return self._append(self._known(chat), RowOrigin.OWN, "text", "self", text)

    def add_notice(self, chat: str, text: str, kind: str = "base") -> int:
        """A system row: joined, left, recalled (`kind="recall"`), pat."""
        return self._append(self._known(chat), RowOrigin.SYSTEM, kind, "system", text)

    def add_bare_row(self, chat: str, text: str) -> int:
        """A row without an avatar that is no notice."""
        return self._append(self._known(chat), RowOrigin.BARE, "other", "base", text)

    def add_time_row(self, chat: str) -> int:
        """A time separator."""
        content, stamp = self.wall_text("%H:%M"), self.wall_text("%Y-%m-%d %H:%M:%S")
        return self._append(self._known(chat), RowOrigin.TIME, "base", "system", content, time_text=stamp)

    def replay(self, chat: str, count: int, channel: str = "main") -> None:
        """Deliver the last `count` rows of a chat again under new ids."""
        if channel == "main":
            self.main.request_replay(self._known(chat), count)
        else:
            self.windows.replay(chat, count)

    def redraw(self, chat: str, *, reuse_ids: bool = False) -> None:
        """Rows of a chat get other ids in both windows; with `reuse_ids` old values name other rows."""
        if self.main.current is self._known(chat):
            self.main.redraw(reuse_ids=reuse_ids)
        self.windows.redraw(chat, reuse_ids=reuse_ids)

    # --- life and death ------------------------------------------------------------------------

    def kill_wechat(self) -> None:
        """WeChat closes or logs out: windows vanish, the status calls notice nothing."""
        self.is_alive = False
        self.is_attached = False
        self.windows.close_all()
        self.main.detach()

    def revive(self) -> None:
        """WeChat is back; an initialised server keeps its stale handle until it restarts."""
        self.is_alive = True

    def restart(self) -> None:
        """The server process restarts: uptime, initialisation, listeners and caches are gone."""
        self._started_at = self.now
        self.is_initialized = False
        self.is_attached = False
        self.queued_tasks = 0
        self.windows.forget_all()
        self.main.detach()

    # --- what the server process does ----------------------------------------------------------

    def initialize(self) -> bool:
        """Attach to the WeChat window. Once done, a later call is a no-op that reports success."""
        if self.is_initialized:
            return True
        if not self.is_alive:
            return False
        self.is_initialized = self.is_attached = True
        self.main.attach(self._known(FILE_TRANSFER))
        return True

    def next_new(self) -> tuple[str, list[WireObject]] | None:
        """One destructive read of the main window; every library error looks like no news."""
        try:
            if not self.failures.let_pass(Operation.NEXT_NEW) or not self.is_attached:
                return None
        except LibraryError:
            return None
        return self.main.read_next()

    def listen_get(self) -> tuple[str, list[WireObject]] | None:
        """One destructive read of the cache."""
        return self.windows.drain_one(self.now)

    def listen_add(self, nickname: str) -> None:
        """Listen to whatever the search finds; finding nothing is reported as success too."""
        if not self.is_initialized:
            raise LibraryError("'NoneType' object has no attribute '_api_message_cache'")
        if not isinstance(nickname, str):
            raise LibraryError(
                f"'in <string>' requires string as left operand, not {type(nickname).__name__}"
            )
        starts = self.failures.let_pass(Operation.LISTEN_ADD)
        self._require_window()
        chat = self.chats.search(nickname)
        if chat is None or not starts:
            return
        self.main.show(chat)
        self.windows.add(chat, nickname)

    def listen_remove(self, nickname: str) -> None:
        """Remove by real title; see `ChatWindows.remove` for other names."""
        self.windows.remove(nickname)

    def sessions(self) -> list[Chat]:
        """The session list from the top; empty once WeChat is gone."""
        if not self.is_initialized:
            raise LibraryError("微信实例未初始化，无法调用 GetSession 方法")
        if not self.failures.let_pass(Operation.SESSIONS) or not self.is_attached:
            return []
        return self.chats.by_activity()

    def open_chat(self, name: str) -> Chat | None:
        """Search and show a chat in the main window."""
        if not self.is_initialized:
            raise LibraryError("微信实例未初始化，无法调用 ChatWith 方法")
        self._require_window()
        chat = self.chats.search(name)
        if chat is not None:
            self.main.show(chat)
        return chat

    def send_main(self, receiver: str, texts: Iterable[str], at: Iterable[str], route: str) -> None:
        """Send through the main window, each text as one message.

        Raises:
            LibraryError, ChatNotFoundError, WrongChatError: nothing was sent.
        """
        chat = self.open_chat(receiver)
        if chat is None:
            raise ChatNotFoundError(receiver)
        if chat.title != receiver:
            raise WrongChatError(chat.title)
        self._send(chat, texts, tuple(at), route)

    def send_to_open_chat(self, who: str, texts: Iterable[str], at: Iterable[str], route: str) -> None:
        """Send to the chat on show after trying to open one: an unknown name reaches the wrong chat."""
        self.open_chat(who)
        if self.main.current is not None:
            self._send(self.main.current, texts, tuple(at), route)

    def send_window(self, title: str, texts: Iterable[str], at: Iterable[str], route: str) -> bool:
        """Send through a listened window; False when no window has exactly this title."""
        window = self.windows.get(title)
        if window is None:
            return False
        self._send(window.chat, texts, tuple(at), route)
        return True

    def duplicates_sent(self) -> dict[tuple[str, str], int]:
        """Texts that went to the same chat more than once, with how often."""
        counts = Counter((message.chat, message.text) for message in self.sent)
        return {key: count for key, count in counts.items() if count > 1}

    # --- inside --------------------------------------------------------------------------------

    def _send(self, chat: Chat, texts: Iterable[str], at: tuple[str, ...], route: str) -> None:
        if not self.failures.let_pass(Operation.SEND):
            return
        mention = "".join(f"@{name}\u2005" for name in at)
        for text in texts:
            self.sent.append(SentMessage(chat.title, text, at, route, self.now))
            self._append(chat, RowOrigin.OWN, "text", "self", mention + text)

    def _append(
        self,
        chat: Chat,
        origin: RowOrigin,
        kind: str,
        sender: str,
        content: str,
        *,
        remark: str | None = None,
        time_text: str | None = None,
    ) -> int:
        now, gap_s = self.now, self.config.time_row_gap_s
        paused = chat.last_row_at is not None and now - chat.last_row_at > gap_s > 0
        chat.last_row_at = now
        if paused and origin.is_human:
            self.add_time_row(chat.title)
        self._next_number += 1
        row = Row(self._next_number, origin, kind, sender, content, remark, time_text)
        chat.append(row)
        if self.is_attached:
            self.windows.notice(chat, row, now)
        if self.config.main_sees_listened or self.windows.get(chat.title) is None:
            self.main.notice(chat, row)
        return row.number

    def _known(self, title: str) -> Chat:
        chat = self.chats.get(title)
        return chat if chat is not None else self.add_chat(title)

    def _require_window(self) -> None:
        if not self.is_attached:
            raise LibraryError(STALE_HANDLE)

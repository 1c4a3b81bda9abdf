"""The listeners of one instance with what hangs on them: stored state, verified windows, events, statuses.

Makes no call to the server; the keeper does, the pollers tell what they read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from wxauto_mgt.core.instances.instance import Instance
from wxauto_mgt.core.instances.model import WindowInfo
from wxauto_mgt.core.listening.listener_entry import Listener, Standing
from wxauto_mgt.core.listening.listener_set import ListenerSet
from wxauto_mgt.core.listening.model import ListenerAdded, ListenerKind, ListenerRemoved, ListenerStatus
from wxauto_mgt.core.listening.settings import ListeningSettings
from wxauto_mgt.core.listening.store import ListenerRecord, load_listeners, save_listeners
from wxauto_mgt.core.wire import Channel, ChatKind, Origin, ReadBatch
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.storage.database import Database

NAMELESS_CHATS: Final = frozenset({"", "新消息", "消息", "未知聊天"})
"""Keys that the server makes up when it does not know the chat; nothing can be opened under them."""


@dataclass(frozen=True)
class ListenerPauses:
    """Judgement calls, in seconds: the first and the longest pause between tries to open a window."""

    retry_base_s: float = 30.0
    retry_cap_s: float = 1800.0


class ListenerBook:
    """Wraps the pure set.

    Args:
        settings: asked each time.
        on_work: there is something for the keeper to do.
    """

    def __init__(
        self,
        *,
        instance: Instance,
        db: Database,
        bus: EventBus,
        clock: Clock,
        settings: Callable[[], ListeningSettings],
        on_work: Callable[[], None],
        pauses: ListenerPauses,
    ) -> None:
        self._instance = instance
        self._db = db
        self._bus = bus
        self._clock = clock
        self._on_work = on_work
        self._saved: dict[str, ListenerRecord] | None = None
        self.listeners = ListenerSet(
            limit=lambda: settings().max_listeners_per_instance,
            idle_limit_s=lambda: settings().timeout_minutes * 60.0,
            retry_base_s=pauses.retry_base_s,
            retry_cap_s=pauses.retry_cap_s,
        )

    @property
    def is_loaded(self) -> bool:
        """Whether the stored listeners are known."""
        return self._saved is not None

    async def load(self, permanent: Mapping[str, ListenerKind]) -> None:
        """Take over what an earlier run stored, once; what expired meanwhile expires in the first round.

        Raises:
            StorageError: the database cannot be read.
        """
        if self._saved is not None:
            return
        records = await load_listeners(self._db, self._instance.id)
        self._saved = {record.who: record for record in records}
        now, now_s = self._clock.now(), self._clock.monotonic()
        for record in records:
            if record.kind.is_permanent and record.who not in permanent:
                continue  # taken out of the configuration meanwhile; the next save forgets it
            since = record.last_message_at or record.added_at
            idle_s = max(0.0, (now - since).total_seconds())
            entry = Listener(
                who=record.who,
                kind=record.kind,
                last_active_s=now_s - idle_s,
                title=record.title,
                message_count=record.message_count,
                error_count=record.error_count,
                added_at=record.added_at,
                last_message_at=record.last_message_at,
                last_check_at=record.last_check_at,
            )
            self.listeners.restore(entry)

    async def save(self) -> None:
        """Store what changed since the last time; `load` goes first.

        Raises:
            StorageError, StorageOverloaded: nothing was stored; the next call tries again.
        """
        records = {entry.who: self._record(entry) for entry in self.listeners.all() if entry.leaving is None}
        saved = self._saved or {}
        changed = [record for who, record in records.items() if saved.get(who) != record]
        removed = [(self._instance.id, who) for who in saved if who not in records]
        if changed or removed:
            await self._db.run(lambda tx: save_listeners(tx, changed, removed))
        self._saved = records

    def sync(self, permanent: Mapping[str, ListenerKind]) -> None:
        """Follow the configuration."""
        for entry in self.listeners.sync(permanent, self._clock.monotonic()):
            self._made(entry)

    def batch_read(self, batch: ReadBatch) -> None:
        """Take note of the chats of a committed batch."""
        now_s = self._clock.monotonic()
        for chat in batch.chats:
            if chat.name in NAMELESS_CHATS or not chat.rows:
                continue
            is_window = batch.channel is Channel.WINDOW
            made = (
                self.listeners.rows(chat.name, now_s) if is_window else self.listeners.seen(chat.name, now_s)
            )
            if made is not None:
                self._made(made)
            entry = self.listeners.by_chat(chat.name)
            if entry is None:
                continue
            others = sum(row.origin is Origin.OTHER for row in chat.rows)
            # A listened chat shows up in the main window too: its rows count once, where they surely come.
            if others and (is_window or not entry.is_active(now_s)):
                entry.message_count += others
                entry.last_message_at = batch.received_at
            self.reflect(entry)
            is_open = entry.standing is Standing.LISTENED and entry.title is not None
            if not is_open and entry.next_try_s <= now_s:
                self._on_work()

    def proved(self, entry: Listener, title: str, info: WindowInfo | None = None) -> None:
        """Its window was seen, or its server says that it is listened."""
        self.listeners.proved(entry.who, title, self._clock.monotonic())
        entry.last_check_at = self._clock.now()
        self.reflect(entry, info)

    def missing(self, entry: Listener, reason: str) -> None:
        """It is certainly not listened."""
        self.listeners.missing(entry.who, reason, self._clock.monotonic())
        entry.last_check_at = self._clock.now()
        self.reflect(entry)

    def failed(self, entry: Listener, reason: str) -> None:
        """Opening or checking it went wrong."""
        self.listeners.failed(entry.who, reason, self._clock.monotonic())
        entry.last_check_at = self._clock.now()
        self.reflect(entry)

    def mistaken(self, entry: Listener, title: str) -> None:
        """The window that was opened for it belongs to another chat."""
        self.listeners.mistaken(entry.who, title)
        self.reflect(entry)

    def wrong_closed(self, entry: Listener) -> None:
        """The window of the other chat is closed."""
        self.listeners.wrong_closed(entry.who, self._clock.monotonic())
        self.reflect(entry)

    def removed(self, entry: Listener) -> None:
        """It is closed and forgotten."""
        self.listeners.removed(entry.who)
        self._instance.windows.gone(entry.who)
        reason = entry.leaving.value if entry.leaving is not None else ""
        self._bus.publish(ListenerRemoved(self._instance.id, entry.who, reason))

    def dismiss(self, who: str) -> bool:
        """A person lets an automatic listener go; False when there is none."""
        if not self.listeners.dismiss(who):
            return False
        self._instance.windows.gone(who)
        self._on_work()
        return True

    def forget_proofs(self) -> None:
        """The server restarted, or we did."""
        self._instance.windows.reset()
        self.listeners.forget_proofs(self._clock.monotonic())
        for entry in self.listeners.all():
            self.reflect(entry)

    def reflect(self, entry: Listener, info: WindowInfo | None = None) -> None:
        """Tell delivery what to expect of a window."""
        windows = self._instance.windows
        if entry.leaving is not None or entry.standing is Standing.WRONG:
            windows.gone(entry.who)
        elif entry.standing is Standing.LISTENED and entry.title is not None:
            if entry.is_active(self._clock.monotonic()):
                windows.verified(
                    entry.who,
                    title=entry.title,
                    rich=info.rich if info is not None else None,
                    chat_kind=info.chat_kind if info and info.chat_kind is not ChatKind.UNKNOWN else None,
                )
        elif entry.tries == 0 and entry.reason != "no_room":
            windows.mark_pending(entry.who)
        else:
            windows.gone(entry.who)

    def statuses(self) -> tuple[ListenerStatus, ...]:
        """All listeners that are to stay, permanent ones first, then by name."""
        now_s = self._clock.monotonic()
        entries = sorted(
            (entry for entry in self.listeners.all() if entry.leaving is None),
            key=lambda entry: (not entry.kind.is_permanent, entry.who),
        )
        return tuple(self._status(entry, now_s) for entry in entries)

    def _status(self, entry: Listener, now_s: float) -> ListenerStatus:
        active = entry.is_active(now_s)
        reason = "" if active else entry.reason or "not_verified"
        return ListenerStatus(
            instance_id=self._instance.id,
            who=entry.who,
            kind=entry.kind,
            active=active,
            title=entry.title,
            last_message_at=entry.last_message_at,
            last_check_at=entry.last_check_at,
            message_count=entry.message_count,
            error_count=entry.error_count,
            reason=reason,
        )

    def _made(self, entry: Listener) -> None:
        entry.added_at = self._clock.now()
        self._bus.publish(ListenerAdded(self._instance.id, entry.who, entry.kind))
        self.reflect(entry)
        self._on_work()

    def _record(self, entry: Listener) -> ListenerRecord:
        return ListenerRecord(
            instance_id=self._instance.id,
            who=entry.who,
            kind=entry.kind,
            title=entry.title,
            added_at=entry.added_at or self._clock.now(),
            last_message_at=entry.last_message_at,
            last_check_at=entry.last_check_at,
            message_count=entry.message_count,
            error_count=entry.error_count,
        )

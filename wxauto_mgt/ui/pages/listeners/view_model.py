"""What the listeners page shows: which chats have a window of their own, and whether that is proved.

Owns words and order. Called by the listeners page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from PySide6.QtCore import Signal

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.instances.model import INSTANCE, InstanceConfig
from wxauto_mgt.core.listening.model import (
    LISTENER,
    ListenerAdded,
    ListenerConfig,
    ListenerRemoved,
    ListenerStatus,
)
from wxauto_mgt.ui.bridge.seen import SeenViewModel
from wxauto_mgt.ui.config_editing import WHO, ConfigEditing
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.theme.tokens import Tone


class Listeners(Protocol):
    """What the page needs of the listening service."""

    def listeners(self) -> tuple[ListenerStatus, ...]:
        """All listeners."""

    async def remove(self, instance_id: str, who: str, *, by: str) -> bool:
        """Stop listening to a chat in its own window."""


@dataclass(frozen=True)
class ListenerRow:
    """One listener as the page shows it.

    Attributes:
        config_id: the configured listener behind it, or nothing.
    """

    instance_id: str
    instance: str
    who: str
    title: str
    kind: str
    kind_word: str
    tone: Tone
    state: str
    reason: str
    last_message_at: datetime | None
    last_check_at: datetime | None
    message_count: int
    error_count: int
    config_id: str

    @property
    def key(self) -> tuple[str, str]:
        """What tells rows apart."""
        return self.instance_id, self.who


class ListenersViewModel(SeenViewModel):
    """The listeners.

    Signals:
        changed: `rows` differ.
    """

    changed = Signal()

    def __init__(self, backstage: Backstage, *, listeners: Listeners, editing: ConfigEditing) -> None:
        super().__init__()
        self._words = backstage.words
        self._listeners = listeners
        self.editing = editing
        self.search = ""
        self.rows = self._read()
        self.remove = backstage.commands.command(self, "remove_listener", self._remove)
        backstage.bridge.inbox(self, ListenerAdded, ListenerRemoved).arrived.connect(self.refresh)
        editing.changes(backstage.bridge, self, LISTENER, INSTANCE).arrived.connect(self.refresh)

    def look(self) -> None:
        """Read again."""
        self.refresh()

    def set_search(self, text: str) -> None:
        """Show only chats whose name holds a text."""
        self.search = text.strip().casefold()
        self.refresh()

    def refresh(self, _: object = None) -> None:
        """Read again; announces only a difference."""
        rows = self._read()
        if rows != self.rows:
            self.rows = rows
            self.changed.emit()

    @property
    def has_instances(self) -> bool:
        """Whether there is a server to listen on."""
        return bool(self.editing.snapshot.candidate.objects(INSTANCE))

    @property
    def counts(self) -> tuple[int, int]:
        """How many are active, and how many there are; the search does not count."""
        listeners = self._listeners.listeners()
        return sum(listener.active for listener in listeners), len(listeners)

    def new_document(self) -> dict[str, JSON]:
        """What the form for a new listener opens with."""
        first = next(iter(self.editing.snapshot.candidate.objects(INSTANCE)), "")
        return {"instance": first, "kind": "manual"}

    async def _remove(self, row: ListenerRow) -> None:
        if not await self._listeners.remove(row.instance_id, row.who, by=WHO) and row.config_id:
            # It is configured for all instances at once: that is what has to go.
            await self.editing.delete(LISTENER, row.config_id)

    def _read(self) -> tuple[ListenerRow, ...]:
        instances: Mapping[str, InstanceConfig] = self.editing.snapshot.candidate.objects(INSTANCE)
        configured: Mapping[str, ListenerConfig] = self.editing.snapshot.candidate.objects(LISTENER)
        found = [
            self._row(status, instances, configured)
            for status in self._listeners.listeners()
            if self.search in status.who.casefold()
        ]
        return tuple(sorted(found, key=lambda row: (row.instance, row.who)))

    def _row(
        self,
        status: ListenerStatus,
        instances: Mapping[str, InstanceConfig],
        configured: Mapping[str, ListenerConfig],
    ) -> ListenerRow:
        words = self._words
        config = instances.get(status.instance_id)
        ids = (f"{status.instance_id}:{status.who}", f"*:{status.who}")
        word = "listeners.state_active" if status.active else "listeners.state_inactive"
        return ListenerRow(
            instance_id=status.instance_id,
            instance=config.label if config is not None else status.instance_id,
            who=status.who,
            title=status.title if status.title and status.title != status.who else "",
            kind=status.kind.value,
            kind_word=words(f"listener.kind.{status.kind}"),
            tone=Tone.OK if status.active else Tone.WARNING,
            state=words(word),
            reason=words(f"listener_reason.{status.reason}") if status.reason else "",
            last_message_at=status.last_message_at,
            last_check_at=status.last_check_at,
            message_count=status.message_count,
            error_count=status.error_count,
            config_id=next((one for one in ids if one in configured), ""),
        )

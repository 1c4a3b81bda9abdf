"""What the audit log shows: who did what, when, in sentences, newest first.

Owns words and paging; nothing here can change a line. Called by the audit panel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from PySide6.QtCore import Signal

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.ui.bridge.seen import SeenViewModel
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.pages.told import who_word
from wxauto_mgt.ui.words import Words

PAGE: Final = 100
SHOWN: Final = 5000
_NAMED_FIRST: Final = 3


class Entry(Protocol):
    """One line of the audit log."""

    @property
    def number(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def who(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def params(self) -> Mapping[str, JSON]: ...


class Audit(Protocol):
    """What the panel needs of the audit log."""

    async def entries(self, *, before: int | None = None, limit: int = ...) -> Sequence[Entry]:
        """Newest first."""


@dataclass(frozen=True)
class AuditRow:
    """One act."""

    number: int
    at: datetime
    who: str
    sentence: str
    facts: str


class AuditViewModel(SeenViewModel):
    """The audit log.

    Signals:
        changed: `rows` differ.
    """

    TICK_MS = 3000

    changed = Signal()

    def __init__(self, backstage: Backstage, *, audit: Audit) -> None:
        super().__init__()
        self._words = backstage.words
        self._audit = audit
        self.rows: tuple[AuditRow, ...] = ()
        self.has_more = False
        commands = backstage.commands
        self.newest = commands.reader(self, "audit_log", self._read_newest)
        self.newest.succeeded.connect(self._take_newest)
        self.older = commands.command(self, "older_audit_log", self._read_older)
        self.older.succeeded.connect(self._take_older)

    def look(self) -> None:
        """Read again."""
        self.newest.refresh()

    def load_more(self) -> None:
        """Read the lines before the oldest one shown."""
        if self.has_more and self.rows and len(self.rows) < SHOWN:
            self.older.start()

    async def _read_newest(self) -> Sequence[Entry]:
        return await self._audit.entries(limit=PAGE)

    async def _read_older(self) -> Sequence[Entry]:
        return await self._audit.entries(before=self.rows[-1].number, limit=PAGE)

    def _take_newest(self, entries: Sequence[Entry]) -> None:
        newest = tuple(self._row(entry) for entry in entries)
        older = tuple(row for row in self.rows if newest and row.number < newest[-1].number)
        if not older:
            self.has_more = len(newest) == PAGE
        self._show((*newest, *older))

    def _take_older(self, entries: Sequence[Entry]) -> None:
        self.has_more = len(entries) == PAGE
        self._show((*self.rows, *(self._row(entry) for entry in entries)))

    def _show(self, rows: tuple[AuditRow, ...]) -> None:
        if rows != self.rows:
            self.rows = rows[:SHOWN]
            self.changed.emit()

    def _row(self, entry: Entry) -> AuditRow:
        facts = [f"{name}: {_plain(value)}" for name, value in entry.params.items()]
        lines = [entry.action, entry.target, *facts]
        return AuditRow(
            number=entry.number,
            at=entry.at,
            who=who_word(self._words, entry.who),
            sentence=sentence_of(self._words, entry),
            facts="\n".join(lines),
        )


def sentence_of(words: Words, entry: Entry) -> str:
    """What was done, as a sentence; an act without one shows its symbolic name and target."""
    kind, _, name = entry.target.partition(" ")
    key = f"audit.{entry.action}"
    if not words.has(key):
        return words("audit.other", action=entry.action, target=entry.target)
    params: dict[str, object] = {**entry.params, "kind": kind, "name": name or kind}
    if isinstance(objects := entry.params.get("objects"), list):
        params["objects"] = _objects(words, objects)
    return words(key, **params)


def _objects(words: Words, objects: Sequence[JSON]) -> str:
    named = []
    for one in objects[:_NAMED_FIRST]:
        kind, _, name = str(one).partition(" ")
        key = f"settings.kind_{kind}"
        named.append(words("settings.change_place", kind=words(key) if words.has(key) else kind, name=name))
    more = (
        words("settings.and_more", count=len(objects) - _NAMED_FIRST) if len(objects) > _NAMED_FIRST else ""
    )
    return words("audit.separator").join(named) + more


def _plain(value: JSON) -> str:
    return ", ".join(str(part) for part in value) if isinstance(value, list) else str(value)

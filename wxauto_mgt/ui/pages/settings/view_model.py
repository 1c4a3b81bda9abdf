"""What the settings page does: groups as forms, the history of the configuration, import and export.

Owns words and the order of groups; what is allowed is the configuration service's.
Called by the settings page.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from PySide6.QtCore import QObject, Signal

from wxauto_mgt.core.config.model import JSON, SETTINGS, ImportResult, Put, Revision, RevisionChange
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.ui.config_editing import WHO, ConfigEditing
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.forms.schema import FieldSpec, fields_of, get, put
from wxauto_mgt.ui.pages.told import who_word

HISTORY_SHOWN = 100
# The reason that the configuration gives for a secret whose key is gone.
LOST_REASON = "secret_enter_again"
FIRST_GROUPS = ("ui", "listening", "delivery", "messages", "metrics", "logs")


@dataclass(frozen=True)
class SettingsForm:
    """One group, ready for a form.

    Attributes:
        document: what is in force, secrets null.
        read_only: key -> environment variable that wins over it.
        has_secret: secrets that have a value.
    """

    group: str
    specs: tuple[FieldSpec, ...]
    document: dict[str, JSON]
    read_only: dict[str, str]
    has_secret: frozenset[str]


@dataclass(frozen=True)
class RevisionRow:
    """One committed change as the history shows it."""

    number: int
    at: datetime
    who: str
    action: str
    summary: str
    details: tuple[str, ...]


class SettingsViewModel(QObject):
    """The settings.

    Signals:
        settings_changed: a group is other than before; carries its name.
        history_read: the history's rows, newest first.
        lost_changed: other secrets than before may be lost.
    """

    settings_changed = Signal(str)
    history_read = Signal(list)
    lost_changed = Signal()

    def __init__(self, backstage: Backstage, *, editing: ConfigEditing) -> None:
        super().__init__()
        self._words = backstage.words
        self.editing = editing
        self.revisions: list[RevisionRow] = []
        commands = backstage.commands
        self.save = commands.command(self, "save_settings", self._save)
        self.reset = commands.command(self, "reset_settings", self._reset)
        self.rollback = commands.command(self, "rollback", self._rollback)
        self.forget_lost = commands.command(self, "forget_lost_secrets", self._forget_lost)
        self.forget_lost.succeeded.connect(self.lost_changed)
        self.export = commands.command(self, "export", self._export)
        self.preview = commands.command(self, "preview_import", self._preview)
        self.take_in = commands.command(self, "import", self._import)
        self._reader = commands.reader(self, "history", self._read_history)
        self._reader.succeeded.connect(self._take_history)
        inbox = editing.changes(backstage.bridge, self)
        inbox.arrived.connect(self._note_changes)

    def groups(self) -> list[tuple[str, str]]:
        """Names of the groups with their words, the everyday ones first."""
        names = list(self.editing.config.settings_groups)
        first = [name for name in FIRST_GROUPS if name in names]
        ordered = first + [name for name in names if name not in first]
        return [(name, self._words(f"settings.group.{name}")) for name in ordered]

    def form(self, group: str) -> SettingsForm:
        """The group as it is in force now."""
        known = self.editing.config.settings_groups[group]
        snapshot = self.editing.snapshot
        document: dict[str, JSON] = snapshot.settings(group).model_dump(mode="json")
        has_secret = frozenset(path for path in known.secret_fields if get(document, path))
        for path in known.secret_fields:
            put(document, path, None)
        specs = fields_of(known.model.model_json_schema())
        return SettingsForm(group, specs, document, snapshot.locked_by(group), has_secret)

    def lost_secrets(self) -> list[str]:
        """Names of the objects whose secret was sealed with a key that is gone."""
        found = self.editing.snapshot.unreadable.items()
        return [
            self._words(
                "settings.change_place", kind=self._words(f"settings.kind_{kind}"), name=self._name(kind, one)
            )
            for (kind, one), problem in found
            if problem.reason == LOST_REASON
        ]

    def read_history(self) -> None:
        """Ask for the newest revisions; they arrive by `history_read`."""
        self._reader.refresh()

    async def _save(self, group: str, document: dict[str, JSON]) -> None:
        # What the environment decides is not stored: it would come in force once the variable is gone.
        fixed = self.form(group).read_only
        wanted = {key: value for key, value in document.items() if key not in fixed}
        await self.editing.config.apply([Put(SETTINGS, group, wanted)], who=WHO)

    async def _reset(self, group: str) -> None:
        await self.editing.delete(SETTINGS, group)

    async def _rollback(self, number: int) -> None:
        await self.editing.config.rollback(number, who=WHO)

    async def _forget_lost(self) -> None:
        await self.editing.config.forget_lost_secrets(who=WHO)

    async def _export(self, path: Path) -> str:
        document = await self.editing.config.export(with_secrets=False)
        text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
        try:
            await asyncio.to_thread(path.write_text, text, "utf-8")
        except OSError as error:
            raise PermanentError("file_not_writable", path=str(path), reason=error.strerror) from error
        return str(path)

    async def _preview(self, path: Path) -> tuple[Path, ImportResult]:
        text = await self._read_file(path)
        result = await self.editing.config.import_document(
            text, filename=path.name, replace=False, who=WHO, dry_run=True
        )
        return path, result

    async def _import(self, path: Path) -> ImportResult:
        text = await self._read_file(path)
        return await self.editing.config.import_document(text, filename=path.name, replace=False, who=WHO)

    async def _read_file(self, path: Path) -> str:
        try:
            return await asyncio.to_thread(path.read_text, "utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PermanentError("file_not_readable", path=str(path), reason=type(error).__name__) from error

    async def _read_history(self) -> list[Revision]:
        return list(await self.editing.config.history(limit=HISTORY_SHOWN))

    def _take_history(self, revisions: list[Revision]) -> None:
        self.revisions = [self._row(revision) for revision in revisions]
        self.history_read.emit(self.revisions)

    def _note_changes(self, changes: list[Any]) -> None:
        for group in {change.id for change in changes if change.kind == SETTINGS}:
            self.settings_changed.emit(group)
        self.lost_changed.emit()
        self.read_history()

    def _name(self, kind: str, object_id: str) -> str:
        thing: Any = self.editing.snapshot.candidate.objects(kind).get(object_id)
        return str(getattr(thing, "name", "") or object_id)

    def _row(self, revision: Revision) -> RevisionRow:
        words = self._words
        lines = tuple(self._change(change) for change in revision.changes)
        more = words("settings.and_more", count=len(lines) - 1) if len(lines) > 1 else ""
        action = f"settings.action_{revision.action}"
        return RevisionRow(
            number=revision.number,
            at=revision.at,
            who=who_word(words, revision.who),
            action=words(action) if words.has(action) else revision.action,
            summary=(lines[0] + more) if lines else "",
            details=lines,
        )

    def _change(self, change: RevisionChange) -> str:
        words = self._words
        what = "removed" if change.after is None else "added" if change.before is None else "updated"
        place = words("settings.change_place", kind=words(f"settings.kind_{change.kind}"), name=change.id)
        line = words(f"settings.change_{what}", place=place)
        if what == "updated" and change.changed_fields:
            line += words("settings.change_fields", fields=", ".join(change.changed_fields))
        return line

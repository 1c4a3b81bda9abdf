"""Adding, editing and deleting configured objects, the same on every page.

Owns the dialogs; what is allowed is decided by the configuration service. Called by pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.ui.bridge.command import AsyncCommand
from wxauto_mgt.ui.config_editing import ConfigEditing, Draft
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.forms.edit_dialog import Advise, EditDialog, Test
from wxauto_mgt.ui.forms.form import SchemaForm
from wxauto_mgt.ui.forms.schema import FieldSpec
from wxauto_mgt.ui.widgets.command_button import announce
from wxauto_mgt.ui.widgets.dialogs import ConfirmDialog

Prepare = Callable[[dict[str, JSON]], dict[str, JSON]]
"""Turns what a form holds into the document that is stored."""


def as_entered(document: dict[str, JSON]) -> dict[str, JSON]:
    """For kinds whose form is the document."""
    return document


@dataclass(frozen=True)
class EditorWords:
    """Catalogue keys of what the dialogs say."""

    add_title: str
    edit_title: str
    intro: str
    delete_title: str
    delete_text: str


class ObjectEditor(QObject):
    """Opens the dialogs for one kind of object."""

    def __init__(
        self,
        page: QWidget,
        desk: Desk,
        editing: ConfigEditing,
        *,
        kind: str,
        words: EditorWords,
        test: Test | None = None,
        advise: Advise | None = None,
        prepare: Prepare = as_entered,
    ) -> None:
        super().__init__(page)
        self._page = page
        self._desk = desk
        self._editing = editing
        self._kind = kind
        self._keys = words
        self._test = test
        self._advise = advise
        self._prepare = prepare
        self.dialog: EditDialog | None = None
        self.question: ConfirmDialog | None = None
        self._load = desk.commands.command(self, "load_object", self._load_draft)
        self._load.succeeded.connect(self._open)
        self._load.failed.connect(desk.failed)
        self._delete: AsyncCommand = desk.commands.command(self, "delete_object", self._delete_object)
        announce(self, desk, self._delete, desk.words("form.deleted"))

    def add(
        self, given: Mapping[str, JSON], *, more: tuple[FieldSpec, ...] = (), title: str = ""
    ) -> EditDialog:
        """Open a form of an object that is not stored; `title` where it is not simply new."""
        return self._open(self._editing.new(self._kind, given, more=more), title)

    def edit(self, object_id: str, *, more: tuple[FieldSpec, ...] = ()) -> None:
        """Open a stored object once it was read."""
        self._load.start(object_id, more)

    def delete(self, object_id: str, name: str) -> ConfirmDialog:
        """Ask, then delete."""
        words = self._desk.words
        question = ConfirmDialog(
            self._desk.theme,
            self._page.window(),
            title=words(self._keys.delete_title, name=name),
            text=words(self._keys.delete_text, name=name),
            yes=words("form.delete_yes"),
            no=words("form.cancel"),
            is_dangerous=True,
        )
        question.accepted.connect(lambda: self._delete.start(object_id))
        question.open()
        self.question = question
        return question

    async def _load_draft(self, object_id: str, more: tuple[FieldSpec, ...]) -> Draft:
        return await self._editing.stored(self._kind, object_id, more=more)

    async def _delete_object(self, object_id: str) -> None:
        await self._editing.delete(self._kind, object_id)

    def _open(self, draft: Draft, title: str = "") -> EditDialog:
        words = self._desk.words
        form = SchemaForm(self._desk.theme, words, draft.specs, references=self._editing.choices)
        form.show_document(draft.document, has_secret=draft.has_secret, variables=draft.variables)
        for path in draft.fixed:
            form.set_read_only(path, words("form.fixed_field"))
        name = str(draft.document.get("name") or draft.document.get("id") or "")
        dialog = EditDialog(
            self._desk,
            self._page.window(),
            title=title or words(self._keys.add_title if draft.is_new else self._keys.edit_title, name=name),
            intro=words(self._keys.intro),
            form=form,
            save=self._save,
            test=self._test,
            advise=self._advise,
        )
        dialog.saved.connect(lambda: self._desk.done.emit(words("form.saved")))
        dialog.finished.connect(self._forget_dialog)
        dialog.open()
        self.dialog = dialog
        return dialog

    def _forget_dialog(self, _: int) -> None:
        self.dialog = None

    async def _save(self, document: dict[str, JSON]) -> None:
        await self._editing.save(self._kind, self._prepare(document))

"""One group of settings as a form with its own save and reset. Called by the settings page."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from wxauto_mgt.errors import ConfigError, ConsoleError
from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.forms.form import SchemaForm
from wxauto_mgt.ui.pages.settings.view_model import SettingsViewModel
from wxauto_mgt.ui.theme.tokens import Space, Tone
from wxauto_mgt.ui.widgets.layout import Card, button, fill, label, row, scrolled
from wxauto_mgt.ui.widgets.notices import Notice


class GroupForm(QWidget):
    """A group's form; unsaved entries survive changes made elsewhere."""

    def __init__(self, desk: Desk, view_model: SettingsViewModel, group: str, title: str) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        self._group = group
        self.is_dirty = False
        shown = view_model.form(group)
        words = desk.words
        self.form = SchemaForm(desk.theme, words, shown.specs, references=view_model.editing.choices)
        self.notice = Notice(desk.theme)
        self.fixed = Notice(desk.theme, tone=Tone.INFO)
        self.save_button = button(desk.theme, words("form.save"), kind="primary")
        self.reset_button = button(desk.theme, words("settings.reset"))
        content = QWidget()
        inner = QVBoxLayout(content)
        fill(inner, (self.form, None), Space.M, 0)
        inner.setContentsMargins(0, 0, Space.M, 0)
        about = f"settings.about_{group}"
        head = [label(title, "section")]
        if words.has(about):
            head.append(label(words(about), "muted", wrap=True))
        card = Card(
            *head,
            self.fixed,
            self.notice,
            scrolled(content),
            row(self.reset_button, None, self.save_button),
            margin=Space.L,
            spacing=Space.M,
        )
        fill(QVBoxLayout(self), (card,), 0, 0)
        self._wire()
        self.show_stored()

    def show_stored(self) -> None:
        """Show what is in force; unsaved entries are gone."""
        shown = self._view_model.form(self._group)
        self.form.show_document(shown.document, has_secret=shown.has_secret)
        words = self._desk.words
        for key, variable in shown.read_only.items():
            self.form.set_read_only(key, words("settings.by_environment", variable=variable))
        variables = ", ".join(sorted(set(shown.read_only.values())))
        self.fixed.say(words("settings.fixed", variables=variables) if variables else "")
        self.notice.say("")
        self._set_dirty(is_dirty=False)

    def _wire(self) -> None:
        view_model = self._view_model
        self.form.changed.connect(lambda: self._set_dirty(is_dirty=True))
        self.save_button.clicked.connect(lambda: view_model.save.start(self._group, self.form.document()))
        self.reset_button.clicked.connect(lambda: view_model.reset.start(self._group))
        connect_for(self, view_model, view_model.settings_changed, self._note_change)
        for command in (view_model.save, view_model.reset):
            connect_for(self, command, command.succeeded, self._note_done)
            connect_for(self, command, command.refused, self._show_refusal)

    def _note_change(self, group: str) -> None:
        if group == self._group and not self.is_dirty:
            self.show_stored()

    def _note_done(self, _: object) -> None:
        if self.isVisible():
            self.show_stored()
            self._desk.done.emit(self._desk.words("form.saved"))

    def _show_refusal(self, error: ConsoleError) -> None:
        if not self.isVisible():
            return
        if isinstance(error, ConfigError):
            rest = self.form.show_problems(error.problems)
            self.notice.say("\n".join(self._desk.words.problem_with_place(p) for p in rest))
        else:
            self.notice.say(self._desk.words.error(error))

    def _set_dirty(self, *, is_dirty: bool) -> None:
        self.is_dirty = is_dirty
        self.save_button.setEnabled(is_dirty)

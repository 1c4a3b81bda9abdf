"""The settings: groups as forms; the API's tokens; history with rollback; import and export.

Owns widgets and layout. Built by the window.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QButtonGroup, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from wxauto_mgt.core.config.model import ImportResult
from wxauto_mgt.errors import ConfigError, ConsoleError
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.main_window import Page
from wxauto_mgt.ui.pages.access.panel import AccessPanel
from wxauto_mgt.ui.pages.access.view_model import AccessViewModel
from wxauto_mgt.ui.pages.settings.group_form import GroupForm
from wxauto_mgt.ui.pages.settings.history import HistoryPanel
from wxauto_mgt.ui.pages.settings.lost_secrets import LostSecrets
from wxauto_mgt.ui.pages.settings.view_model import SettingsViewModel
from wxauto_mgt.ui.theme.tokens import Space, Tone
from wxauto_mgt.ui.widgets.command_button import announce, drive
from wxauto_mgt.ui.widgets.dialogs import ConfirmDialog, ask_open_path, ask_save_path
from wxauto_mgt.ui.widgets.layout import Card, button, fill, page_header, row, scrolled
from wxauto_mgt.ui.widgets.notices import Notice

FILE_FILTER = "YAML (*.yaml *.yml);;JSON (*.json)"
SUGGESTED = "wxauto-mgt.yaml"
SIDE_WIDTH = 190
TOKENS = "tokens"
HISTORY = "history"


class SettingsPage(Page):
    """The settings."""

    def __init__(self, desk: Desk, view_model: SettingsViewModel, access: AccessViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        self._groups = view_model.groups()
        self._forms: dict[str, GroupForm] = {}
        self._shown = 0
        words = desk.words
        titles = [title for _, title in self._groups] + [words("access.title"), words("settings.history")]
        self.places = [place_button(title) for title in titles]
        self.stack = QStackedWidget()
        self.access = AccessPanel(desk, access)
        self.history = HistoryPanel(desk, view_model)
        self.lost_secrets = LostSecrets(desk, view_model)
        self.import_notice = Notice(desk.theme)
        self._lay_out()
        self._wire()
        self.show_place(0)

    def activate(self, word: str) -> None:
        names = [name for name, _ in self._groups]
        if word in (TOKENS, HISTORY):
            self.show_place(len(names) + (TOKENS, HISTORY).index(word))
        elif word in names:
            self.show_place(names.index(word))

    def showEvent(self, event: QShowEvent) -> None:
        self._view_model.read_history()

    def show_place(self, number: int) -> None:
        """Show a group, or what stands after the last group: tokens, history."""
        self._shown = number
        if number < len(self._groups):
            self.stack.setCurrentWidget(self._form(self._groups[number][0]))
        else:
            self.stack.setCurrentWidget((self.access, self.history)[number - len(self._groups)])
        self.places[number].setChecked(True)

    @property
    def current_form(self) -> GroupForm | None:
        """The form of the group shown; None for what is no group."""
        name = self._groups[self._shown][0] if self._shown < len(self._groups) else ""
        return self._forms.get(name)

    def _form(self, group: str) -> GroupForm:
        if group not in self._forms:
            form = GroupForm(self._desk, self._view_model, group, dict(self._groups)[group])
            self._forms[group] = form
            self.stack.addWidget(form)
        return self._forms[group]

    def _lay_out(self) -> None:
        words, theme = self._desk.words, self._desk.theme
        self.import_button = button(theme, words("settings.import"), "import")
        self.export_button = button(theme, words("settings.export"), "export")
        header = page_header(
            words("page.settings"), words("settings.subtitle"), self.import_button, self.export_button
        )
        for panel in (self.access, self.history):
            self.stack.addWidget(panel)
        places = QWidget()
        fill(QVBoxLayout(places), (*self.places, None), 2, 0)
        side = Card(scrolled(places), margin=Space.S)
        side.setFixedWidth(SIDE_WIDTH)
        group = QButtonGroup(self)
        for made in self.places:
            group.addButton(made)
        body = QVBoxLayout(self)
        middle = row(side, self.stack, spacing=Space.M)
        middle.setStretch(1, 1)
        fill(body, (header, self.lost_secrets, self.import_notice, middle), Space.M, Space.XL)
        body.setStretch(3, 1)

    def _wire(self) -> None:
        desk, view_model = self._desk, self._view_model
        for number, made in enumerate(self.places):
            made.clicked.connect(lambda _=False, n=number: self._go(n))
        exporting = desk.commands.command(self, "choose_export", self._choose_export)
        importing = desk.commands.command(self, "choose_import", self._choose_import)
        drive(self.export_button, exporting)
        drive(self.import_button, importing)
        announce(self, desk, view_model.export, desk.words("settings.exported"))
        announce(self, desk, view_model.take_in, desk.words("settings.imported"))
        view_model.preview.succeeded.connect(self._confirm_import)
        view_model.preview.refused.connect(self._show_refusal)
        view_model.take_in.refused.connect(self._show_refusal)

    def _go(self, number: int) -> None:
        if number == self._shown:
            return
        form = self.current_form
        if form is None or not form.is_dirty:
            self.show_place(number)
            return
        words = self._desk.words
        question = ConfirmDialog(
            self._desk.theme,
            self.window(),
            title=words("form.discard_title"),
            text=words("form.discard_text"),
            yes=words("form.discard_yes"),
            no=words("form.discard_no"),
            is_dangerous=True,
        )

        def leave() -> None:
            form.show_stored()
            self.show_place(number)

        question.accepted.connect(leave)
        question.rejected.connect(lambda: self.show_place(self._shown))
        question.open()

    async def _choose_export(self) -> None:
        words = self._desk.words
        path = await ask_save_path(self.window(), words("settings.export"), FILE_FILTER, SUGGESTED)
        if path is not None:
            self._view_model.export.start(path)

    async def _choose_import(self) -> None:
        self.import_notice.say("")
        path = await ask_open_path(self.window(), self._desk.words("settings.import"), FILE_FILTER)
        if path is not None:
            self._view_model.preview.start(path)

    def _confirm_import(self, found: tuple[Path, ImportResult]) -> None:
        path, result = found
        words = self._desk.words
        if not result.is_change:
            self.import_notice.say(words("settings.import_nothing"), Tone.INFO)
            return
        question = ConfirmDialog(
            self._desk.theme,
            self.window(),
            title=words("settings.import_title", file=path.name),
            text=words("settings.import_text", added=len(result.added), updated=len(result.updated)),
            yes=words("settings.import_yes"),
            no=words("form.cancel"),
        )
        question.accepted.connect(lambda: self._view_model.take_in.start(path))
        question.open()

    def _show_refusal(self, error: ConsoleError) -> None:
        words = self._desk.words
        if isinstance(error, ConfigError):
            lines = [words.problem_with_place(problem) for problem in error.problems[:8]]
            self.import_notice.say("\n".join([words("settings.import_refused"), *lines]), Tone.CRITICAL)
        else:
            self.import_notice.say(words.error(error), Tone.CRITICAL)


def place_button(title: str) -> QPushButton:
    """One entry of the list of groups."""
    made = QPushButton(title)
    made.setProperty("kind", "nav")
    made.setCheckable(True)
    return made

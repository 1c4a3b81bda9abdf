"""The dialog around a form: save, test, refusals, and a guard for unsaved changes.

Owns the conversation; saving and testing are given by the page's view-model. Called by pages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractButton, QDialog, QVBoxLayout, QWidget

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.errors import ConfigError, ConsoleError
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.forms.form import SchemaForm
from wxauto_mgt.ui.theme.tokens import Space, Tone
from wxauto_mgt.ui.widgets.command_button import drive
from wxauto_mgt.ui.widgets.dialogs import ConfirmDialog
from wxauto_mgt.ui.widgets.layout import button, fill, label, row, scrolled
from wxauto_mgt.ui.widgets.notices import Notice

Save = Callable[[dict[str, JSON]], Awaitable[object]]


@dataclass(frozen=True)
class TestOutcome:
    """What a connection test found, as a sentence."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    tone: Tone
    sentence: str


Test = Callable[[dict[str, JSON]], Awaitable[TestOutcome]]
Advise = Callable[[dict[str, JSON]], str]
"""Looks at an unsaved document and gives advice, or nothing."""


class EditDialog(QDialog):
    """Add or edit one object.

    Signals:
        saved: after the service took the edit.
    """

    saved = Signal()

    def __init__(
        self,
        desk: Desk,
        parent: QWidget,
        *,
        title: str,
        intro: str,
        form: SchemaForm,
        save: Save,
        test: Test | None = None,
        advise: Advise | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setModal(True)
        self._desk = desk
        self.form = form
        self._advise = advise
        self._is_dirty = False
        self.question: ConfirmDialog | None = None
        self.notice = Notice(desk.theme)
        self.outcome = Notice(desk.theme, tone=Tone.INFO)
        self.advice = Notice(desk.theme, tone=Tone.WARNING)
        self.save_button = button(desk.theme, desk.words("form.save"), kind="primary")
        self.cancel_button = button(desk.theme, desk.words("form.cancel"))
        self.test_button = button(desk.theme, desk.words("form.test"), "test")
        self._save = desk.commands.command(self, "save", save)
        self._lay_out(title, intro, has_test=test is not None)
        self._wire(test)
        self._show_advice()

    @property
    def is_dirty(self) -> bool:
        """Whether something was entered since the dialog opened."""
        return self._is_dirty

    def start_saving(self) -> None:
        """Hand the document to the service; the dialog closes when it took it."""
        self._save.start(self.form.document())

    def reject(self) -> None:
        """Close, but ask first when something would be lost."""
        if not self._is_dirty:
            super().reject()
            return
        words = self._desk.words
        question = ConfirmDialog(
            self._desk.theme,
            self,
            title=words("form.discard_title"),
            text=words("form.discard_text"),
            yes=words("form.discard_yes"),
            no=words("form.discard_no"),
            is_dangerous=True,
        )
        question.accepted.connect(self._discard)
        question.open()
        self.question = question

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Enter inside a field must not save half a form; Ctrl+Enter does.
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            focused = self.focusWidget()
            if isinstance(focused, QAbstractButton):
                focused.click()
            return
        super().keyPressEvent(event)

    def _discard(self) -> None:
        self._is_dirty = False
        super().reject()

    def _lay_out(self, title: str, intro: str, *, has_test: bool) -> None:
        content = QWidget()
        body = QVBoxLayout(content)
        fill(body, (self.form, None), 0, 0)
        body.setContentsMargins(0, 0, Space.M, 0)
        head = [label(title, "title")]
        if intro:
            head.append(label(intro, "muted", wrap=True))
        foot = row(self.test_button, None, self.cancel_button, self.save_button)
        fill(
            QVBoxLayout(self),
            (*head, self.notice, scrolled(content), self.advice, self.outcome, foot),
            Space.M,
            Space.XL,
        )
        self.test_button.setVisible(has_test)
        wanted = self.form.sizeHint().height() + 190
        self.resize(680, max(min(wanted, 720), 320))

    def _wire(self, test: Test | None) -> None:
        self.form.changed.connect(self._note_change)
        self.cancel_button.clicked.connect(self.reject)
        self._save.running_changed.connect(self._forget_refusal)
        self._save.refused.connect(self._show_refusal)
        self._save.failed.connect(self._show_failure)
        self._save.succeeded.connect(self._finish)
        drive(self.save_button, self._save, arguments=lambda: (self.form.document(),))
        QShortcut(QKeySequence("Ctrl+Return"), self, self.start_saving)
        QShortcut(QKeySequence.StandardKey.Save, self, self.start_saving)
        if test is not None:
            testing = self._desk.commands.command(self, "test", test)
            drive(self.test_button, testing, arguments=lambda: (self.form.document(),))
            testing.running_changed.connect(self._show_testing)
            testing.succeeded.connect(lambda found: self.outcome.say(found.sentence, found.tone))
            testing.refused.connect(self._show_refusal)
            testing.failed.connect(lambda line: self.outcome.say(line, Tone.CRITICAL))

    def _note_change(self) -> None:
        self._is_dirty = True
        self.outcome.say("")
        self._show_advice()

    def _show_advice(self) -> None:
        if self._advise is not None:
            self.advice.say(self._advise(self.form.document()))

    def _show_testing(self, is_running: bool) -> None:
        if is_running:
            self.outcome.say(self._desk.words("form.testing"), Tone.INFO)

    def _forget_refusal(self, is_running: bool) -> None:
        """What was refused before says nothing of this attempt."""
        if is_running:
            self.notice.say("")
            self.form.clear_problems()

    def _show_refusal(self, error: ConsoleError) -> None:
        if isinstance(error, ConfigError):
            rest = self.form.show_problems(error.problems)
            self.notice.say("\n".join(self._desk.words.problem_with_place(p) for p in rest))

    def _show_failure(self, line: str) -> None:
        # A refusal that found its fields needs no second line at the top.
        if not self.notice.text and not self.form.has_problems:
            self.notice.say(line)

    def _finish(self, _: object) -> None:
        self._is_dirty = False
        self.saved.emit()
        self.accept()

"""The pane with everything that one log record holds. Called by the panels of the logs page."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QPlainTextEdit, QVBoxLayout, QWidget

from wxauto_mgt.core.logs.record import CONTEXT_FIELDS, LogEntry
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.pages.logs.statistics_view_model import LEVEL_TONES
from wxauto_mgt.ui.pages.logs.table_model import detail_of
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.layout import Card, button, fill, icon_button, label, row, scrolled
from wxauto_mgt.ui.widgets.status_chip import StatusChip

WIDTH = 348
_NAME_WIDTH = 84


class RecordPane(Card):
    """One record; hidden while there is none.

    Attributes:
        lines: names and values shown, in order.

    Signals:
        around_wanted: the operator wants to see what was logged before and after this record.
    """

    around_wanted = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__(margin=Space.L, spacing=Space.S)
        self._desk = desk
        self.entry: LogEntry | None = None
        self.lines: list[tuple[str, str]] = []
        words, theme = desk.words, desk.theme
        self.setFixedWidth(WIDTH)
        self._chip = StatusChip(theme)
        self._time = label("", "caption")
        self.message = label("", wrap=True)
        self._fields = QGridLayout()
        self._exception = QPlainTextEdit()
        self.close_button = icon_button(theme, "close", words("logs.close_record"))
        self.copy_button = button(theme, words("logs.copy"), "copy")
        self.around_button = button(theme, words("logs.around"), "search", tip=words("logs.around_tip"))
        self._lay_out()
        self.close_button.clicked.connect(lambda: self.show_entry(None))
        self.copy_button.clicked.connect(self.copy)
        self.around_button.clicked.connect(lambda: self.around_wanted.emit(self.entry))
        self.hide()

    def show_entry(self, entry: LogEntry | None) -> None:
        """Show a record, or nothing."""
        self.entry = entry
        self.setVisible(entry is not None)
        if entry is None:
            return
        words = self._desk.words
        self._chip.show_status(LEVEL_TONES[entry.level], words(f"logs.level_{entry.level}"))
        self._time.setText(words.moment(entry.timestamp))
        self.message.setText(entry.message)
        self._show_fields(entry)
        self._exception.setVisible(bool(entry.exception))
        self._exception.setPlainText(entry.exception or "")

    def copy(self) -> None:
        """Put the whole record on the clipboard."""
        if self.entry is not None:
            QGuiApplication.clipboard().setText(detail_of(self.entry))
            self._desk.done.emit(self._desk.words("logs.copied", count=1))

    def _lay_out(self) -> None:
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._exception.setProperty("kind", "mono")
        self._exception.setReadOnly(True)
        self._exception.setMinimumHeight(180)
        self._exception.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._fields.setHorizontalSpacing(Space.S)
        self._fields.setVerticalSpacing(Space.XS)
        self._fields.setColumnStretch(1, 1)
        content = QWidget()
        inner = QVBoxLayout(content)
        fill(inner, (self.message, self._fields, self._exception, None), Space.M, 0)
        inner.setContentsMargins(0, 0, Space.S, 0)
        self.body.addLayout(row(self._chip, self._time, None, self.close_button))
        self.body.addWidget(scrolled(content))
        self.body.addLayout(row(self.around_button, self.copy_button, None))

    def _show_fields(self, entry: LogEntry) -> None:
        while (item := self._fields.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                # Gone at once: a new record's fields must not be drawn over the old one's.
                widget.setParent(None)
                widget.deleteLater()
        words = self._desk.words
        named = [
            ("category", words(f"logs.category_{entry.category}")),
            ("exact_time", entry.timestamp.isoformat()),
        ]
        named += [(name, str(value)) for name in CONTEXT_FIELDS if (value := getattr(entry, name))]
        named.append(("place", f"{entry.module}:{entry.line_number} {entry.function}"))
        self.lines = [(words(f"logs.record_{name}"), text) for name, text in named]
        self.lines += [(name, str(value)) for name, value in entry.facts.items()]
        for number, (name, text) in enumerate(self.lines):
            shown = label(name, "caption", wrap=True)
            shown.setFixedWidth(_NAME_WIDTH)
            value = label(breakable(text), "mono", wrap=True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._fields.addWidget(shown, number, 0, Qt.AlignmentFlag.AlignTop)
            self._fields.addWidget(value, number, 1)


def breakable(text: str) -> str:
    """Let a long name break after its dots and slashes; a label breaks at spaces only."""
    for mark in "./_:":
        text = text.replace(mark, f"{mark}\u200b")
    return text

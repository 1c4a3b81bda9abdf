"""The live tail: what the console does, as it does it. Called by the logs page."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication, QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from wxauto_mgt.core.logs.record import Category, Level, LogEntry
from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.forms.editors import CalmComboBox
from wxauto_mgt.ui.pages.logs.record_pane import RecordPane
from wxauto_mgt.ui.pages.logs.table_model import LogModel, detail_of
from wxauto_mgt.ui.pages.logs.view_model import LogFilter, LogsViewModel
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.layout import Card, button, fill, label, row
from wxauto_mgt.ui.widgets.segments import Segments
from wxauto_mgt.ui.widgets.table_view import RowTable

LEVELS = (Level.DEBUG, Level.INFO, Level.WARNING, Level.ERROR)


class LivePanel(QWidget):
    """The newest records in memory, followed."""

    def __init__(self, desk: Desk, view_model: LogsViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        words, theme = desk.words, desk.theme
        self.model = LogModel(words)
        self.table = RowTable(theme, self.model, words("page.logs"))
        self.level = Segments(
            [(level.value, words(f"logs.from_{level}")) for level in LEVELS], view_model.filter.least.value
        )
        self.category = category_picker(desk)
        self.search = QLineEdit()
        self.search.setPlaceholderText(words("logs.search"))
        self.search.setClearButtonEnabled(True)
        self.pause_button = button(theme, words("logs.pause"), "pause")
        self.copy_button = button(theme, words("logs.copy"), "copy")
        self.record = RecordPane(desk)
        self._count = label("", "caption")
        self._lay_out()
        self._wire()
        view_model.start_over()

    def showEvent(self, event: QShowEvent) -> None:
        self._view_model.set_active(is_active=True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._view_model.set_active(is_active=False)

    def _lay_out(self) -> None:
        tools = row(self.level, self.category, self.search, self._count, self.pause_button, self.copy_button)
        tools.setStretch(2, 1)
        middle = row(Card(self.table, margin=1), self.record, spacing=Space.M)
        middle.setStretch(0, 1)
        body = QVBoxLayout(self)
        fill(body, (tools, middle), Space.M, 0)
        body.setStretch(1, 1)

    def _wire(self) -> None:
        view_model = self._view_model
        connect_for(self, view_model, view_model.appended, self._append)
        connect_for(self, view_model, view_model.restarted, self.model.clear)
        self.level.chosen.connect(self._apply_filter)
        self.category.activated.connect(self._apply_filter)
        self.search.textChanged.connect(self._apply_filter)
        self.pause_button.clicked.connect(self._toggle_pause)
        self.copy_button.clicked.connect(self._copy)
        self.table.picked.connect(lambda number: self.record.show_entry(self.model.row_at(number)))
        copy = QShortcut(QKeySequence.StandardKey.Copy, self.table, self._copy)
        copy.setAutoRepeat(False)

    def _apply_filter(self, _: object = None) -> None:
        category = self.category.currentData()
        self._view_model.set_filter(
            LogFilter(
                least=Level(self.level.current),
                category=Category(category) if category else None,
                text=self.search.text().strip().casefold(),
            )
        )

    def _append(self, entries: list[LogEntry]) -> None:
        bar = self.table.verticalScrollBar()
        # Follow the end only where the operator looks at the end, and has picked nothing to read.
        is_at_end = bar.value() >= bar.maximum() - 4
        self.model.add_below(entries)
        if is_at_end:
            self.table.scrollToBottom()
        self._count.setText(self._desk.words("logs.count", count=self.model.rowCount()))

    def _toggle_pause(self) -> None:
        words = self._desk.words
        self._view_model.set_paused(is_paused=not self._view_model.is_paused)
        is_paused = self._view_model.is_paused
        self.pause_button.setText(words("logs.resume" if is_paused else "logs.pause"))
        self.pause_button.setIcon(self._desk.theme.icon("play" if is_paused else "pause"))

    def _copy(self) -> None:
        entry = self.model.row_at(self.table.current_row)
        entries = [entry] if entry is not None else list(self.model.rows)
        QGuiApplication.clipboard().setText("\n".join(detail_of(one) for one in entries))
        self._desk.done.emit(self._desk.words("logs.copied", count=len(entries)))


def category_picker(desk: Desk) -> CalmComboBox:
    """A box with every category, all of them first."""
    picker = CalmComboBox()
    picker.addItem(desk.words("logs.any_category"), None)
    for category in Category:
        picker.addItem(desk.words(f"logs.category_{category}"), category)
    picker.setFixedWidth(150)
    picker.setAccessibleName(desk.words("logs.column_category"))
    return picker

"""The search of the logs: words, level, category, instance, time; older pages on demand.

Called by the logs page.
"""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QDateTime, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QAbstractSpinBox, QDateTimeEdit, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from wxauto_mgt.core.instances.model import INSTANCE
from wxauto_mgt.core.logs.record import Category, Level, LogEntry
from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.forms.editors import CalmComboBox
from wxauto_mgt.ui.pages.logs.live_panel import LEVELS, category_picker
from wxauto_mgt.ui.pages.logs.record_pane import RecordPane
from wxauto_mgt.ui.pages.logs.search_view_model import LogSearchViewModel, Span, Wish
from wxauto_mgt.ui.pages.logs.table_model import FoundModel
from wxauto_mgt.ui.theme.tokens import Space, Tone
from wxauto_mgt.ui.widgets.empty_state import EmptyState
from wxauto_mgt.ui.widgets.layout import Card, button, fill, label, row
from wxauto_mgt.ui.widgets.notices import Notice
from wxauto_mgt.ui.widgets.segments import Segments
from wxauto_mgt.ui.widgets.table_view import RowTable

TYPING_MS = 300
_CLOCK_FORMAT = "yyyy-MM-dd HH:mm"
_TABLE, _EMPTY = 0, 1


class SearchPanel(QWidget):
    """Records of this and earlier runs."""

    def __init__(self, desk: Desk, view_model: LogSearchViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        words, theme = desk.words, desk.theme
        self.model = FoundModel(words)
        self.table = RowTable(theme, self.model, words("logs.tab_search"))
        self.text = QLineEdit()
        self.text.setPlaceholderText(words("logs.search_text"))
        self.text.setClearButtonEnabled(True)
        self.level = Segments(
            [(level.value, words(f"logs.from_{level}")) for level in LEVELS], Level.DEBUG.value
        )
        self.category = category_picker(desk)
        self.instance = CalmComboBox()
        self.instance.setFixedWidth(170)
        self.span = Segments(
            [(span.value, words(f"logs.span_{span}")) for span in Span], view_model.wish.span.value
        )
        self.since, self.until = clock_box(), clock_box()
        self.range = QWidget()
        self.range.setLayout(row(self.since, label("–", "muted"), self.until))
        self.around = Notice(theme, tone=Tone.INFO, action=words("logs.back_to_search"))
        self.trouble = Notice(theme)
        self.record = RecordPane(desk)
        self.empty = EmptyState(
            theme, icon="search", title=words("logs.nothing_title"), text=words("logs.nothing_text")
        )
        self.more_button = button(theme, words("logs.more"), "chevron-down")
        self._count = label("", "caption")
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._stack = QStackedWidget()
        self._lay_out()
        self._wire()
        self._replace()

    def showEvent(self, event: QShowEvent) -> None:
        self._fill_instances()
        if self._view_model.middle is None:
            self._search()

    def focus(self) -> None:
        """Put the keyboard into the field for words."""
        self.text.setFocus()

    def show_around(self, entry: LogEntry) -> None:
        """Show what was logged before and after a record."""
        self._view_model.show_around(entry)

    def _lay_out(self) -> None:
        self.range.hide()
        upper = row(self.text, self.span, self.range)
        upper.setStretch(0, 1)
        lower = row(self.level, self.category, self.instance, None, self._count, self.more_button)
        self._stack.addWidget(Card(self.table, margin=1))
        self._stack.addWidget(self.empty)
        middle = row(self._stack, self.record, spacing=Space.M)
        middle.setStretch(0, 1)
        body = QVBoxLayout(self)
        fill(body, (upper, lower, self.around, self.trouble, middle), Space.M, 0)
        body.setStretch(4, 1)

    def _wire(self) -> None:
        view_model = self._view_model
        connect_for(self, view_model, view_model.replaced, self._replace)
        connect_for(self, view_model, view_model.extended, self._extend)
        for command in (view_model.newest, view_model.older):
            connect_for(self, command, command.failed, self.trouble.say)
        self.level.chosen.connect(self._search)
        self.category.activated.connect(self._search)
        self.instance.activated.connect(self._search)
        self.span.chosen.connect(self._choose_span)
        self._typing.timeout.connect(self._search)
        self.text.textEdited.connect(lambda _: self._typing.start())
        self.text.textChanged.connect(lambda text: None if text else self._typing.start())
        self.text.returnPressed.connect(self._search)
        for made in (self.since, self.until):
            made.dateTimeChanged.connect(lambda _: self._typing.start())
        self.table.picked.connect(lambda number: self.record.show_entry(self.model.row_at(number)))
        self.table.end_reached.connect(view_model.load_more)
        self.more_button.clicked.connect(view_model.load_more)
        self.record.around_wanted.connect(self.show_around)
        if self.around.action is not None:
            self.around.action.clicked.connect(self._search)

    def _choose_span(self, name: str) -> None:
        self.range.setVisible(name == Span.CUSTOM)
        self._search()

    def _search(self, _: object = None) -> None:
        self._typing.stop()
        span = Span(self.span.current)
        is_custom = span is Span.CUSTOM
        category = self.category.currentData()
        self._view_model.search(
            Wish(
                text=self.text.text().strip(),
                least=Level(self.level.current),
                category=Category(category) if category else None,
                instance_id=self.instance.currentData(),
                span=span,
                since=instant_of(self.since) if is_custom else None,
                until=instant_of(self.until) if is_custom else None,
            )
        )

    def _fill_instances(self) -> None:
        chosen = self.instance.currentData()
        self.instance.clear()
        self.instance.addItem(self._desk.words("logs.any_instance"), None)
        for instance_id, name in self._view_model.editing.choices(INSTANCE):
            self.instance.addItem(name, instance_id)
        self.instance.setCurrentIndex(max(self.instance.findData(chosen), 0))

    def _replace(self) -> None:
        view_model, words = self._view_model, self._desk.words
        self.trouble.say("")
        self.model.clear()
        self.model.add_below(view_model.rows)
        self.record.show_entry(None)
        self._stack.setCurrentIndex(_TABLE if view_model.rows else _EMPTY)
        middle = view_model.middle
        self.around.say(words("logs.around_note", time=words.moment(middle.timestamp)) if middle else "")
        if (number := view_model.number_of_middle()) >= 0:
            self.table.selectRow(number)
            self.table.scrollTo(self.model.index(number, 0), RowTable.ScrollHint.PositionAtCenter)
        else:
            self.table.scrollToTop()
        self._show_count()

    def _extend(self, older: list[LogEntry]) -> None:
        self.trouble.say("")
        self.model.add_below(older)
        self._show_count()

    def _show_count(self) -> None:
        view_model, words = self._view_model, self._desk.words
        key = "logs.found_more" if view_model.has_more else "logs.found_all"
        self._count.setText(words(key, count=len(view_model.rows)))
        self.more_button.setVisible(view_model.has_more)


def clock_box() -> QDateTimeEdit:
    """A field for date and time of the machine's zone."""
    made = QDateTimeEdit(QDateTime.currentDateTime())
    made.setDisplayFormat(_CLOCK_FORMAT)
    made.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
    made.setFixedWidth(146)
    return made


def instant_of(box: QDateTimeEdit) -> datetime:
    """What is entered, as an instant."""
    return datetime.fromtimestamp(box.dateTime().toSecsSinceEpoch(), tz=UTC)

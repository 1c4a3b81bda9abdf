"""The metrics: pick series, compare them, look closer.

Owns widgets and layout. Built by the window.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit, QStackedWidget, QVBoxLayout

from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.forms.editors import CalmComboBox
from wxauto_mgt.ui.main_window import Page
from wxauto_mgt.ui.pages.metrics.figures import FiguresGrid
from wxauto_mgt.ui.pages.metrics.view_model import FIGURES, MOST_SERIES, SPANS, MetricsViewModel, Pick
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.compare_plot import ComparePlot
from wxauto_mgt.ui.widgets.empty_state import EmptyState
from wxauto_mgt.ui.widgets.layout import Card, button, fill, page_header, row
from wxauto_mgt.ui.widgets.segments import Segments

_ABSOLUTE = "absolute"
_RELATIVE = "relative"


class MetricsPage(Page):
    """The explorer."""

    def __init__(self, desk: Desk, view_model: MetricsViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        words, theme = desk.words, desk.theme
        self.picker = CalmComboBox()
        self.span = Segments([(name, words(f"metrics.span_{name}")) for name, _ in SPANS], view_model.span)
        self.scale = Segments(
            [(name, words(f"metrics.scale_{name}")) for name in (_ABSOLUTE, _RELATIVE)],
            _RELATIVE if view_model.is_relative else _ABSOLUTE,
        )
        self.reset_button = button(theme, words("metrics.reset"), "replay")
        self.plot = ComparePlot(theme, most=MOST_SERIES)
        self.figures = FiguresGrid(theme, words)
        self._stack = QStackedWidget()
        self._choices: list[tuple[Pick, str]] = []
        self._lay_out()
        self._wire()
        self._show_picks()
        self._show_lines()

    def activate(self, word: str) -> None:
        if word in ("add", "search"):
            self.picker.setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        self._fill_picker()
        self._view_model.set_active(is_active=True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._view_model.set_active(is_active=False)

    def _lay_out(self) -> None:
        words = self._desk.words
        self._prepare_picker()
        self.reset_button.setEnabled(False)
        header = page_header(words("page.metrics"), words("metrics.subtitle"), self.span)
        tools = row(self.picker, self.scale, self.reset_button)
        tools.setStretch(0, 1)
        self._stack.addWidget(self.plot)
        self._stack.addWidget(
            EmptyState(
                self._desk.theme,
                icon="metrics",
                title=words("metrics.empty_title"),
                text=words("metrics.empty_text"),
            )
        )
        body = QVBoxLayout(self)
        fill(body, (header, tools, Card(self._stack), Card(self.figures)), Space.M, Space.XL)
        body.setStretch(2, 1)

    def _prepare_picker(self) -> None:
        hint = self._desk.words("metrics.add", count=MOST_SERIES)
        line = QLineEdit()
        line.setPlaceholderText(hint)
        self.picker.setEditable(True)
        self.picker.setLineEdit(line)
        self.picker.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.picker.setAccessibleName(hint)
        completer = QCompleter(self.picker.model(), self.picker)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.picker.setCompleter(completer)

    def _wire(self) -> None:
        view_model = self._view_model
        view_model.picks_changed.connect(self._show_picks)
        view_model.lines_read.connect(self._show_lines)
        self.picker.activated.connect(self._add)
        self.span.chosen.connect(self._show_span)
        self.scale.chosen.connect(lambda name: view_model.set_relative(is_relative=name == _RELATIVE))
        self.reset_button.clicked.connect(self.plot.reset)
        self.plot.zoomed.connect(self.reset_button.setEnabled)
        self.figures.removed.connect(self._remove)

    def _fill_picker(self) -> None:
        self._choices = self._view_model.choices()
        self.picker.clear()
        self.picker.addItems([title for _, title in self._choices])
        self.picker.setCurrentIndex(-1)

    def _add(self, number: int) -> None:
        self.picker.setCurrentIndex(-1)
        if 0 <= number < len(self._choices) and not self._view_model.add(self._choices[number][0]):
            self._desk.failed.emit(self._desk.words("metrics.full", count=MOST_SERIES))

    def _remove(self, number: int) -> None:
        self._view_model.remove(self._view_model.picks[number])

    def _show_span(self, name: str) -> None:
        self.plot.reset()
        self._view_model.set_span(name)

    def _show_picks(self) -> None:
        view_model = self._view_model
        known = {line.pick: line for line in view_model.lines}
        nothing = [self._desk.words.number(None)] * len(FIGURES)
        self.figures.show_rows(
            [
                (known[pick].title, known[pick].figures)
                if pick in known
                else (view_model.title_of(pick), nothing)
                for pick in view_model.picks
            ]
        )
        self._stack.setCurrentIndex(0 if view_model.picks else 1)

    def _show_lines(self) -> None:
        view_model = self._view_model
        since, until = view_model.drawn_span
        self.plot.show_lines([view_model.points(line) for line in view_model.lines], since=since, until=until)
        self._show_picks()

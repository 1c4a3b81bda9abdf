"""The table of the product: fixed row heights, whole-row selection, keyboard use, load more at the end.

Owns behaviour of the view; the rows are a `RowModel`. Called by pages.
"""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.theme.tokens import ROW_HEIGHT
from wxauto_mgt.ui.widgets.row_model import RowModel
from wxauto_mgt.ui.widgets.status_chip import ChipDelegate


class RowTable(QTableView):
    """A table over a row model.

    Signals:
        opened: a row was double-clicked or Enter was pressed on it.
        picked: the current row changed; -1 for none.
        end_reached: the view was scrolled near its end.
    """

    opened = Signal(int)
    picked = Signal(int)
    end_reached = Signal()

    def __init__(self, theme: Theme, model: RowModel, name: str) -> None:  # type: ignore[type-arg]
        super().__init__()
        self.setModel(model)
        self.setAccessibleName(name)
        self.setItemDelegate(ChipDelegate(theme, self))
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setCornerButtonEnabled(False)
        vertical = self.verticalHeader()
        vertical.setVisible(False)
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        vertical.setDefaultSectionSize(ROW_HEIGHT)
        self._size_columns(model)
        self.doubleClicked.connect(lambda index: self.opened.emit(index.row()))
        self.selectionModel().currentRowChanged.connect(self._announce_pick)
        self.verticalScrollBar().valueChanged.connect(self._watch_end)

    def _size_columns(self, model: RowModel) -> None:  # type: ignore[type-arg]
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(40)
        header.setFixedHeight(ROW_HEIGHT)
        for number, column in enumerate(model.columns):
            if column.width:
                header.setSectionResizeMode(number, QHeaderView.ResizeMode.Interactive)
                self.setColumnWidth(number, column.width)
            else:
                header.setSectionResizeMode(number, QHeaderView.ResizeMode.Stretch)

    @property
    def current_row(self) -> int:
        """Number of the current row, -1 for none."""
        return self.currentIndex().row()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current_row >= 0:
            self.opened.emit(self.current_row)
            return
        super().keyPressEvent(event)

    def _announce_pick(self, current: QModelIndex, previous: QModelIndex) -> None:
        self.picked.emit(current.row())

    def _watch_end(self, value: int) -> None:
        bar = self.verticalScrollBar()
        if bar.maximum() > 0 and value >= bar.maximum() - 4 * ROW_HEIGHT:
            self.end_reached.emit()

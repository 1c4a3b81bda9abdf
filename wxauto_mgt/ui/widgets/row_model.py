"""A capped table model of keyed rows that changes in small steps and never resets.

Owns the difference between what is shown and what is new; each page says its columns. Called by the pages'
table models.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from wxauto_mgt.ui.theme.tokens import Tone
from wxauto_mgt.ui.widgets.status_chip import TONE_ROLE

R = TypeVar("R")
Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


@dataclass(frozen=True)
class Cell:
    """What one cell shows; a tone makes it a chip."""

    text: str
    tone: Tone | None = None
    tip: str = ""


@dataclass(frozen=True)
class Column(Generic[R]):
    """One column.

    Attributes:
        title: heading in the operator's language.
        cell: what a row shows here.
        width: pixels, or 0 to share the free space.
    """

    title: str
    cell: Callable[[R], Cell]
    width: int = 0
    is_number: bool = False


class RowModel(QAbstractTableModel, Generic[R]):
    """Rows with a key each, in the order given."""

    def __init__(
        self,
        columns: Sequence[Column[R]],
        key: Callable[[R], Hashable],
        *,
        cap: int = 2000,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._key = key
        self._cap = cap
        self._rows: list[R] = []

    @property
    def rows(self) -> tuple[R, ...]:
        """What is shown now."""
        return tuple(self._rows)

    def row_at(self, index: Index | int) -> R | None:
        """The row at an index or number, or None."""
        number = index if isinstance(index, int) else index.row() if index.isValid() else -1
        return self._rows[number] if 0 <= number < len(self._rows) else None

    def number_of(self, key: Hashable) -> int | None:
        """Where the row with a key stands."""
        return next((n for n, row in enumerate(self._rows) if self._key(row) == key), None)

    def show_rows(self, rows: Sequence[R]) -> None:
        """Make the table show exactly these rows, with as few changes as it takes."""
        rows = rows[: self._cap]
        wanted = {self._key(row) for row in rows}
        self._drop(lambda row: self._key(row) not in wanted)
        shown = {self._key(row) for row in self._rows}
        for at, row in enumerate(rows):
            key = self._key(row)
            if key not in shown:
                self._insert(at, [row])
                shown.add(key)
                continue
            now = next(n for n in range(at, len(self._rows)) if self._key(self._rows[n]) == key)
            if now != at:
                self.beginMoveRows(_ROOT, now, now, _ROOT, at)
                self._rows.insert(at, self._rows.pop(now))
                self.endMoveRows()
            self._replace(at, row)

    def add_below(self, rows: Sequence[R]) -> None:
        """Append rows; past the cap the topmost leave."""
        rows = rows[-self._cap :]
        if not rows:
            return
        surplus = len(self._rows) + len(rows) - self._cap
        if surplus > 0:
            self._remove(0, surplus)
        self._insert(len(self._rows), rows)

    def clear(self) -> None:
        """Remove all rows."""
        if self._rows:
            self._remove(0, len(self._rows))

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        column = self.columns[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, TONE_ROLE):
            return None
        cell = column.cell(self._rows[index.row()])
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.text
        if role == Qt.ItemDataRole.ToolTipRole:
            return cell.tip or cell.text
        return cell.tone

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            is_number = self.columns[section].is_number
            side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def _replace(self, number: int, row: R) -> None:
        if self._rows[number] != row:
            self._rows[number] = row
            self.dataChanged.emit(self.index(number, 0), self.index(number, len(self.columns) - 1))

    def _insert(self, at: int, rows: Sequence[R]) -> None:
        self.beginInsertRows(_ROOT, at, at + len(rows) - 1)
        self._rows[at:at] = rows
        self.endInsertRows()

    def _remove(self, at: int, count: int) -> None:
        self.beginRemoveRows(_ROOT, at, at + count - 1)
        del self._rows[at : at + count]
        self.endRemoveRows()

    def _drop(self, is_gone: Callable[[R], bool]) -> None:
        end = len(self._rows)
        while end > 0:
            if not is_gone(self._rows[end - 1]):
                end -= 1
                continue
            start = end
            while start > 0 and is_gone(self._rows[start - 1]):
                start -= 1
            self._remove(start, end - start)
            end = start

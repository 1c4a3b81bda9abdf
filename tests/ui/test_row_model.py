"""A table changes in small steps: rows come, go, move and change without a reset."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from wxauto_mgt.ui.theme.tokens import Tone
from wxauto_mgt.ui.widgets.row_model import Cell, Column, RowModel
from wxauto_mgt.ui.widgets.status_chip import TONE_ROLE


@dataclass(frozen=True)
class _Row:
    key: int
    text: str = ""


def _model(cap: int = 100) -> RowModel[_Row]:
    columns = (
        Column[_Row]("key", lambda row: Cell(str(row.key)), 40, is_number=True),
        Column[_Row]("text", lambda row: Cell(row.text, Tone.OK)),
    )
    return RowModel(columns, lambda row: row.key, cap=cap)


@given(st.lists(st.lists(st.tuples(st.integers(0, 12), st.sampled_from("ab")), unique_by=lambda t: t[0])))
def test_whatever_is_shown_next_the_model_ends_up_the_same_and_never_resets(
    steps: list[list[tuple[int, str]]],
) -> None:
    model = _model()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    resets: list[bool] = []
    model.modelReset.connect(lambda: resets.append(True))
    for step in steps:
        rows = [_Row(key, text) for key, text in step]
        model.show_rows(rows)
        assert list(model.rows) == rows
    assert resets == []
    tester.deleteLater()


def test_an_unchanged_row_is_not_drawn_again() -> None:
    model = _model()
    model.show_rows([_Row(1, "a"), _Row(2, "a")])
    changed: list[int] = []
    model.dataChanged.connect(lambda top, _: changed.append(top.row()))
    model.show_rows([_Row(1, "a"), _Row(2, "b")])
    assert changed == [1]


def test_a_tail_keeps_its_cap_by_losing_the_oldest() -> None:
    model = _model(cap=3)
    model.add_below([_Row(n) for n in range(5)])
    assert [row.key for row in model.rows] == [2, 3, 4]
    model.add_below([_Row(5)])
    assert [row.key for row in model.rows] == [3, 4, 5]


def test_cells_tell_text_tone_and_alignment() -> None:
    model = _model()
    model.show_rows([_Row(1, "a")])
    number, chip = model.index(0, 0), model.index(0, 1)
    assert (model.data(chip), model.data(chip, TONE_ROLE)) == ("a", Tone.OK)
    alignment = model.data(number, Qt.ItemDataRole.TextAlignmentRole)
    assert isinstance(alignment, Qt.AlignmentFlag)
    assert alignment & Qt.AlignmentFlag.AlignRight
    assert model.row_at(QModelIndex()) is None
    assert model.number_of(1) == 0

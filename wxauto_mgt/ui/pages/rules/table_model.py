"""Columns of the rules. Called by the rules page."""

from __future__ import annotations

from wxauto_mgt.ui.pages.rules.view_model import RuleRow
from wxauto_mgt.ui.widgets.row_model import Cell, Column, RowModel
from wxauto_mgt.ui.words import Words


class RuleModel(RowModel[RuleRow]):
    """Rules in the order in which they are tried."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[RuleRow](
                words("rules.column_priority"), lambda r: Cell(str(r.priority)), 76, is_number=True
            ),
            Column[RuleRow](words("rules.column_name"), lambda r: Cell(r.name, tip=r.id), 190),
            Column[RuleRow](words("rules.column_when"), lambda r: Cell(r.conditions)),
            Column[RuleRow](words("rules.column_then"), lambda r: Cell(r.action), 210),
            Column[RuleRow](
                words("rules.column_state"),
                lambda r: Cell(r.state, r.tone, "\n".join(r.findings) or r.state),
                130,
            ),
        )
        super().__init__(columns, lambda r: r.id, cap=2000)

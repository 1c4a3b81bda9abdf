"""Columns of the instances. Called by the instances page."""

from __future__ import annotations

from wxauto_mgt.ui.pages.instances.view_model import InstanceRow
from wxauto_mgt.ui.theme.tokens import Tone
from wxauto_mgt.ui.widgets.row_model import Cell, Column, RowModel
from wxauto_mgt.ui.words import Words


class InstanceModel(RowModel[InstanceRow]):
    """Instances in the order of the configuration."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[InstanceRow](words("instances.column_name"), lambda r: Cell(r.name, tip=r.id), 150),
            Column[InstanceRow](words("instances.column_state"), lambda r: Cell(r.state, r.tone), 132),
            Column[InstanceRow](words("instances.column_why"), lambda r: Cell(r.summary)),
            Column[InstanceRow](words("instances.column_address"), lambda r: Cell(r.base_url), 210),
            Column[InstanceRow](
                words("instances.column_check"), lambda r: Cell(words.time(r.last_check_at)), 96
            ),
            Column[InstanceRow](words("instances.column_errors"), _errors, 110),
        )
        super().__init__(columns, lambda r: r.id, cap=500)


def _errors(row: InstanceRow) -> Cell:
    if row.error_count == 0:
        return Cell("0")
    return Cell(str(row.error_count), Tone.WARNING, row.last_error)

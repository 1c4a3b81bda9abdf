"""Columns of the configuration's history. Called by the settings page."""

from __future__ import annotations

from wxauto_mgt.ui.pages.settings.view_model import RevisionRow
from wxauto_mgt.ui.widgets.row_model import Cell, Column, RowModel
from wxauto_mgt.ui.words import Words


class RevisionModel(RowModel[RevisionRow]):
    """Committed changes, newest first."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[RevisionRow](
                words("settings.column_revision"), lambda r: Cell(str(r.number)), 64, is_number=True
            ),
            Column[RevisionRow](words("settings.column_time"), lambda r: Cell(words.moment(r.at)), 168),
            Column[RevisionRow](words("settings.column_who"), lambda r: Cell(r.who), 92),
            Column[RevisionRow](words("settings.column_action"), lambda r: Cell(r.action), 84),
            Column[RevisionRow](
                words("settings.column_what"), lambda r: Cell(r.summary, tip="\n".join(r.details))
            ),
        )
        super().__init__(columns, lambda r: r.number, cap=500)

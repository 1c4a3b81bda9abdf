"""Columns of the API's tokens. Called by the panel."""

from __future__ import annotations

from wxauto_mgt.ui.pages.access.view_model import TokenRow
from wxauto_mgt.ui.widgets.row_model import Cell, Column, RowModel
from wxauto_mgt.ui.words import NOT_MEASURED, Words


class TokenModel(RowModel[TokenRow]):
    """The tokens by name."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[TokenRow](
                words("access.column_name"), lambda r: Cell(r.name, tip=f"{r.name}\n{r.prefix}")
            ),
            Column[TokenRow](words("access.column_state"), lambda r: Cell(r.state, r.tone), 92),
            Column[TokenRow](words("access.column_scope"), lambda r: Cell(r.scope), 84),
            Column[TokenRow](
                words("access.column_made"), lambda r: Cell(words.moment(r.made_at), tip=r.made), 172
            ),
            Column[TokenRow](
                words("access.column_used"),
                lambda r: Cell(words.moment(r.used_at) if r.used_at else NOT_MEASURED),
                172,
            ),
            Column[TokenRow](words("access.column_expires"), lambda r: Cell(r.expires), 172),
        )
        super().__init__(columns, lambda r: r.name)

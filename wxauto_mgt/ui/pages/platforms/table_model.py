"""Columns of the platforms. Called by the platforms page."""

from __future__ import annotations

from wxauto_mgt.ui.pages.platforms.view_model import PlatformRow
from wxauto_mgt.ui.widgets.row_model import Cell, Column, RowModel
from wxauto_mgt.ui.words import Words


class PlatformModel(RowModel[PlatformRow]):
    """Platforms in the order of the configuration."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[PlatformRow](words("platforms.column_name"), lambda r: Cell(r.name, tip=r.id), 180),
            Column[PlatformRow](words("platforms.column_type"), lambda r: Cell(r.type_word), 150),
            Column[PlatformRow](
                words("platforms.column_state"), lambda r: Cell(r.state, r.tone, r.why or r.state), 124
            ),
            Column[PlatformRow](
                words("platforms.column_test"), lambda r: Cell(r.last_test, r.last_test_tone)
            ),
            Column[PlatformRow](words("platforms.column_busy"), lambda r: Cell(r.concurrency), 96),
            Column[PlatformRow](words("platforms.column_rules"), lambda r: Cell(r.rules), 90),
        )
        super().__init__(columns, lambda r: r.id, cap=500)

"""Columns of the channels and of the deliveries. Called by the panel."""

from __future__ import annotations

from wxauto_mgt.ui.pages.notices.view_model import ChannelRow, DeliveryRow
from wxauto_mgt.ui.widgets.row_model import Cell, Column, RowModel
from wxauto_mgt.ui.words import Words


class ChannelModel(RowModel[ChannelRow]):
    """The channels."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[ChannelRow](words("notices.column_channel"), lambda r: Cell(r.name, tip=r.id), 170),
            Column[ChannelRow](words("notices.column_type"), lambda r: Cell(r.type_word), 110),
            Column[ChannelRow](words("notices.column_level"), lambda r: Cell(r.level), 120),
            Column[ChannelRow](words("notices.column_state"), lambda r: Cell(r.state, r.tone), 124),
            Column[ChannelRow](words("notices.column_counts"), lambda r: Cell(r.counts), 150),
            Column[ChannelRow](
                words("notices.column_last"), lambda r: Cell(words.moment(r.last_sent_at)), 196
            ),
            Column[ChannelRow](words("notices.column_why"), lambda r: Cell(r.why)),
        )
        super().__init__(columns, lambda r: r.id)


class DeliveryModel(RowModel[DeliveryRow]):
    """Deliveries, newest first."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[DeliveryRow](words("notices.column_time"), lambda r: Cell(words.moment(r.at)), 196),
            Column[DeliveryRow](words("notices.column_channel"), lambda r: Cell(r.channel), 150),
            Column[DeliveryRow](words("notices.column_kind"), lambda r: Cell(r.kind), 80),
            Column[DeliveryRow](words("notices.column_title"), lambda r: Cell(r.title)),
            Column[DeliveryRow](words("notices.column_state"), lambda r: Cell(r.state, r.tone), 110),
            Column[DeliveryRow](words("notices.column_why"), lambda r: Cell(r.why), 260),
        )
        super().__init__(columns, lambda r: r.id)

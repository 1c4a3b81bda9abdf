"""Columns of the listeners. Called by the listeners page."""

from __future__ import annotations

from wxauto_mgt.ui.pages.listeners.view_model import ListenerRow
from wxauto_mgt.ui.theme.tokens import Tone
from wxauto_mgt.ui.widgets.row_model import Cell, Column, RowModel
from wxauto_mgt.ui.words import Words


class ListenerModel(RowModel[ListenerRow]):
    """Listeners by instance and chat."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[ListenerRow](words("listeners.column_chat"), lambda r: _chat(words, r), 200),
            Column[ListenerRow](
                words("listeners.column_state"), lambda r: Cell(r.state, r.tone, r.reason), 124
            ),
            Column[ListenerRow](words("listeners.column_why"), lambda r: Cell(r.reason)),
            Column[ListenerRow](words("listeners.column_kind"), lambda r: Cell(r.kind_word), 110),
            Column[ListenerRow](words("listeners.column_instance"), lambda r: Cell(r.instance), 120),
            Column[ListenerRow](
                words("listeners.column_last"),
                lambda r: Cell(words.time(r.last_message_at), tip=words.moment(r.last_message_at)),
                104,
            ),
            Column[ListenerRow](
                words("listeners.column_count"), lambda r: Cell(str(r.message_count)), 80, is_number=True
            ),
            Column[ListenerRow](words("listeners.column_errors"), _errors, 88),
        )
        super().__init__(columns, lambda r: r.key, cap=2000)


def _chat(words: Words, row: ListenerRow) -> Cell:
    tip = words("listeners.title_tip", title=row.title) if row.title else row.who
    return Cell(row.who, tip=tip)


def _errors(row: ListenerRow) -> Cell:
    return Cell(str(row.error_count), Tone.WARNING if row.error_count else None)

"""Columns of the services, of their checks, of ladders and of the journal. Called by the services page."""

from __future__ import annotations

from wxauto_mgt.ui.pages.services.detail_view_model import CheckRow
from wxauto_mgt.ui.pages.services.repair_view_model import PlannedRow, RunRow
from wxauto_mgt.ui.pages.services.view_model import ServiceRow
from wxauto_mgt.ui.widgets.row_model import Cell, Column, Index, RowModel
from wxauto_mgt.ui.widgets.uptime_bars import BARS_ROLE
from wxauto_mgt.ui.words import Words

HOURS_COLUMN = 7
# What a narrow window does without: the tab below says it, too.
SPARED_COLUMNS = (2, 3, 5)
NOTE_COLUMN = 2


class ServiceModel(RowModel[ServiceRow]):
    """All services."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[ServiceRow](
                words("services.column_status"), lambda r: Cell(r.status, r.tone, r.reason), 116
            ),
            Column[ServiceRow](
                words("services.column_name"), lambda r: Cell(r.name, tip=f"{r.id}\n{r.reason}")
            ),
            Column[ServiceRow](words("services.column_critical"), lambda r: Cell(r.critical), 76),
            Column[ServiceRow](words("services.column_kind"), lambda r: Cell(r.kind), 112),
            Column[ServiceRow](
                words("services.column_last"),
                lambda r: Cell(words.time(r.last_check_at), tip=words.moment(r.last_check_at)),
                88,
            ),
            Column[ServiceRow](
                words("services.column_response"), lambda r: Cell(r.response), 80, is_number=True
            ),
            Column[ServiceRow](
                words("services.column_failures"), lambda r: Cell(r.failures), 76, is_number=True
            ),
            Column[ServiceRow](
                words("services.column_hours"), lambda r: Cell(r.uptime, tip=_hours_tip(words, r)), 128
            ),
            Column[ServiceRow](words("services.column_repair"), lambda r: Cell(r.repair, r.repair_tone), 164),
        )
        super().__init__(columns, lambda r: r.id)

    def data(self, index: Index, role: int = 0) -> object:
        if role == BARS_ROLE:
            shown = self.row_at(index)
            return shown.hours if shown is not None else ()
        return super().data(index, role)


class CheckModel(RowModel[CheckRow]):
    """The newest checks of a service, newest first."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[CheckRow](words("services.column_time"), lambda r: Cell(words.moment(r.at)), 196),
            Column[CheckRow](words("services.column_outcome"), lambda r: Cell(r.outcome, r.tone), 112),
            Column[CheckRow](words("services.column_reason"), lambda r: Cell(r.reason)),
            Column[CheckRow](
                words("services.column_response"), lambda r: Cell(r.response), 100, is_number=True
            ),
        )
        super().__init__(columns, lambda r: r.at)


class PlanModel(RowModel[PlannedRow]):
    """The steps of a ladder."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[PlannedRow]("", lambda r: Cell(str(r.position)), 40, is_number=True),
            Column[PlannedRow](words("services.column_step"), lambda r: Cell(r.action, r.tone, r.line)),
            Column[PlannedRow](words("services.column_note"), lambda r: Cell(r.note), 200),
            Column[PlannedRow](words("services.column_limit"), lambda r: Cell(r.limit), 104),
        )
        super().__init__(columns, lambda r: r.position)


class RunModel(RowModel[RunRow]):
    """The journal, newest first."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[RunRow](words("services.column_time"), lambda r: Cell(words.moment(r.at)), 180),
            Column[RunRow](words("services.column_outcome"), lambda r: Cell(r.outcome, r.tone)),
            Column[RunRow](words("services.column_lasted"), lambda r: Cell(r.lasted), 88),
        )
        super().__init__(columns, lambda r: r.id)


def _hours_tip(words: Words, row: ServiceRow) -> str:
    gaps = sum(percent is None for percent in row.hours)
    return words("services.hours_tip", uptime=row.uptime, gaps=gaps)

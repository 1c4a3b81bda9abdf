"""Columns of alerts, of their history, of the rules and of silences. Called by the alerts page."""

from __future__ import annotations

from wxauto_mgt.ui.pages.alerts.rules_view_model import AlertRuleRow
from wxauto_mgt.ui.pages.alerts.silences_view_model import SilenceRow
from wxauto_mgt.ui.pages.alerts.view_model import AlertRow
from wxauto_mgt.ui.widgets.row_model import Cell, Column, RowModel
from wxauto_mgt.ui.words import Words

ACTIVE_CAP = 2000


class ActiveModel(RowModel[AlertRow]):
    """Alerts that are not resolved, the worst first."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[AlertRow](words("alert_page.column_level"), lambda r: Cell(r.level, r.tone), 96),
            Column[AlertRow](
                words("alert_page.column_what"), lambda r: Cell(r.title, tip=f"{r.title}\n{r.message}")
            ),
            Column[AlertRow](words("alert_page.column_where"), lambda r: Cell(r.where), 170),
            Column[AlertRow](words("alert_page.column_value"), lambda r: Cell(r.value), 130, is_number=True),
            Column[AlertRow](
                words("alert_page.column_lasts"),
                lambda r: Cell(r.since, tip=words.moment(r.alert.started_at)),
                110,
            ),
            Column[AlertRow](words("alert_page.column_state"), lambda r: Cell(r.state, r.state_tone), 124),
            Column[AlertRow](words("alert_page.column_care"), lambda r: Cell(r.care), 200),
        )
        super().__init__(columns, lambda r: r.key, cap=ACTIVE_CAP)


class HistoryModel(RowModel[AlertRow]):
    """Alerts of the last days, newest first."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[AlertRow](
                words("alert_page.column_begin"), lambda r: Cell(words.moment(r.alert.started_at)), 196
            ),
            Column[AlertRow](words("alert_page.column_level"), lambda r: Cell(r.level, r.tone), 96),
            Column[AlertRow](
                words("alert_page.column_what"), lambda r: Cell(r.title, tip=f"{r.title}\n{r.message}")
            ),
            Column[AlertRow](words("alert_page.column_where"), lambda r: Cell(r.where), 170),
            Column[AlertRow](words("alert_page.column_value"), lambda r: Cell(r.value), 130, is_number=True),
            Column[AlertRow](words("alert_page.column_lasted"), lambda r: Cell(r.since), 110),
            Column[AlertRow](words("alert_page.column_state"), lambda r: Cell(r.state, r.state_tone), 124),
        )
        super().__init__(columns, lambda r: r.key, cap=ACTIVE_CAP)


class AlertRuleModel(RowModel[AlertRuleRow]):
    """The rules by name."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[AlertRuleRow](words("alert_page.column_rule"), lambda r: Cell(r.name, tip=r.id), 220),
            Column[AlertRuleRow](words("alert_page.column_condition"), lambda r: Cell(r.condition)),
            Column[AlertRuleRow](words("alert_page.column_for"), lambda r: Cell(r.held), 100),
            Column[AlertRuleRow](words("alert_page.column_level"), lambda r: Cell(r.level, r.level_tone), 96),
            Column[AlertRuleRow](words("alert_page.column_origin"), lambda r: Cell(r.origin), 100),
            Column[AlertRuleRow](words("alert_page.column_state"), lambda r: Cell(r.state, r.tone), 110),
        )
        super().__init__(columns, lambda r: r.id)


class SilenceModel(RowModel[SilenceRow]):
    """What keeps notices back."""

    def __init__(self, words: Words) -> None:
        columns = (
            Column[SilenceRow](words("silences.column_kind"), lambda r: Cell(r.kind), 96),
            Column[SilenceRow](words("alert_page.column_state"), lambda r: Cell(r.state, r.tone), 110),
            Column[SilenceRow](words("alert_page.column_rule"), lambda r: Cell(r.rule), 190),
            Column[SilenceRow](words("alert_page.column_where"), lambda r: Cell(r.labels), 170),
            Column[SilenceRow](words("silences.column_when"), lambda r: Cell(r.when)),
            Column[SilenceRow](words("silences.column_who"), lambda r: Cell(r.who), 190),
        )
        super().__init__(columns, lambda r: r.key)

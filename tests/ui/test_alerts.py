"""The alerts page: what is wrong, who takes care, what the rules are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.ui.cast import Cast
from tests.ui.stage import FakeAlerts, Stage, alert, quiet_notices, settle
from wxauto_mgt.core.alerting.model import AlertState, Level
from wxauto_mgt.core.alerting.section import default_rules
from wxauto_mgt.core.alerting.settings import AlertsSettings
from wxauto_mgt.core.analysis.settings import ReportsSettings
from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import JSON, Put
from wxauto_mgt.core.recovery.presets import BuiltInPresets
from wxauto_mgt.errors import ConfigError
from wxauto_mgt.texts.language import Language
from wxauto_mgt.ui.forms.editors import ChoiceEditor, ChoicesEditor, NumberEditor, TextEditor
from wxauto_mgt.ui.forms.form import SchemaForm
from wxauto_mgt.ui.forms.schema import fields_of
from wxauto_mgt.ui.pages.alerts.page import HISTORY, AlertsPage
from wxauto_mgt.ui.pages.alerts.rules_view_model import AlertRulesViewModel, delivered_name
from wxauto_mgt.ui.pages.alerts.silences_view_model import SilencesViewModel
from wxauto_mgt.ui.pages.alerts.view_model import SHOWN, AlertsViewModel
from wxauto_mgt.ui.pages.overview.page import OverviewPage
from wxauto_mgt.ui.theme.tokens import Tone

PC1 = (("instance", "pc1"),)


@pytest.fixture
def engine(stage: Stage) -> FakeAlerts:
    return FakeAlerts(stage.clock, shown=(alert("high_cpu_usage", Level.CRITICAL),))


@pytest.fixture
def view_model(stage: Stage, engine: FakeAlerts) -> AlertsViewModel:
    return AlertsViewModel(stage.backstage, alerts=engine, clock=stage.clock)


@pytest.fixture
def page(stage: Stage, engine: FakeAlerts, view_model: AlertsViewModel) -> AlertsPage:
    rules = AlertRulesViewModel(stage.backstage, editing=stage.editing)
    silences = SilencesViewModel(stage.backstage, alerts=engine, editing=stage.editing, clock=stage.clock)
    return AlertsPage(stage.desk, view_model, rules, silences, quiet_notices(stage))


async def test_an_alert_says_what_is_wrong_since_when_and_by_how_much(view_model: AlertsViewModel) -> None:
    row = view_model.active[0]
    assert (row.tone, row.level, row.title) == (Tone.CRITICAL, "严重", "CPU 使用率过高")
    assert row.value == "91.25 / 80"
    assert "7" in row.since
    assert "{" not in row.message


async def test_an_operators_own_words_are_filled_in(stage: Stage, engine: FakeAlerts) -> None:
    engine.shown = (replace(alert("mine", labels=PC1), title="{metric} 在 {labels}：{value}"),)
    row = AlertsViewModel(stage.backstage, alerts=engine, clock=stage.clock).active[0]
    assert row.title == "system_cpu_usage 在 instance=pc1：91.25"
    assert row.where == "instance=pc1"


async def test_somebody_takes_care_of_an_alert_by_a_form(
    page: AlertsPage, view_model: AlertsViewModel
) -> None:
    panel = page.active
    panel.take_button.click()
    dialog = panel.dialog
    assert dialog is not None
    dialog.start_saving()
    await settle(lambda: dialog.form.has_problems)
    owner = dialog.form.editor("owner")
    assert isinstance(owner, TextEditor)
    owner.line.setText("张工")
    dialog.start_saving()
    await settle(lambda: view_model.active[0].alert.acknowledged is not None)
    row = view_model.active[0]
    assert (row.state, row.state_tone) == ("已认领", Tone.INFO)
    assert "张工" in row.care
    page.deleteLater()


async def test_nobody_is_no_owner(view_model: AlertsViewModel) -> None:
    with pytest.raises(ConfigError):
        await view_model.acknowledge("high_cpu_usage:0", {"owner": "  ", "note": None})


async def test_a_silence_can_be_ended_again(page: AlertsPage, engine: FakeAlerts) -> None:
    panel = page.active
    panel.hour_button.click()
    await settle(lambda: not panel.unsilence_button.isHidden())
    silence = engine.silent[0]
    assert (silence.ends_at - silence.starts_at).total_seconds() == 3600
    panel.unsilence_button.click()
    await settle(lambda: panel.unsilence_button.isHidden())
    assert engine.silent == []
    page.deleteLater()


async def test_what_inhibits_or_is_uncertain_is_said(stage: Stage, engine: FakeAlerts) -> None:
    engine.shown = (
        replace(alert("wechat_logged_out"), muted_by="rule:instance_down"),
        replace(alert("disk_space_low"), state=AlertState.NO_DATA),
        replace(alert("error_rate_high"), is_flapping=True),
    )
    rows = AlertsViewModel(stage.backstage, alerts=engine, clock=stage.clock).active
    assert "instance_down" in rows[0].care
    assert [row.state for row in rows] == ["告警中", "没有数据", "反复波动"]


async def test_the_history_is_read_when_it_is_looked_at(page: AlertsPage, engine: FakeAlerts) -> None:
    engine.past = (alert("high_cpu_usage", resolved=True),)
    page.show_tab(HISTORY)
    await settle(lambda: page.history.rowCount() == 1)
    row = page.history.row_at(0)
    assert row is not None
    assert (row.state, row.state_tone) == ("已恢复", Tone.NEUTRAL)
    page.deleteLater()


async def test_nothing_wrong_is_said_in_words(page: AlertsPage, engine: FakeAlerts) -> None:
    engine.shown = ()
    page.active.table.selectRow(0)
    page._view_model.refresh()
    assert page.active.model.rowCount() == 0
    page.deleteLater()


async def test_a_delivered_rule_becomes_own_by_an_edit_and_can_be_put_back(
    stage: Stage, page: AlertsPage
) -> None:
    panel = page.rules
    assert panel.model.rowCount() == len(default_rules())
    panel.edit_row(0)
    dialog = panel.editor.dialog
    assert dialog is not None
    threshold = dialog.form.editor("threshold")
    assert isinstance(threshold, NumberEditor)
    threshold.box.setValue(70)
    dialog.start_saving()
    await settle(lambda: bool(stage.config.snapshot.objects("alert_rule")))
    assert stage.config.snapshot.objects("alert_rule")["high_cpu_usage"].threshold == 70
    await settle(lambda: panel.model.rows[0].is_stored)
    assert panel.delete_button.text() == "恢复原样"
    panel.editor.delete("high_cpu_usage", "x").yes.click()
    await settle(lambda: not panel.model.rows[0].is_stored)
    page.deleteLater()


async def test_a_delivered_rule_is_switched_off_without_a_form(stage: Stage, page: AlertsPage) -> None:
    panel = page.rules
    panel.table.selectRow(1)
    panel.switch_button.click()
    await settle(lambda: not panel.model.rows[1].is_enabled)
    assert not stage.config.snapshot.objects("alert_rule")["high_memory_usage"].enabled
    page.deleteLater()


async def test_conditions_are_sentences_in_both_languages(stage: Stage) -> None:
    rules = AlertRulesViewModel(stage.backstage, editing=stage.editing)
    assert rules.rows[0].condition == "system_cpu_usage 大于 80，到 95 为严重"
    stage.words.set_language(Language.EN)
    rules.refresh()
    assert rules.rows[0].condition == "system_cpu_usage above 80; critical from 95"


async def test_the_overview_says_what_is_wrong_and_leads_there(stage: Stage) -> None:
    cast = Cast(stage)
    page = cast.window.show_page("overview")
    assert isinstance(page, OverviewPage)
    assert page.alerts.text == ""
    cast.engine.shown = (alert("high_cpu_usage", Level.CRITICAL), alert("disk_space_low"))
    cast.overview.refresh()
    assert page.alerts.text == "2 个告警：CPU 使用率过高；磁盘空间不足"
    assert page.alerts.action is not None
    page.alerts.action.click()
    assert cast.window.current == "alerts"
    cast.close()


async def test_a_problem_that_somebody_takes_care_of_is_no_alarm(
    view_model: AlertsViewModel,
) -> None:
    assert view_model.summary()[0] is Tone.CRITICAL
    await view_model.acknowledge("high_cpu_usage:0", {"owner": "张工", "note": None})
    assert view_model.summary()[0] is Tone.INFO


async def test_a_silence_names_a_rule_that_was_picked_and_can_be_ended(
    stage: Stage, page: AlertsPage, engine: FakeAlerts
) -> None:
    dialog = page.silences.add()
    rule, hours = dialog.form.editor("rule"), dialog.form.editor("hours")
    assert isinstance(rule, ChoiceEditor)
    assert isinstance(hours, NumberEditor)
    offered = [rule.box.itemText(number) for number in range(rule.box.count())]
    assert offered[0] == "所有规则"
    assert len(offered) == 1 + len(default_rules())
    assert "CPU 使用率过高" in offered
    assert not any("{" in name for name in offered)
    rule.show_value("disk_space_low")
    hours.box.setValue(8)
    dialog.start_saving()
    await settle(lambda: bool(page.silences.model.rowCount()))
    (silence,) = engine.silent
    assert (silence.rule, silence.ends_at - silence.starts_at) == ("disk_space_low", timedelta(hours=8))
    shown = page.silences.model.rows[0]
    assert (shown.rule, shown.who) == ("磁盘空间不足", "本窗口")
    page.silences.table.selectRow(0)
    page.silences.end_button.click()
    await settle(lambda: not page.silences.model.rowCount())
    page.deleteLater()


async def test_a_maintenance_window_is_shown_and_set_with_days_and_a_rule(
    stage: Stage, page: AlertsPage
) -> None:
    window: dict[str, JSON] = {"name": "夜间", "start": "02:00", "duration_s": 3600, "days": ["sat", "sun"]}
    await stage.config.apply([Put("settings", "alerts", {"maintenance": [window]})], who="test")
    await settle(lambda: page.silences.model.rowCount() == 1)
    shown = page.silences.model.rows[0]
    assert (shown.rule, shown.who, shown.silence_id) == ("所有规则", "夜间", None)
    assert shown.when == "周六、周日 02:00 起 1小时（UTC）"
    page.silences.table.selectRow(0)
    assert not page.silences.end_button.isEnabled()
    (spec,) = (one for one in fields_of(AlertsSettings.model_json_schema()) if one.path == "maintenance")
    form = SchemaForm(stage.theme, stage.words, spec.rows, references=stage.editing.choices)
    form.show_document(window)
    days = form.editor("days")
    assert isinstance(days, ChoicesEditor)
    assert days.value() == ["sat", "sun"]
    days.boxes["mon"].setChecked(True)
    assert form.document()["days"] == ["mon", "sat", "sun"]
    assert isinstance(form.editor("rule"), ChoiceEditor)
    form.deleteLater()
    page.deleteLater()


async def test_of_a_storm_the_worst_are_shown_and_all_are_counted(
    stage: Stage, engine: FakeAlerts, page: AlertsPage, view_model: AlertsViewModel
) -> None:
    words = stage.backstage.words
    one = alert("high_cpu_usage", Level.CRITICAL)
    engine.shown = tuple(replace(one, id=f"r:{number}", episode=str(number)) for number in range(3_000))
    view_model.refresh()
    assert (len(view_model.active), view_model.count) == (SHOWN, 3_000)
    assert page.active.more.text() == words("alert_page.more", shown=SHOWN, count=3_000)
    assert view_model.summary()[0] is Tone.CRITICAL
    engine.shown = engine.shown[:2]
    view_model.refresh()
    assert page.active.more.isHidden()
    page.deleteLater()


@pytest.mark.parametrize("language", list(Language))
async def test_a_delivered_rule_is_named_without_the_facts_of_an_alert(
    stage: Stage, language: Language
) -> None:
    stage.words.set_language(language)
    names = [delivered_name(stage.words, rule.id) for rule in default_rules()]
    assert [name for name in names if "{" in name] == []
    assert len(set(names)) == len(names)


async def test_the_service_that_a_rule_repairs_is_picked_or_left_out(stage: Stage) -> None:
    cast = Cast(stage)
    page = cast.window.show_page("alerts")
    assert isinstance(page, AlertsPage)
    page.rules.add()
    dialog = page.rules.editor.dialog
    assert dialog is not None
    repair = dialog.form.editor("repair")
    assert isinstance(repair, ChoiceEditor)
    offered = [repair.box.itemData(number) for number in range(repair.box.count())]
    assert {"", "console_database", "instance:pc1"} <= set(offered)
    dialog.start_saving()
    await settle(lambda: "alert1" in stage.config.snapshot.objects("alert_rule"))
    assert stage.config.snapshot.objects("alert_rule")["alert1"].repair == ""
    page.rules.editor.edit("alert1")
    await settle(lambda: page.rules.editor.dialog is not None)
    dialog = page.rules.editor.dialog
    assert dialog is not None
    repair = dialog.form.editor("repair")
    assert isinstance(repair, ChoiceEditor)
    repair.show_value("instance:pc1")
    dialog.start_saving()
    await settle(lambda: stage.config.snapshot.objects("alert_rule")["alert1"].repair == "instance:pc1")
    cast.close()


def test_what_settings_and_ladders_refer_to_is_picked() -> None:
    reports = {spec.path: spec for spec in fields_of(ReportsSettings.model_json_schema())}
    assert (reports["channels"].widget, reports["channels"].refers_to) == (Widget.REFERENCES, "channel")
    chat = {spec.path: spec for spec in fields_of(BuiltInPresets().schemas()["chat"])}
    assert (chat["platform"].widget, chat["platform"].refers_to) == (Widget.REFERENCE, "platform")
    assert (chat["instance"].widget, chat["instance"].refers_to) == (Widget.REFERENCE, "instance")

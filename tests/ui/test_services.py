"""The services page over a running console: real checks, repairs, processes; and the forms of services."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from tests.environment import FREE_PORT
from tests.ui.cast import Cast
from tests.ui.conftest import WINDOW_BUILT_S
from tests.ui.stage import NOW, Stage, drop_deleted, settle, spawn_in_loop
from wxauto_mgt.app import Application
from wxauto_mgt.core.config.model import JSON, SETTINGS, Put
from wxauto_mgt.core.messages.history.figures import OpenDecisions
from wxauto_mgt.core.monitoring.checks.contract import CheckResult, Outcome
from wxauto_mgt.core.monitoring.services.section import SERVICE
from wxauto_mgt.texts.language import Language
from wxauto_mgt.ui.assembly import Assembled, assemble
from wxauto_mgt.ui.bridge.events import Inbox
from wxauto_mgt.ui.forms.editors import TextEditor, WordsEditor
from wxauto_mgt.ui.forms.list_editors import VariantsEditor
from wxauto_mgt.ui.pages.overview.page import OverviewPage
from wxauto_mgt.ui.pages.overview.report_view_model import HTML, ReportViewModel
from wxauto_mgt.ui.pages.services.page import PROCESS, REPAIR, ServicesPage
from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.theme.tokens import Tone
from wxauto_mgt.ui.widgets.uptime_bars import Bar, UptimeBars
from wxauto_mgt.ui_settings import ThemeChoice

SOON_S = 20.0
QUICK = {**FREE_PORT, "HEARTBEAT_CHECK_INTERVAL": "0.2", "LC_ALL": "zh_CN.UTF-8"}
# Nobody listens there.
BROKEN: dict[str, JSON] = {
    "name": "tts",
    "description": "语音合成",
    "critical": True,
    "failure_threshold": 2,
    "check": {"type": "tcp", "host": "127.0.0.1", "port": 1},
    "repairs": [
        {"action": "verify_configuration"},
        {"action": "wait_until_stable", "delay_s": 0, "tries": 1, "pause_s": 0.01},
    ],
}
TICKER: dict[str, JSON] = {
    "name": "ticker",
    "check": {"type": "push"},
    "process": {
        "command": [sys.executable, "-u", "-c", "import time\nprint('hello', flush=True)\ntime.sleep(600)"],
        "stop_timeout_s": 1,
    },
}


@dataclass
class Console:
    """A running console with its window."""

    application: Application
    assembled: Assembled
    page: ServicesPage

    async def configure(self, *documents: dict[str, JSON]) -> None:
        edits = [Put(SERVICE, str(document["name"]), document) for document in documents]
        await self.application.config.apply(edits, who="test")

    async def pick(self, service_id: str) -> None:
        await settle(lambda: self.page.model.number_of(service_id) is not None, deadline_s=SOON_S)
        self.page.activate(service_id)


def busy_inboxes(assembled: Assembled) -> list[Inbox]:
    """Inboxes that will still hand something over."""
    found = (inbox for owner in assembled.view_models for inbox in owner.findChildren(Inbox))
    return [inbox for inbox in found if any(timer.isActive() for timer in inbox.findChildren(QTimer))]


@pytest.fixture
async def console(
    tmp_path: Path, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Console]:
    asyncio.get_running_loop().slow_callback_duration = WINDOW_BUILT_S
    application = await Application.open(data_dir=tmp_path, environment=QUICK, language=Language.ZH_CN)
    # A busy machine makes the console itself slow, which is not what is tested here.
    patient: dict[str, JSON] = {"failure_threshold": 100}
    await application.config.apply([Put(SETTINGS, "health_checks", patient)], who="test")
    monkeypatch.setattr(application.supervisor, "spawn", spawn_in_loop(application.supervisor.spawn))
    theme = Theme(qapp, ThemeChoice.LIGHT)
    theme.apply()
    assembled = assemble(application, theme=theme, detected=Language.ZH_CN, is_demo=False)
    assembled.window.show()
    await application.start()
    page = assembled.window.show_page("services")
    assert isinstance(page, ServicesPage)
    yield Console(application, assembled, page)
    assembled.window.say_stopping()
    assembled.shell.rest()
    # What is under way on the bus must have arrived before nothing can be read any more.
    await settle(lambda: not busy_inboxes(assembled))
    assert await application.stop() == ()
    await settle(lambda: not busy_inboxes(assembled))
    assembled.window.let_go()
    assembled.window.deleteLater()
    drop_deleted()


@pytest.mark.expects_log("tts was")
@pytest.mark.expects_log("repair ended")
async def test_a_failing_service_comes_first_with_its_reason_and_its_repair(console: Console) -> None:
    await console.configure(BROKEN)
    page = console.page
    await settle(lambda: bool(page.model.rows) and page.model.rows[0].id == "tts", deadline_s=SOON_S)
    await settle(lambda: page.model.rows[0].tone is Tone.CRITICAL, deadline_s=SOON_S)
    shown = page.model.rows[0]
    assert (shown.name, shown.critical, shown.kind, shown.status) == ("语音合成", "关键", "端口", "不正常")
    assert "语音合成" in page.overall.text
    await console.pick("tts")
    page.show_tab(REPAIR)
    await settle(lambda: page.repair.runs.rowCount() > 0, deadline_s=SOON_S)
    await settle(lambda: bool(page.repair.runs.rows[-1].steps), deadline_s=SOON_S)
    await settle(lambda: page.repair.plan.rowCount() == 2, deadline_s=SOON_S)
    assert [row.action for row in page.repair.plan.rows] == ["核对配置", "等待稳定"]
    assert page.repair.why.text()
    assert page.checks.model.rowCount() > 0
    assert page.status.reason.text == shown.reason


@pytest.mark.expects_log("repair ended")
async def test_a_repair_by_hand_asks_first_and_lists_its_steps(console: Console) -> None:
    # Awaits what nobody reports: it never fails, so nothing is repaired by itself.
    await console.configure({**BROKEN, "check": {"type": "push"}})
    await console.pick("tts")
    console.page.show_tab(REPAIR)
    panel = console.page.repair
    await settle(panel.repair_button.isEnabled, deadline_s=SOON_S)
    panel.repair_button.click()
    await settle(lambda: panel.question is not None, deadline_s=SOON_S)
    assert panel.question is not None
    panel.question.yes.click()
    await settle(lambda: bool(panel.runs.rowCount()), deadline_s=SOON_S)
    await settle(lambda: panel.runs.rows[0].outcome == "全部步骤做完，检查仍未通过", deadline_s=SOON_S)
    assert "本窗口" in panel.runs.rows[0].because


async def test_a_process_is_stopped_and_started_and_its_output_is_read(console: Console) -> None:
    await console.configure(TICKER)
    await console.pick("ticker")
    panel = console.page.process
    await settle(lambda: PROCESS in console.page.tab_names, deadline_s=SOON_S)
    console.page.show_tab(PROCESS)
    await settle(lambda: "hello" in panel.output.toPlainText(), deadline_s=SOON_S)
    await settle(lambda: panel.chip.text == "运行中", deadline_s=SOON_S)
    assert not panel.start_button.isEnabled()
    panel.stop_button.click()
    await settle(lambda: panel.chip.text == "已停止", deadline_s=SOON_S)
    await settle(panel.start_button.isEnabled, deadline_s=SOON_S)
    panel.start_button.click()
    await settle(lambda: panel.chip.text == "运行中", deadline_s=SOON_S)
    entries = await console.application.ground.audit.entries(limit=5)
    assert [(one.who, one.action) for one in entries[:2]] == [
        ("window", "process.start"),
        ("window", "process.stop"),
    ]


async def test_the_heartbeat_is_stopped_and_started_by_hand(console: Console) -> None:
    page = console.page
    await settle(lambda: any(row.tone is Tone.OK for row in page.model.rows), deadline_s=SOON_S)
    page.stop_button.click()
    await settle(lambda: all(row.tone is Tone.UNKNOWN for row in page.model.rows), deadline_s=SOON_S)
    assert "停止" in page.heartbeat.text
    await settle(page.start_button.isVisible)
    page.start_button.click()
    await settle(lambda: any(row.tone is Tone.OK for row in page.model.rows), deadline_s=SOON_S)
    entries = await console.application.ground.audit.entries(limit=2)
    assert [one.action for one in entries] == ["heartbeat.start", "heartbeat.stop"]


async def test_a_service_is_added_by_a_form_with_check_steps_and_no_process(stage: Stage) -> None:
    cast = Cast(stage)
    page = cast.window.show_page("services")
    assert isinstance(page, ServicesPage)
    page.add("http")
    dialog = page.editor.dialog
    assert dialog is not None
    url, steps = dialog.form.editor("check.url"), dialog.form.editor("repairs")
    assert isinstance(url, TextEditor)
    assert isinstance(steps, VariantsEditor)
    url.line.setText("http://127.0.0.1:7000/health")
    names = [action.text() for action in steps.menu.actions()]
    assert "核对配置" in names
    steps.menu.actions()[names.index("核对配置")].trigger()
    steps.menu.actions()[names.index("成套：语音合成")].trigger()
    dialog.start_saving()
    await settle(lambda: "http1" in stage.config.snapshot.objects(SERVICE))
    service = stage.config.snapshot.objects(SERVICE)["http1"]
    assert service.check.type == "http"
    actions = [step.action for step in service.repairs]
    assert actions == ["verify_configuration", "clear_temporary_files", "wait_until_stable"]
    assert service.process is None
    await settle(lambda: page.model.number_of("http1") is not None)
    cast.close()


async def test_a_stored_service_keeps_its_name_and_its_program(stage: Stage) -> None:
    document: dict[str, JSON] = {
        **BROKEN,
        "process": {"command": ["server", "--port", "1"], "env": {"MODE": "fast"}},
    }
    await stage.config.apply([Put(SERVICE, "tts", document)], who="test")
    cast = Cast(stage)
    page = cast.window.show_page("services")
    assert isinstance(page, ServicesPage)
    page.edit_first()
    await settle(lambda: page.editor.dialog is not None)
    dialog = page.editor.dialog
    assert dialog is not None
    name, program = dialog.form.editor("name"), dialog.form.editor("process.command")
    assert isinstance(name, TextEditor)
    assert isinstance(program, WordsEditor)
    assert name.line.isReadOnly()
    assert program.value() == ["server", "--port", "1"]
    before = stage.config.snapshot.objects(SERVICE)["tts"]
    dialog.start_saving()
    await settle(lambda: page.editor.dialog is None)
    assert stage.config.snapshot.objects(SERVICE)["tts"] == before
    cast.close()


async def test_a_refused_field_of_a_check_is_shown_at_its_place(stage: Stage) -> None:
    cast = Cast(stage)
    page = cast.window.show_page("services")
    assert isinstance(page, ServicesPage)
    page.add("http")
    dialog = page.editor.dialog
    assert dialog is not None
    dialog.start_saving()
    await settle(lambda: dialog.form.has_problems)
    assert dialog.form.error_of("check.url").startswith("地址必须以")
    cast.discard(dialog)
    cast.close()


async def test_gaps_stay_gaps_and_every_bar_says_what_it_is(stage: Stage) -> None:
    bars = UptimeBars(stage.theme, "uptime")
    bars.resize(400, 40)
    bars.show_bars([Bar(100.0, "a"), Bar(None, "没有数据"), Bar(97.0, "c"), Bar(0.0, "d")], "x")
    assert [bars.tip_at(x) for x in (1, 150, 250, 399)] == ["a", "没有数据", "c", "d"]
    bars.grab()
    bars.deleteLater()


async def test_uptime_and_checks_of_the_service_in_view(stage: Stage) -> None:
    cast = Cast(stage)
    services = cast.services
    await services.history.open()
    page = cast.window.show_page("services")
    assert isinstance(page, ServicesPage)
    page.activate("console_database")
    page.check_button.click()
    await settle(lambda: page.model.rows[0].tone is Tone.OK or page.model.rows[-1].tone is Tone.OK)
    detail = services.views.detail
    await settle(lambda: detail.uptime is not None)
    assert detail.uptime is not None
    assert len(detail.uptime.bars) == 24
    assert all(percent is None for percent, _ in detail.uptime.bars)
    assert "没有数据" in detail.uptime.bars[0][1]
    page.status.span.chosen.emit("90d")
    await settle(lambda: detail.uptime is not None and len(detail.uptime.bars) == 90)
    assert str(NOW.year) in detail.uptime.until
    cast.close()


@pytest.mark.expects_log("is unhealthy")
async def test_the_overview_says_how_services_stand_and_leads_there(stage: Stage) -> None:
    cast = Cast(stage)
    page = cast.window.show_page("overview")
    assert isinstance(page, OverviewPage)
    await settle(lambda: "未知" in page.services.text)
    broken = CheckResult(Outcome.FAILED, "database_failed", {"cause": "x"})
    for _ in range(3):
        cast.services.board.record("console_database", broken)
    cast.overview.refresh()
    assert page.services.text == "服务不正常（1 个）"
    assert "控制台数据库" in page.services.toolTip()
    assert page.services.tone is Tone.CRITICAL
    page.services_button.click()
    assert cast.window.current == "services"
    cast.close()


async def test_what_waits_for_a_person_is_said_on_the_overview(stage: Stage) -> None:
    cast = Cast(stage)
    page = cast.window.show_page("overview")
    assert isinstance(page, OverviewPage)
    await settle()
    assert page.decisions.text == ""
    cast.overview._take_counted((await cast.monitor.statistics(), OpenDecisions(0, 0, 2, 1, 0)))
    assert page.decisions.text == "有消息等你处理：1 条没能送达；2 条暂缓"
    assert page.decisions.action is not None
    page.decisions.action.click()
    assert cast.window.current == "messages"
    assert cast.messages.view.value == "dead"
    cast.close()


async def test_the_report_of_a_running_console_is_saved_and_sampled(console: Console) -> None:
    page = console.assembled.window.show_page("overview")
    assert isinstance(page, OverviewPage)
    (report,) = (one for one in console.assembled.view_models if isinstance(one, ReportViewModel))
    file = await report.propose(HTML)
    assert file.parent == console.application.ground.data_dir / "exports"
    report.save.start(file, HTML)
    await settle(lambda: not report.save.is_running, deadline_s=SOON_S)
    assert file.read_text("utf-8").startswith("<!doctype html>")
    page.report.sample.trigger()
    sample = console.application.ground.data_dir / "logs" / "health_report_sample.json"
    await settle(sample.exists, deadline_s=SOON_S)
    await settle(lambda: not report.sample.is_running, deadline_s=SOON_S)

"""The tab of notices: channels, deliveries, tests, and notices inside the window."""

from __future__ import annotations

import pytest

from tests.ui.stage import NOW, FakeNotices, Stage, quiet_notices, settle
from wxauto_mgt.core.notifications.contract import Notice
from wxauto_mgt.core.notifications.model import (
    ChannelFigures,
    DeliveryRecord,
    DeliveryState,
    Notification,
    NotificationKind,
    NotificationLevel,
)
from wxauto_mgt.core.notifications.surfaces import IN_APP, Surfaces
from wxauto_mgt.errors import ChannelPermanent
from wxauto_mgt.ui.forms.editors import SecretEditor
from wxauto_mgt.ui.pages.notices.in_app import show_notices
from wxauto_mgt.ui.pages.notices.panel import FAILED, NoticesPanel
from wxauto_mgt.ui.pages.notices.view_model import NoticesViewModel
from wxauto_mgt.ui.theme.tokens import Tone

HOOK = "https://oapi.dingtalk.com/robot/send?access_token=abcdef123456"


def notification(title: str = "alerts.title.high_cpu_usage") -> Notification:
    return Notification(
        key="k",
        kind=NotificationKind.FIRING,
        level=NotificationLevel.WARNING,
        title=title,
        message="",
        at=NOW,
        params={"value": 91.256},
    )


def delivery(number: int, state: DeliveryState, reason: str | None = None) -> DeliveryRecord:
    return DeliveryRecord(
        id=number,
        notification_id=number,
        notification=notification(),
        channel_id="in_app",
        state=state,
        reason=reason,
        facts={"channel": "in_app"},
        attempts=4,
        next_attempt_at=NOW,
        ended_at=NOW,
        group_size=1,
    )


@pytest.fixture
def core() -> FakeNotices:
    return FakeNotices()


@pytest.fixture
def view_model(stage: Stage, core: FakeNotices) -> NoticesViewModel:
    return quiet_notices(stage, core)


async def test_channels_say_how_they_do(view_model: NoticesViewModel, core: FakeNotices) -> None:
    view_model.refresh()
    await settle(lambda: bool(view_model.channels))
    assert (view_model.channels[0].state, view_model.channels[0].tone) == ("可用", Tone.OK)
    core.known["in_app"] = ChannelFigures(
        "in_app",
        sent=3,
        failed=1,
        failures_in_row=1,
        last_error="channel_missing",
        last_error_facts={"channel": "in_app"},
    )
    view_model.refresh()
    await settle(lambda: view_model.channels[0].tone is Tone.CRITICAL)
    assert view_model.channels[0].counts == "3 / 1"
    assert "in_app" in view_model.channels[0].why


async def test_a_failed_delivery_is_found_and_sent_again(
    stage: Stage, view_model: NoticesViewModel, core: FakeNotices
) -> None:
    core.records = [
        delivery(2, DeliveryState.FAILED, "channel_missing"),
        delivery(1, DeliveryState.SENT),
    ]
    panel = NoticesPanel(stage.desk, view_model)
    view_model.refresh()
    await settle(lambda: panel.deliveries.rowCount() == 2)
    assert panel.deliveries.rows[0].title == "CPU 使用率过高"
    assert not panel.resend_button.isEnabled()
    panel.filter.choose(FAILED)
    panel.filter.chosen.emit(FAILED)
    assert [row.id for row in panel.deliveries.rows] == [2]
    panel.delivery_table.selectRow(0)
    panel.resend_button.click()
    await settle(lambda: core.resent == [2])
    panel.deleteLater()


async def test_a_channel_in_force_is_tested_by_a_button(
    stage: Stage, view_model: NoticesViewModel, core: FakeNotices
) -> None:
    said: list[str] = []
    stage.desk.done.connect(said.append)
    stage.desk.failed.connect(said.append)
    panel = NoticesPanel(stage.desk, view_model)
    view_model.refresh()
    await settle(lambda: panel.channels.rowCount() == 1)
    panel.test_button.click()
    await settle(lambda: bool(said))
    core.refusal = ChannelPermanent("channel_disabled", channel="in_app")
    await settle(lambda: panel.test_button.isEnabled())
    panel.test_button.click()
    await settle(lambda: len(said) == 2)
    assert core.tested == ["in_app", "in_app"]
    assert "in_app" in said[1]
    panel.deleteLater()


async def test_a_channel_is_made_by_a_form_and_tested_before_it_is_saved(
    stage: Stage, view_model: NoticesViewModel, core: FakeNotices
) -> None:
    panel = NoticesPanel(stage.desk, view_model)
    panel.add("dingtalk")
    dialog = panel.editor.dialog
    assert dialog is not None
    url = dialog.form.editor("config.webhook_url")
    assert isinstance(url, SecretEditor)
    url.line.setText(HOOK)
    dialog.test_button.click()
    await settle(lambda: dialog.outcome.text == "测试通知已送达")
    dialog.start_saving()
    await settle(lambda: "dingtalk1" in stage.config.snapshot.objects("channel"))
    await settle(lambda: panel.channels.number_of("dingtalk1") is not None)
    panel.deleteLater()


async def test_notices_appear_in_the_window_and_bad_news_stays(stage: Stage) -> None:
    surfaces = Surfaces()
    bad: list[str] = []
    good: list[str] = []
    stage.desk.failed.connect(bad.append)
    stage.desk.done.connect(good.append)
    show_notices(stage.desk, surfaces)
    for kind in (NotificationKind.FIRING, NotificationKind.RESOLVED):
        surfaces.show(IN_APP, Notice("1", kind, NotificationLevel.WARNING, kind.value, "", NOW, ()))
    assert (bad, good) == (["firing"], ["resolved"])

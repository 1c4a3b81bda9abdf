"""The messages page follows the rows, explains one of them in words, and passes a person's decisions on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from PySide6.QtWidgets import QLabel, QPushButton

from tests.core.delivery.desk import Desk, rule
from tests.fakes.delivery import TIMED_OUT
from tests.ui.stage import Stage, drop_deleted, settle
from wxauto_mgt.core.messages.model import MessageState
from wxauto_mgt.core.platforms.contract import PlatformReply, PlatformRequest
from wxauto_mgt.errors import PlatformPermanent
from wxauto_mgt.ui.bridge.events import EventBridge
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.pages.messages.page import MessagesPage
from wxauto_mgt.ui.pages.messages.view_model import PAGE, MessagesViewModel, View
from wxauto_mgt.ui.pages.messages.wording import outcome_of
from wxauto_mgt.ui.theme.tokens import Tone
from wxauto_mgt.ui.words import NOT_MEASURED


@pytest.fixture
async def delivery(stage: Stage) -> AsyncIterator[Desk]:
    """Delivery over the stage's database; the stage's rule `r1` sends everything to its platform `kw`."""
    desk = Desk(stage.db, stage.clock)
    desk.rules = (rule(platforms=("kw",)),)
    yield desk
    await desk.supervisor.stop("")


@pytest.fixture
async def view_model(stage: Stage, delivery: Desk) -> AsyncIterator[MessagesViewModel]:
    backstage = Backstage(stage.words, stage.backstage.commands, EventBridge(delivery.bus, interval_ms=0))
    made = MessagesViewModel(backstage, browser=delivery.browser, editing=stage.editing)
    made.set_active(is_active=True)
    await settle()
    yield made
    made.set_active(is_active=False)
    await settle()


def _refuse(_: PlatformRequest) -> PlatformReply:
    raise PlatformPermanent("platform_unauthorized", status=401)


async def _open_first(view_model: MessagesViewModel) -> None:
    await settle(lambda: bool(view_model.rows))
    view_model.select(view_model.rows[0].message.id)
    await settle(lambda: view_model.detail is not None)


async def test_rows_appear_as_they_are_committed_newest_first(
    delivery: Desk, view_model: MessagesViewModel
) -> None:
    await delivery.receive("一")
    await delivery.receive("二")
    await settle(lambda: len(view_model.rows) == 2)
    assert [line.message.content for line in view_model.rows] == ["二", "一"]


async def test_an_answered_message_says_delivered(
    stage: Stage, delivery: Desk, view_model: MessagesViewModel
) -> None:
    delivery.open_platform(platform_id="kw")
    delivery.window()
    delivery.start()
    await delivery.receive("在吗")
    await delivery.until_replies("sending")
    await delivery.until_sent("re: 在吗")
    await delivery.echo("re: 在吗")
    await delivery.until_messages("done")
    await settle(lambda: bool(view_model.rows) and view_model.rows[0].message.state is MessageState.DONE)
    tone, word = outcome_of(stage.words, view_model.rows[0])
    assert (tone, word) == (Tone.OK, stage.words("reply_state.confirmed"))
    await _open_first(view_model)
    detail = view_model.detail
    assert detail is not None
    sentences = [what for _, what in detail.timeline]
    assert any("全部消息" in sentence and "关键词" in sentence for sentence in sentences)
    assert all("_" not in sentence for sentence in sentences)
    assert (detail.rules[0].rule, detail.rules[0].tone) == ("全部消息", Tone.OK)


@pytest.mark.expects_log("platform call failed for good")
async def test_a_dead_letter_says_why_and_can_be_tried_again(
    delivery: Desk, view_model: MessagesViewModel
) -> None:
    delivery.open_platform(_refuse, platform_id="kw")
    delivery.start()
    await delivery.receive("在吗")
    await delivery.until_messages("dead")
    view_model.set_filter(view=View.DEAD, text="")
    await _open_first(view_model)
    detail = view_model.detail
    assert detail is not None
    assert detail.can_replay
    assert "API" in detail.reason
    assert NOT_MEASURED not in detail.reason
    delivery.open_platform(platform_id="kw")
    view_model.replay.start(detail.message.id)
    await settle(lambda: not view_model.rows)
    await delivery.until_messages("done")


@pytest.mark.expects_log("platform call failed for good")
async def test_a_discarded_dead_letter_leaves_the_list(delivery: Desk, view_model: MessagesViewModel) -> None:
    delivery.open_platform(_refuse, platform_id="kw")
    delivery.start()
    await delivery.receive("在吗")
    await delivery.until_messages("dead")
    view_model.set_filter(view=View.DEAD, text="")
    await _open_first(view_model)
    view_model.discard.start(view_model.selected)
    await settle(lambda: view_model.rows == ())


@pytest.mark.expects_log("send fails")
async def test_a_person_settles_a_reply_whose_outcome_is_unknown(
    delivery: Desk, view_model: MessagesViewModel
) -> None:
    delivery.open_platform(platform_id="kw")
    delivery.window()
    delivery.client.answers.append(TIMED_OUT)
    delivery.start()
    await delivery.receive("在吗")
    await delivery.until_replies("unknown")
    await _open_first(view_model)
    detail = view_model.detail
    assert detail is not None
    (reply,) = detail.replies
    assert reply.can_be_settled
    view_model.settle.start(reply.id, True)
    await delivery.until_replies("confirmed")
    await settle(lambda: view_model.detail is not None and not view_model.detail.replies[0].can_be_settled)


async def test_more_rows_come_when_asked_and_stay_while_new_ones_arrive(
    delivery: Desk, view_model: MessagesViewModel
) -> None:
    await delivery.receive(*(f"第 {number} 条" for number in range(PAGE + 30)))
    await settle(lambda: len(view_model.rows) == PAGE)
    assert view_model.has_more
    view_model.load_more()
    await settle(lambda: len(view_model.rows) == PAGE + 30)
    await delivery.receive("新的")
    await settle(lambda: len(view_model.rows) == PAGE + 31)
    assert view_model.rows[0].message.content == "新的"


async def test_the_filter_asks_the_database(delivery: Desk, view_model: MessagesViewModel) -> None:
    await delivery.receive("发票什么时候开", "在吗")
    await settle(lambda: len(view_model.rows) == 2)
    view_model.set_filter(view=View.ALL, text="发票")
    await settle(lambda: len(view_model.rows) == 1)
    view_model.set_filter(view=View.DONE, text="")
    await settle(lambda: not view_model.rows)


async def test_a_decision_that_comes_too_late_is_said_in_words(
    delivery: Desk, view_model: MessagesViewModel
) -> None:
    failed: list[str] = []
    view_model.replay.failed.connect(failed.append)
    await delivery.receive("在吗")
    await settle(lambda: bool(view_model.rows))
    view_model.replay.start(view_model.rows[0].message.id)
    await settle(lambda: bool(failed))
    assert failed == ["这条消息现在不需要重试"]


@pytest.mark.expects_log("platform call failed for good")
async def test_the_page_shows_the_picked_message_and_offers_what_can_be_decided(
    stage: Stage, delivery: Desk, view_model: MessagesViewModel
) -> None:
    delivery.open_platform(_refuse, platform_id="kw")
    delivery.start()
    await delivery.receive("在吗")
    await delivery.until_messages("dead")
    page = MessagesPage(stage.desk, view_model)
    page.show()
    await settle(lambda: page.model.rowCount() == 1)
    page.table.selectRow(0)
    await settle(lambda: page.detail.replay_button.isVisible())
    texts = [label.text() for label in page.detail.findChildren(QLabel)]
    assert "在吗" in texts
    assert page.detail.discard_button.isVisible()
    assert not page.detail.release_button.isVisible()
    buttons: list[QPushButton] = page.detail.findChildren(QPushButton)
    assert all(button.text() for button in buttons)
    page.deleteLater()
    drop_deleted()

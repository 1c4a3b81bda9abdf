"""Events reach the window in bursts; commands run supervised and say how they ended."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QPushButton

from tests.ui.stage import Stage, drop_deleted, settle
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.bridge.events import INBOX_LIMIT, EventBridge
from wxauto_mgt.ui.widgets.command_button import announce, drive


@dataclass(frozen=True)
class _Event:
    number: int


async def test_a_burst_of_events_arrives_as_one_list_in_order(bare_stage: Stage) -> None:
    bridge = EventBridge(bare_stage.bus, interval_ms=10)
    owner = QObject()
    lists: list[list[_Event]] = []
    bridge.inbox(owner, _Event).arrived.connect(lists.append)
    for number in range(50):
        bare_stage.bus.publish(_Event(number))
    assert lists == []
    await settle(lambda: bool(lists))
    assert [event.number for event in lists[0]] == list(range(50))
    assert len(lists) == 1


async def test_an_inbox_is_bounded_and_drops_the_oldest(bare_stage: Stage) -> None:
    owner = QObject()
    lists: list[list[_Event]] = []
    bare_stage.backstage.bridge.inbox(owner, _Event).arrived.connect(lists.append)
    for number in range(INBOX_LIMIT + 5):
        bare_stage.bus.publish(_Event(number))
    await settle(lambda: bool(lists))
    assert len(lists[0]) == INBOX_LIMIT
    assert lists[0][-1].number == INBOX_LIMIT + 4


async def test_a_subscription_ends_with_its_owner(bare_stage: Stage) -> None:
    owner = QObject()
    bare_stage.backstage.bridge.inbox(owner, _Event)
    owner.deleteLater()
    drop_deleted()
    # A dead inbox that were still subscribed would make the bus log an error, which fails the test.
    bare_stage.bus.publish(_Event(1))


async def test_a_button_rests_while_its_command_runs(bare_stage: Stage) -> None:
    owner, button = QObject(), QPushButton()
    gate = asyncio.Event()
    command = bare_stage.backstage.commands.command(owner, "wait", gate.wait)
    drive(button, command)
    button.click()
    await settle(lambda: command.is_running)
    assert not button.isEnabled()
    assert command.start() is False
    gate.set()
    await settle(lambda: not command.is_running)
    assert button.isEnabled()
    button.deleteLater()


async def test_a_refused_command_says_why_in_one_line(bare_stage: Stage) -> None:
    owner = QObject()
    failed: list[str] = []
    done: list[str] = []
    bare_stage.desk.failed.connect(failed.append)
    bare_stage.desk.done.connect(done.append)

    async def refuse() -> None:
        raise PermanentError("object_gone", object_id="r9")

    command = bare_stage.backstage.commands.command(owner, "refuse", refuse)
    announce(owner, bare_stage.desk, command, "done")
    command.start()
    await settle(lambda: bool(failed))
    assert failed == ["对象 r9 已被删除"]
    assert (done, command.is_running) == ([], False)


@pytest.mark.expects_log("window command failed")
async def test_a_bug_in_a_command_is_logged_and_does_not_leave_the_button_grey(bare_stage: Stage) -> None:
    owner, button = QObject(), QPushButton()
    failed: list[str] = []

    async def break_down() -> None:
        raise ZeroDivisionError

    command = bare_stage.backstage.commands.command(owner, "break", break_down)
    command.failed.connect(failed.append)
    drive(button, command)
    button.click()
    await settle(lambda: bool(failed))
    assert button.isEnabled()
    assert "日志" in failed[0]
    button.deleteLater()


async def test_a_command_outlives_its_page_without_touching_it(bare_stage: Stage) -> None:
    owner = QObject()
    gate = asyncio.Event()
    ended: list[bool] = []

    async def work() -> None:
        await gate.wait()
        ended.append(True)

    command = bare_stage.backstage.commands.command(owner, "work", work)
    command.start()
    await settle()
    owner.deleteLater()
    drop_deleted()
    gate.set()
    await settle(lambda: bool(ended))
    assert bare_stage.failures == []


async def test_wishes_during_a_read_make_one_more_read(bare_stage: Stage) -> None:
    owner = QObject()
    reads: list[int] = []
    gate = asyncio.Event()

    async def read() -> int:
        reads.append(1)
        await gate.wait()
        return len(reads)

    reader = bare_stage.backstage.commands.reader(owner, "read", read)
    for _ in range(5):
        reader.refresh()
    await settle(lambda: bool(reads))
    gate.set()
    await settle(lambda: not reader.is_running)
    assert len(reads) == 2


async def test_a_function_is_disconnected_with_the_widget_it_serves(bare_stage: Stage) -> None:
    page, calls = QObject(), list[str]()
    connect_for(page, bare_stage.desk, bare_stage.desk.done, calls.append)
    bare_stage.desk.done.emit("one")
    page.deleteLater()
    drop_deleted()
    bare_stage.desk.done.emit("two")
    assert calls == ["one"]

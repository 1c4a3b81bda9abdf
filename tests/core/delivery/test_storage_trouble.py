"""While the database takes nothing the delivery waits, says so once, asks and sends nothing twice."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import TypeVar

import pytest

from tests.core.delivery.desk import Desk
from wxauto_mgt.core.delivery.settlement import SETTLER
from wxauto_mgt.core.delivery.storage_trouble import DELIVERY_WRITE
from wxauto_mgt.core.wire import ErrorCleared, ErrorReport
from wxauto_mgt.errors import StorageError
from wxauto_mgt.storage.database import Database

T = TypeVar("T")

pytestmark = pytest.mark.expects_log("delivery_write fails: disk_full")


class Disk:
    """The database's disk: full when it is said to be, and from a moment of the delivery on."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_full = False
        self.refused = 0
        self._desk = desk
        run = Database.run

        async def refusing(db: Database, job: Callable[[sqlite3.Connection], T]) -> T:
            if self.is_full:
                self.refused += 1
                raise StorageError("disk_full")
            return await run(db, job)

        monkeypatch.setattr(Database, "run", refusing)

    def fill_at(self, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Be full from a step of a message on."""
        reach = self._desk.faults.reach

        def reached(name: str) -> None:
            self.is_full = self.is_full or name == point
            reach(name)

        monkeypatch.setattr(self._desk.faults, "reach", reached)

    async def is_felt(self) -> None:
        """Wait until much was refused; retries go by the injected clock or by the alarm's."""

        await passing(self._desk, lambda: self.refused >= 5)


async def passing(desk: Desk, is_so: Callable[[], bool]) -> None:
    """Let time pass until something is so."""
    async with asyncio.timeout(5.0):
        while not is_so():
            await desk.clock.advance(0.1)
            await asyncio.sleep(0.005)


@pytest.fixture
def disk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(desk, monkeypatch)


def told(desk: Desk) -> list[ErrorReport | ErrorCleared]:
    return [error for error in desk.errors if error.operation == DELIVERY_WRITE]


async def until_cleared(desk: Desk) -> None:
    await passing(desk, lambda: isinstance(desk.errors[-1], ErrorCleared))
    assert told(desk) == [
        ErrorReport(DELIVERY_WRITE, "disk_full"),
        ErrorCleared(DELIVERY_WRITE, "disk_full"),
    ], "once for all loops, and its end once"
    assert desk.failures == [], "no loop crashed"


async def test_a_message_waits_for_the_disk_and_is_delivered_once(desk: Desk, disk: Disk) -> None:
    platform = desk.open_platform()
    await desk.receive("在吗")
    disk.is_full = True
    desk.start()
    await disk.is_felt()
    assert platform.asked == [], "what cannot be noted is not asked"
    assert disk.refused < 100, "it waits between two tries"
    disk.is_full = False
    await until_cleared(desk)
    await desk.until_replies("unconfirmed")
    assert (len(platform.asked), desk.sent) == (1, ["re: 在吗"])


@pytest.mark.parametrize("once_only", [False, True])
async def test_an_answer_that_cannot_be_written_is_kept(
    desk: Desk, disk: Disk, monkeypatch: pytest.MonkeyPatch, once_only: bool
) -> None:
    platform = desk.open_platform(once_only=once_only)
    disk.fill_at("delivery.platform_answered", monkeypatch)
    desk.start()
    await desk.receive("在吗")
    await disk.is_felt()
    disk.is_full = False
    await until_cleared(desk)
    await desk.until_messages("done")
    assert (len(platform.asked), desk.sent) == (1, ["re: 在吗"])


async def test_nothing_is_sent_that_cannot_be_noted_first(
    desk: Desk, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.open_platform()
    disk.fill_at("delivery.reply_written", monkeypatch)
    desk.start()
    await desk.receive("在吗")
    await disk.is_felt()
    assert desk.client.entered == 0
    disk.is_full = False
    await until_cleared(desk)
    await desk.until_messages("done")
    assert desk.sent == ["re: 在吗"]


async def test_the_outcome_of_a_send_is_kept_and_holds_nobody_up_at_the_desktop(
    desk: Desk, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.open_platform()
    disk.fill_at("reply.sent", monkeypatch)
    desk.start()
    await desk.receive("在吗")
    await disk.is_felt()
    async with desk.instances.all()[0].gate.hold("poll", timeout_s=1.0):
        pass
    disk.is_full = False
    await until_cleared(desk)
    await desk.until_replies("unconfirmed")
    assert desk.sent == ["re: 在吗"]


async def test_echoes_wait_for_the_disk(desk: Desk, disk: Disk) -> None:
    desk.open_platform()
    desk.window()
    desk.start()
    await desk.receive("在吗")
    await desk.until_sent("re: 在吗")
    await desk.supervisor.stop(SETTLER)
    await desk.echo("re: 在吗")
    disk.is_full = True
    desk.start(SETTLER)
    await disk.is_felt()
    assert [loop.running for loop in desk.supervisor.loops() if loop.name == SETTLER] == [True]
    disk.is_full = False
    await until_cleared(desk)
    await desk.until_replies("confirmed")


async def test_a_stop_does_not_wait_for_the_disk(desk: Desk, disk: Disk) -> None:
    desk.open_platform()
    await desk.receive("在吗")
    disk.is_full = True
    desk.start()
    await disk.is_felt()
    async with asyncio.timeout(2.0):
        assert await desk.worker.drain(0.2) <= 1
        assert await desk.sender.drain(0.2) == 0
        await desk.settler.settle()
        assert await desk.supervisor.stop("") == ()

"""The outbox through any order of events and kills, against channels that know what really arrived."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.core.notifications.post_room import Dropped, PostRoom, parsed
from tests.fakes.clock import FakeClock
from wxauto_mgt.core.notifications.contract import Notice
from wxauto_mgt.core.notifications.model import DeliveryState
from wxauto_mgt.core.notifications.settings import NotificationsSettings
from wxauto_mgt.errors import ChannelError, ChannelPermanent, ChannelTransient
from wxauto_mgt.storage.database import Database

CHANNELS = ("a", "b")
MANY = 10  # a group lists no more than these, so the channels see each of them
POINTS = ("notification.claimed", "notification.answered", "notification.sent_committed")
ENDS: dict[str, tuple[bool, ChannelError | None]] = {
    # what becomes of a notice: whether it arrives, and what its channel says
    "ok": (True, None),
    "unreachable": (False, ChannelTransient("channel_unreachable")),
    "lost": (True, ChannelTransient("channel_timed_out", may_have_arrived=True)),
    "refused": (False, ChannelPermanent("channel_refused")),
}


class OutboxMachine(RuleBasedStateMachine):
    """Each rule runs the dispatcher by hand, so that a kill can come between any two of its steps."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp())
        self.posted = 0
        self.arrived: Counter[tuple[str, str]] = Counter()
        self.excused: Counter[tuple[str, str]] = Counter()  # repetitions that nothing can avoid
        self.tries: Counter[tuple[str, str]] = Counter()
        self.ends: list[str] = []
        self.kill_at: str | None = None

    @initialize(group_over=st.integers(1, 6))
    def begin(self, group_over: int) -> None:
        self._run(self._begin(group_over))

    async def _begin(self, group_over: int) -> None:
        path = self.folder / "console.db"
        shutil.copyfile(self.template, path)
        self.db = await Database.open(
            path, kind="console", synchronous="NORMAL", backup_dir=self.folder / "backups"
        )
        config = NotificationsSettings(group_over=group_over, group_interval_s=5, retry_base_s=1)
        room = PostRoom(self.db, FakeClock(), settings=config)
        room.add(*(parsed(channel, "console", None, rate_limit_per_minute=0) for channel in CHANNELS))
        self.room = await room.open()
        self._script()

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self._run(self._finish())
            self._run(self.room.close())
            self._run(self.db.close())
        self.loop.close()
        shutil.rmtree(self.folder)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self.loop.run_until_complete(work)

    def _script(self) -> None:
        for name in CHANNELS:
            channel = self.room.registry.require(name).channel

            async def send(notice: Notice, name: str = name) -> None:
                self._take(name, notice)

            vars(channel)["send"] = send

    def _take(self, channel: str, notice: Notice) -> None:
        arrives, error = ENDS[self.ends.pop(0) if self.ends else "ok"]
        killed = self.room.trap.at == "notification.answered" and error is None
        for notification in notice.notifications:
            key = (channel, notification.key)
            self.tries[key] += 1
            self.arrived[key] += arrives
            self.excused[key] += arrives and (error is not None or killed)
        if error is not None:
            raise error

    # --- what can happen

    @precondition(lambda self: self.posted < MANY)
    @rule(count=st.integers(1, 4))
    def things_happen(self, count: int) -> None:
        for _ in range(min(count, MANY - self.posted)):
            self._run(self._post())

    async def _post(self) -> None:
        await self.room.outbox.post(self.room.notification(f"n{self.posted}"))
        self.posted += 1

    @rule(ends=st.lists(st.sampled_from(sorted(ENDS)), max_size=6), after_s=st.sampled_from([0, 1, 2, 5, 60]))
    def the_dispatcher_works(self, ends: list[str], after_s: float) -> None:
        self.ends = ends
        self._run(self.room.step(after_s))

    @rule(point=st.sampled_from(POINTS), ends=st.lists(st.sampled_from(sorted(ENDS)), max_size=3))
    def the_process_dies_in_a_send(self, point: str, ends: list[str]) -> None:
        self.ends = ends
        self._run(self._die(point))

    async def _die(self, point: str) -> None:
        self.room.trap.at = point
        await self.room.step()
        await self._again()

    @rule()
    def the_process_dies_in_routing(self) -> None:
        self._run(self._die_in_routing())

    async def _die_in_routing(self) -> None:
        self.room.trap.at = "notification.routed"
        with contextlib.suppress(Dropped):
            await self.room.step()
        await self._again()

    async def _again(self) -> None:
        self.room = await self.room.again()
        self._script()

    @rule()
    def a_person_sends_again_what_failed(self) -> None:
        self._run(self._resend())

    async def _resend(self) -> None:
        for record in await self.room.deliveries():
            if record.state is DeliveryState.FAILED:
                await self.room.outbox.resend(record.id)
                self.tries[record.channel_id, record.notification.key] = 0
                if self.arrived[record.channel_id, record.notification.key]:
                    self.excused[record.channel_id, record.notification.key] += 1

    # --- what holds

    @invariant()
    def nothing_arrives_more_often_than_it_must(self) -> None:
        for key, count in self.arrived.items():
            assert count <= 1 + self.excused[key], key

    @invariant()
    def rows_tell_the_truth(self) -> None:
        if hasattr(self, "room"):
            self._run(self._check_rows())

    async def _check_rows(self) -> None:
        for record in await self.room.deliveries():
            key = (record.channel_id, record.notification.key)
            assert record.attempts <= self.room.settings.most_attempts
            if record.state is DeliveryState.SENT:
                assert self.arrived[key]
            if record.state is DeliveryState.FAILED and record.reason != "channel_refused":
                assert self.tries[key] >= self.room.settings.most_attempts

    async def _finish(self) -> None:
        """With channels that take everything, all that did not fail for good arrives everywhere."""
        self.ends = []
        for _ in range(8):
            await self.room.step(30)
        records = await self.room.deliveries()
        assert len(records) == self.posted * len(CHANNELS)
        assert {record.state for record in records} <= {DeliveryState.SENT, DeliveryState.FAILED}
        figures = await self.room.outbox.figures()
        for name in figures:
            assert figures[name].pending == 0


@pytest.mark.expects_log("background work failed|channel fails")
async def test_no_order_of_events_and_kills_loses_a_notice(db: Database) -> None:
    machine = type("Machine", (OutboxMachine,), {"template": db.path})
    await db.close()
    await asyncio.to_thread(_run_machine, machine)


def _run_machine(machine: type[OutboxMachine]) -> None:
    """On a thread of its own, where no other event loop runs."""
    run_state_machine_as_test(
        machine, settings=settings(deadline=None, derandomize=True, max_examples=60, stateful_step_count=20)
    )

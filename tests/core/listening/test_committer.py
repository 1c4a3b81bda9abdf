"""Batches that the storage does not take wait in memory, in order, and stop all reading."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from tests.fakes.intake import RecordingIntake
from tests.waiting import eventually
from wxauto_mgt.core.instances.episodes import Episodes
from wxauto_mgt.core.listening.committer import BatchCommitter
from wxauto_mgt.core.wire import Channel, ChatRows, Origin, ReadBatch, WireRow
from wxauto_mgt.errors import StorageError, StorageOverloaded
from wxauto_mgt.runtime.backoff import Backoff
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.runtime.supervisor import Supervisor

pytestmark = pytest.mark.expects_log("commit fails: ")


def batch(text: str) -> ReadBatch:
    row = WireRow("text", text, "张三", None, "1", Origin.OTHER, None, f'"{text}"')
    return ReadBatch("pc1", Channel.MAIN, (ChatRows("张三", (row,)),), datetime.now(UTC))


class Setup:
    def __init__(self) -> None:
        clock = SystemClock()
        self.intake = RecordingIntake()
        self.blocks: list[str | None] = []
        self.obstacle: str | None = None
        self.supervisor = Supervisor(clock=clock, on_failure=lambda _failure: None)
        self.committer = BatchCommitter(
            intake=self.intake,
            episodes=Episodes(instance_id=None, clock=clock, on_error=lambda _report: None),
            on_block=self.blocks.append,
            obstacle=self.known_obstacle,
            retry=Backoff(base_s=0.01, cap_s=0.02),
        )

    async def known_obstacle(self) -> str | None:
        return self.obstacle

    def run(self) -> None:
        self.supervisor.start("commit", self.committer.run)


@pytest.fixture
async def setup() -> AsyncIterator[Setup]:
    setup = Setup()
    yield setup
    await setup.supervisor.stop()


async def test_what_was_parked_is_committed_first_and_in_order(setup: Setup) -> None:
    setup.intake.error = StorageOverloaded("writer_overloaded")
    assert not await setup.committer.commit(batch("一"))
    setup.intake.error = None
    assert not await setup.committer.commit(batch("二"))
    assert setup.committer.parked == 2
    setup.run()
    await setup.committer.ready()
    assert await setup.committer.commit(batch("三"))
    assert setup.intake.texts() == ["一", "二", "三"]
    assert setup.blocks == ["writer_overloaded", None]


async def test_a_storage_that_comes_back_during_the_stop_is_used(setup: Setup) -> None:
    setup.run()
    setup.intake.error = StorageError("disk_full")
    await setup.committer.commit(batch("一"))
    await eventually(lambda: setup.intake.attempts > 2)
    assert await setup.committer.settle(0.05) == 1
    setup.intake.error = None
    assert await setup.committer.settle(5.0) == 0
    assert setup.intake.texts() == ["一"]


async def test_another_cause_of_failure_is_told(setup: Setup) -> None:
    setup.run()
    setup.intake.error = StorageError("disk_full")
    await setup.committer.commit(batch("一"))
    setup.intake.error = StorageError("database_locked")
    await eventually(lambda: setup.committer.blocked_by == "database_locked")
    assert setup.blocks == ["disk_full", "database_locked"]


@pytest.mark.expects_log("intake refused a batch")
async def test_a_batch_that_cannot_even_be_kept_raw_blocks_rather_than_vanishes(setup: Setup) -> None:
    setup.intake.error = ValueError("a bug")
    assert not await setup.committer.commit(batch("一"))
    assert (setup.committer.blocked_by, setup.committer.parked) == ("intake_refused", 1)


async def test_reading_stops_before_a_commit_has_to_fail_and_goes_on_by_itself(setup: Setup) -> None:
    setup.obstacle = "disk_full"
    setup.run()
    await eventually(lambda: setup.committer.blocked_by == "disk_full")
    assert (setup.intake.attempts, setup.committer.parked) == (0, 0)
    assert await setup.committer.settle(5.0) == 0  # a stop does not wait for room
    setup.obstacle = None
    await setup.committer.ready()
    assert setup.blocks == ["disk_full", None]


async def test_what_was_read_is_kept_first_and_reading_waits_for_room(setup: Setup) -> None:
    setup.intake.error = StorageError("disk_full")
    await setup.committer.commit(batch("一"))
    setup.obstacle = "disk_full"
    setup.intake.error = None
    setup.run()
    await eventually(lambda: setup.intake.texts() == ["一"])
    await eventually(lambda: setup.committer.parked == 0)
    assert setup.committer.blocked_by == "disk_full"
    setup.obstacle = None
    await setup.committer.ready()
    assert setup.blocks == ["disk_full", None]

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.fakes.clock import FakeClock
from tests.waiting import eventually
from wxauto_mgt.errors import BugError, LoopStalled
from wxauto_mgt.runtime.backoff import Backoff
from wxauto_mgt.runtime.supervisor import WATCHDOG, Beat, LoopFailure, Supervisor

STEADY = Backoff(base_s=1, cap_s=10, jitter_ratio=0)
FAILED = "background work failed"


@pytest.fixture
def failures() -> list[LoopFailure]:
    return []


@pytest.fixture
async def supervisor(fake_clock: FakeClock, failures: list[LoopFailure]) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(clock=fake_clock, on_failure=failures.append)
    yield supervisor
    assert await supervisor.stop() == ()


class Loop:
    """A loop that counts its starts and crashes while told to."""

    def __init__(self, clock: FakeClock, *, crashing: bool = False) -> None:
        self.clock = clock
        self.crashing = crashing
        self.starts = 0
        self.error: BaseException = ValueError("crash")

    async def run(self, beat: Beat) -> None:
        self.starts += 1
        while True:
            if self.crashing:
                raise self.error
            beat()
            await self.clock.sleep(1)


@pytest.mark.expects_log(FAILED)
async def test_a_crashed_loop_comes_back_after_growing_pauses(
    supervisor: Supervisor, fake_clock: FakeClock, failures: list[LoopFailure]
) -> None:
    loop = Loop(fake_clock, crashing=True)
    supervisor.start("loop", loop.run, backoff=STEADY)
    await fake_clock.advance(0)
    assert loop.starts == 1
    starts = []
    for _ in range(7):
        await fake_clock.advance(1)
        starts.append(loop.starts)
    assert starts == [2, 2, 3, 3, 3, 3, 4]
    assert [failure.restarts for failure in failures] == [1, 2, 3, 4]
    (status,) = supervisor.loops()
    assert (status.name, status.running, status.restarts) == ("loop", False, 4)
    assert status.last_error is loop.error


@pytest.mark.expects_log(FAILED)
async def test_a_loop_that_ran_well_for_long_restarts_quickly_again(
    supervisor: Supervisor, fake_clock: FakeClock, failures: list[LoopFailure]
) -> None:
    loop = Loop(fake_clock, crashing=True)
    supervisor.start("loop", loop.run, backoff=STEADY)
    await fake_clock.advance(20)
    loop.crashing = False
    await fake_clock.advance(30)
    loop.crashing = True
    await fake_clock.advance(1)
    assert failures[-1].restarts == 1


@pytest.mark.expects_log(FAILED)
async def test_a_crash_that_repeats_is_logged_loudly_once(
    supervisor: Supervisor, fake_clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    supervisor.start("loop", Loop(fake_clock, crashing=True).run, backoff=STEADY)
    await fake_clock.advance(30)
    assert len([record for record in caplog.records if record.getMessage() == FAILED]) == 1


@pytest.mark.expects_log(FAILED)
async def test_a_cancellation_that_nobody_asked_for_is_a_crash(
    supervisor: Supervisor, fake_clock: FakeClock, failures: list[LoopFailure]
) -> None:
    loop = Loop(fake_clock, crashing=True)
    loop.error = asyncio.CancelledError()
    supervisor.start("loop", loop.run, backoff=STEADY)
    await fake_clock.advance(1)
    assert loop.starts == 2
    assert isinstance(failures[0].error, asyncio.CancelledError)


async def test_a_loop_that_returns_has_ended(supervisor: Supervisor) -> None:
    async def run(_beat: Beat) -> None:
        return

    supervisor.start("loop", run)
    await eventually(lambda: supervisor.loops() == ())
    supervisor.start("loop", run)  # the name is free again
    await eventually(lambda: supervisor.loops() == ())


async def test_a_name_cannot_be_taken_twice(supervisor: Supervisor, fake_clock: FakeClock) -> None:
    supervisor.start("loop", Loop(fake_clock).run)
    with pytest.raises(BugError, match="loop_name_taken"):
        supervisor.start("loop", Loop(fake_clock).run)


async def test_a_silent_loop_is_seen_as_stalled(supervisor: Supervisor, fake_clock: FakeClock) -> None:
    beats: list[Beat] = []

    async def silent(beat: Beat) -> None:
        beats.append(beat)
        await asyncio.Event().wait()

    supervisor.start("silent", silent, stalled_after_s=10)
    supervisor.start("busy", Loop(fake_clock).run, stalled_after_s=10)
    await fake_clock.advance(11)
    assert [(status.name, status.stalled) for status in supervisor.loops()] == [
        ("busy", False),
        ("silent", True),
    ]
    assert supervisor.loops()[1].last_beat_age_s == pytest.approx(11)
    beats[0]()
    assert not supervisor.loops()[1].stalled


async def test_stop_ends_only_what_the_prefix_names(supervisor: Supervisor, fake_clock: FakeClock) -> None:
    for name in ("poll:a", "poll:a:main", "poll:ab", "other"):
        supervisor.start(name, Loop(fake_clock).run)
    await supervisor.stop("poll:a")
    assert [status.name for status in supervisor.loops()] == ["other", "poll:ab"]


async def test_stop_before_anything_ran(supervisor: Supervisor, fake_clock: FakeClock) -> None:
    loop = Loop(fake_clock)
    supervisor.start("loop", loop.run)
    assert await supervisor.stop() == ()
    assert loop.starts == 0
    assert await supervisor.stop() == ()


@pytest.mark.expects_log(FAILED)
async def test_stop_during_the_pause_after_a_crash(supervisor: Supervisor, fake_clock: FakeClock) -> None:
    supervisor.start("loop", Loop(fake_clock, crashing=True).run)
    await eventually(lambda: fake_clock.sleepers == 1)
    assert await supervisor.stop() == ()
    assert supervisor.loops() == ()


async def test_stop_names_what_is_still_alive(supervisor: Supervisor) -> None:
    released = asyncio.Event()

    async def stubborn(_beat: Beat) -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    supervisor.start("stubborn", stubborn)
    await asyncio.sleep(0)
    assert await supervisor.stop(timeout_s=0.01) == ("stubborn",)
    assert [status.name for status in supervisor.loops()] == ["stubborn"]
    released.set()
    await eventually(lambda: supervisor.loops() == ())


@pytest.mark.expects_log(FAILED)
async def test_a_loop_that_fails_on_its_way_out_is_reported_and_not_restarted(
    supervisor: Supervisor, failures: list[LoopFailure]
) -> None:
    async def run(_beat: Beat) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("clean-up failed")

    supervisor.start("loop", run)
    await asyncio.sleep(0)
    assert await supervisor.stop() == ()
    assert [type(failure.error) for failure in failures] == [OSError]


async def test_a_one_shot_task_gives_its_result(supervisor: Supervisor) -> None:
    async def answer() -> int:
        return 42

    assert await supervisor.spawn("answer", answer()) == 42


@pytest.mark.expects_log(FAILED)
async def test_a_failed_one_shot_task_is_reported(
    supervisor: Supervisor, failures: list[LoopFailure]
) -> None:
    async def fail() -> None:
        raise ValueError

    supervisor.spawn("twin", fail())
    supervisor.spawn("twin", fail())
    await eventually(lambda: len(failures) == 2)
    assert {failure.name for failure in failures} == {"twin"}


async def test_a_one_shot_task_that_stops_everything_survives_it(
    supervisor: Supervisor, fake_clock: FakeClock
) -> None:
    supervisor.start("loop", Loop(fake_clock).run)

    async def stop_all() -> tuple[str, ...]:
        return await supervisor.stop()

    assert await supervisor.spawn("stop", stop_all()) == ()
    assert supervisor.loops() == ()


@pytest.mark.expects_log("failure report failed")
@pytest.mark.expects_log(FAILED)
async def test_a_broken_report_does_not_end_the_supervision(fake_clock: FakeClock) -> None:
    def report(_failure: LoopFailure) -> None:
        raise ValueError

    supervisor = Supervisor(clock=fake_clock, on_failure=report)
    loop = Loop(fake_clock, crashing=True)
    supervisor.start("loop", loop.run, backoff=STEADY)
    await fake_clock.advance(1)
    assert loop.starts == 2
    await supervisor.stop()


class HangingLoop:
    """A loop that hangs after its first beat while told to."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.is_hanging = True
        self.starts = 0

    async def run(self, beat: Beat) -> None:
        self.starts += 1
        beat()
        if self.is_hanging:
            await asyncio.Event().wait()
        while True:
            beat()
            await self.clock.sleep(1)


async def pass_time(clock: FakeClock, delta_s: int) -> None:
    for _ in range(delta_s):
        await clock.advance(1)


@pytest.mark.expects_log(FAILED)
async def test_a_stalled_loop_is_restarted_by_the_watchdog(
    supervisor: Supervisor, fake_clock: FakeClock, failures: list[LoopFailure]
) -> None:
    hanging, lively = HangingLoop(fake_clock), Loop(fake_clock)
    supervisor.start(WATCHDOG, supervisor.watch)
    supervisor.start("hanging", hanging.run, stalled_after_s=10, backoff=STEADY)
    supervisor.start("lively", lively.run, stalled_after_s=10)
    await pass_time(fake_clock, 10)
    assert (hanging.starts, failures) == (1, [])
    await pass_time(fake_clock, 6)
    assert hanging.starts == 2
    (failure,) = failures
    assert isinstance(failure.error, LoopStalled)
    assert failure.error.facts["loop"] == "hanging"
    hanging.is_hanging = False
    await pass_time(fake_clock, 30)
    assert (hanging.starts, lively.starts) == (3, 1)
    by_name = {status.name: status for status in supervisor.loops()}
    status = by_name["hanging"]
    assert (status.stalls, status.restarts, status.stalled, status.running) == (2, 2, False, True)


async def test_a_loop_that_must_not_be_cut_is_only_shown_as_stalled(
    supervisor: Supervisor, fake_clock: FakeClock
) -> None:
    hanging = HangingLoop(fake_clock)
    supervisor.start(WATCHDOG, supervisor.watch)
    supervisor.start("sends", hanging.run, stalled_after_s=10, may_be_cut=False)
    await pass_time(fake_clock, 60)
    (status,) = (status for status in supervisor.loops() if status.name == "sends")
    assert (hanging.starts, status.stalled, status.stalls) == (1, True, 0)


async def test_nothing_is_cut_because_the_machine_slept(
    supervisor: Supervisor, fake_clock: FakeClock, failures: list[LoopFailure]
) -> None:
    lively = Loop(fake_clock)
    supervisor.start(WATCHDOG, supervisor.watch)
    supervisor.start("lively", lively.run, stalled_after_s=10)
    await pass_time(fake_clock, 7)
    fake_clock._elapsed_s += 3600  # nothing ran meanwhile
    await pass_time(fake_clock, 20)
    assert (lively.starts, failures) == (1, [])


async def test_a_stop_during_a_cut_is_a_stop(supervisor: Supervisor, fake_clock: FakeClock) -> None:
    hanging = HangingLoop(fake_clock)
    supervisor.start("hanging", hanging.run, stalled_after_s=10)
    await pass_time(fake_clock, 11)
    (task,) = supervisor._tracked
    loop = supervisor._tracked[task].loop
    assert loop is not None
    supervisor._cut_if_stalled(task, loop)
    assert await supervisor.stop("hanging") == ()
    assert (hanging.starts, supervisor.loops()) == (1, ())


@pytest.mark.expects_log(FAILED)
async def test_a_loop_that_fails_while_it_is_cut_is_restarted(
    supervisor: Supervisor, fake_clock: FakeClock, failures: list[LoopFailure]
) -> None:
    starts = []

    async def run(_beat: Beat) -> None:
        starts.append(1)
        try:
            await asyncio.Event().wait()
        finally:
            if len(starts) == 1:
                raise OSError("clean-up failed")

    supervisor.start(WATCHDOG, supervisor.watch)
    supervisor.start("loop", run, stalled_after_s=10, backoff=STEADY)
    await pass_time(fake_clock, 17)
    assert len(starts) == 2
    assert isinstance(failures[0].error, LoopStalled)
    assert isinstance(failures[0].error.__cause__, OSError)

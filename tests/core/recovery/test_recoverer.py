"""What runs do to services, and what the journal says of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.core.recovery.workshop import FAST, SECRET, Workshop, World
from tests.waiting import eventually
from wxauto_mgt.core.monitoring.checks.contract import Outcome
from wxauto_mgt.core.recovery.actions.contract import RepairOutcome, RepairResult
from wxauto_mgt.core.recovery.model import (
    RecoveryFinished,
    RecoveryStarted,
    RecoveryState,
    RecoveryStep,
    RunOutcome,
)
from wxauto_mgt.errors import PermanentError, RecoveryRunning, StorageError, UnknownService
from wxauto_mgt.storage.database import Database

NOT_RECOVERED = r"repair ended: tts, not_recovered"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def workshop(db: Database, world: World) -> AsyncIterator[Workshop]:
    workshop = Workshop(db, world)
    await workshop.recoverer.open()
    yield workshop
    await workshop.close()


async def test_failures_in_a_row_begin_a_run_and_the_step_that_helps_ends_it(
    workshop: Workshop, world: World
) -> None:
    events: list[object] = []
    for kind in (RecoveryStarted, RecoveryStep, RecoveryFinished):
        workshop.bus.subscribe(kind, events.append)
    world.scripts["second"] = world.mends()
    await workshop.found(Outcome.FAILED, times=2)
    assert workshop.recoverer.of_service("tts").why.code == "below_threshold"
    assert world.acted == []

    await workshop.found(Outcome.FAILED)
    [run] = await workshop.ended()

    assert world.acted == ["first", "second"]
    assert run.outcome is RunOutcome.RECOVERED
    assert (run.trigger, run.who, run.attempt) == ("failures", "heartbeat", 1)
    assert run.before is not None
    assert run.after is not None
    assert (run.before.outcome, run.after.outcome) == ("failed", "ok")
    proofs = [(step.action, step.outcome, step.proof and step.proof.outcome) for step in run.steps]
    assert proofs == [("first", RepairOutcome.DONE, "failed"), ("second", RepairOutcome.DONE, "ok")]
    assert await workshop.notices() == [("resolved", "recovery.notice.recovered.title", 0)]
    assert [entry.action for entry in await workshop.audit.entries()] == ["recovery.begin"]
    kinds = [type(event).__name__ for event in events]
    assert kinds == ["RecoveryStarted", *["RecoveryStep"] * 4, "RecoveryFinished"]


async def test_a_step_stands_in_the_journal_before_it_acts(workshop: Workshop, world: World) -> None:
    seen: list[tuple[str, str | None]] = []

    async def look() -> RepairResult:
        for row in await workshop.db.fetch_all("SELECT action, outcome FROM recovery_step"):
            seen.append((row["action"], row["outcome"]))
        return await world.mends()()

    world.scripts["first"] = look
    await workshop.recoverer.trigger("tts", who="test")
    await workshop.ended()
    assert seen == [("first", None)]


async def test_one_that_comes_back_by_itself_between_steps_is_left_alone(
    workshop: Workshop, world: World
) -> None:
    async def fails_while_it_comes_back() -> RepairResult:
        world.outcomes["tts"] = Outcome.OK
        return RepairResult.failed("not_stable", looks=1)

    world.scripts["first"] = fails_while_it_comes_back
    await workshop.recoverer.trigger("tts", who="test")
    [run] = await workshop.ended()
    assert run.outcome is RunOutcome.RECOVERED_BY_ITSELF
    assert world.acted == ["first"]


async def test_a_healthy_service_is_not_touched_even_when_a_person_asks(
    workshop: Workshop, world: World
) -> None:
    world.outcomes["tts"] = Outcome.OK
    await workshop.recoverer.trigger("tts", who="test")
    [run] = await workshop.ended()
    assert (run.outcome, run.steps, world.acted) == (RunOutcome.RECOVERED_BY_ITSELF, (), [])


async def test_a_degraded_service_works_and_is_left_alone(workshop: Workshop, world: World) -> None:
    await workshop.found(Outcome.DEGRADED, times=10)
    assert workshop.recoverer.of_service("tts").why.code == "healthy"


async def test_what_is_not_measured_any_more_is_not_repaired_by_itself(
    workshop: Workshop, world: World
) -> None:
    world.outcomes["tts"] = Outcome.UNKNOWN
    await workshop.found(Outcome.FAILED, times=3)
    [run] = await workshop.ended()
    assert run.outcome is RunOutcome.STOPPED
    assert run.reason is not None
    assert run.reason.code == "not_measured"
    assert world.acted == []


async def test_never_two_runs_of_a_service_at_once(workshop: Workshop, world: World) -> None:
    go_on = asyncio.Event()

    async def waits() -> RepairResult:
        await go_on.wait()
        return await world.mends()()

    world.scripts["first"] = waits
    await workshop.recoverer.trigger("tts", who="test")
    for _ in range(3):
        with pytest.raises(RecoveryRunning):
            await workshop.recoverer.trigger("tts", who="test")
    await workshop.found(Outcome.FAILED, times=5)
    assert workshop.recoverer.of_service("tts").state is RecoveryState.RUNNING
    go_on.set()
    assert len(await workshop.ended()) == 1
    assert world.most_at_once == 1


@pytest.mark.expects_log(NOT_RECOVERED)
async def test_no_run_begins_while_the_end_of_the_last_is_being_written(
    workshop: Workshop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, is_ending, write = asyncio.Event(), asyncio.Event(), workshop.journal.end_run

    async def slowly(*args: Any) -> None:
        is_ending.set()
        await go_on.wait()
        await write(*args)

    monkeypatch.setattr(workshop.journal, "end_run", slowly)
    await workshop.recoverer.trigger("tts", who="test")
    await is_ending.wait()
    with pytest.raises(RecoveryRunning):
        await workshop.recoverer.trigger("tts", who="test")
    await workshop.found(Outcome.FAILED, times=5)
    go_on.set()
    assert len(await workshop.ended()) == 1
    assert workshop.failures == []


async def test_a_cancelled_run_ends_at_once_and_says_so(workshop: Workshop, world: World) -> None:
    world.scripts["first"] = _hangs
    await workshop.recoverer.trigger("tts", who="test")
    await eventually(lambda: world.acted)
    assert await workshop.recoverer.cancel("tts", who="anna")
    [run] = await workshop.recoverer.runs()
    assert run.outcome is RunOutcome.CANCELLED
    assert run.reason is not None
    assert run.reason.params == {"who": "anna"}
    [step] = run.steps
    assert (step.outcome, step.reason_code) == (RepairOutcome.UNKNOWN, "cancelled")
    assert world.acted == ["first"]
    assert not await workshop.recoverer.cancel("tts", who="anna")


@pytest.mark.expects_log("a repair step does not end")
async def test_an_action_that_will_not_end_holds_nothing_up_and_is_not_doubled(
    workshop: Workshop, world: World
) -> None:
    may_end = asyncio.Event()

    async def clings() -> RepairResult:
        while not may_end.is_set():
            try:
                await may_end.wait()
            except asyncio.CancelledError:
                continue
        return RepairResult.done("person_told")

    workshop.recoverer._actions._lets_go_within_s = 0.02
    world.scripts["first"] = clings
    await workshop.recoverer.trigger("tts", who="test")
    await eventually(lambda: world.acted)
    await workshop.recoverer.cancel("tts", who="test")
    assert workshop.recoverer.of_service("tts").why.code == "step_not_over"
    with pytest.raises(RecoveryRunning):
        await workshop.recoverer.trigger("tts", who="test")
    may_end.set()
    await eventually(lambda: workshop.recoverer.of_service("tts").why.code != "step_not_over")


async def test_a_step_has_a_limit_of_its_own_and_the_next_one_is_taken(
    workshop: Workshop, world: World
) -> None:
    world.timeout_s = 0.05
    world.scripts["first"] = _hangs
    world.scripts["second"] = world.mends()
    await workshop.recoverer.trigger("tts", who="test")
    [run] = await workshop.ended()
    assert [(step.outcome, step.reason_code) for step in run.steps] == [
        (RepairOutcome.UNKNOWN, "timed_out"),
        (RepairOutcome.DONE, "person_told"),
    ]
    assert run.outcome is RunOutcome.RECOVERED


@pytest.mark.expects_log("a repair action crashed")
async def test_a_crash_of_an_action_is_a_result_of_its_step_only(workshop: Workshop, world: World) -> None:
    async def crashes() -> RepairResult:
        raise ZeroDivisionError

    world.scripts["first"] = crashes
    world.scripts["second"] = world.mends()
    await workshop.recoverer.trigger("tts", who="test")
    [run] = await workshop.ended()
    assert [step.reason_code for step in run.steps] == ["action_crashed", "person_told"]
    assert run.outcome is RunOutcome.RECOVERED


async def test_what_did_not_help_is_taken_back_before_the_next_step(workshop: Workshop, world: World) -> None:
    async def undo() -> RepairResult:
        world.acted.append("undo")
        return RepairResult.done("person_told")

    world.undos = {"first": undo, "second": undo}
    world.scripts["second"] = world.mends()
    await workshop.recoverer.trigger("tts", who="test")
    [run] = await workshop.ended()
    assert world.acted == ["first", "undo", "second"]
    assert [step.undone is not None for step in run.steps] == [True, False]


@pytest.mark.expects_log(NOT_RECOVERED)
async def test_one_that_never_comes_back_uses_its_budget_up_and_a_person_is_told(
    workshop: Workshop, world: World
) -> None:
    for attempt in range(1, 4):
        await workshop.found(Outcome.FAILED, times=3)
        await workshop.ended(attempt)
    await workshop.found(Outcome.FAILED, times=20)
    await workshop.recoverer.look()
    recovery = workshop.recoverer.of_service("tts")
    assert (recovery.state, recovery.attempts, recovery.why.code) == (RecoveryState.EXHAUSTED, 3, "exhausted")
    assert world.acted == ["first", "second"] * 3
    failed, needed = "recovery.notice.not_recovered.title", "recovery.notice.needs_person.title"
    assert [title for _, title, _ in await workshop.notices()] == [failed, failed, needed]

    await workshop.recoverer.trigger("tts", who="test")
    await workshop.ended(4)
    assert workshop.recoverer.of_service("tts").attempts == 1, "a person gives the budget back"

    await workshop.found(Outcome.OK)
    await workshop.recoverer.look()
    await workshop.recoverer.look()
    assert [title for _, title, _ in await workshop.notices()][-1] == "recovery.notice.well_again.title"
    assert len(await workshop.notices()) == 5, "told once"


@pytest.mark.expects_log(NOT_RECOVERED)
async def test_after_a_restart_of_something_it_cools_down(workshop: Workshop, world: World) -> None:
    workshop.limits = replace(FAST, restart_cooldown_s=300.0)
    world.ladders["tts"] = ("restarting",)
    await workshop.found(Outcome.FAILED, times=3)
    await workshop.ended()
    await workshop.found(Outcome.FAILED, times=9)
    recovery = workshop.recoverer.of_service("tts")
    assert (recovery.state, recovery.why.code) == (RecoveryState.COOLING_DOWN, "cooling_down")
    assert world.acted == ["restarting"]
    await workshop.recoverer.trigger("tts", who="test")
    await workshop.ended(2)
    assert world.acted == ["restarting"] * 2, "a person need not wait"


@pytest.mark.parametrize("change", ["disabled", "maintenance", "parent_down", "blocked", "stopped_by_person"])
async def test_a_run_takes_no_further_step_when_something_comes_against_it(
    workshop: Workshop, world: World, change: str
) -> None:
    async def something_happens() -> RepairResult:
        if change == "disabled":
            workshop.limits = replace(FAST, is_enabled=False)
        elif change == "maintenance":
            world.windows["tts"] = "night"
        elif change == "parent_down":
            world.parents["tts"] = "db"
        elif change == "blocked":
            world.blocked["tts"] = "disk_full"
        else:
            world.stopped.add("tts")
        return RepairResult.done("person_told")

    world.scripts["first"] = something_happens
    await workshop.found(Outcome.FAILED, times=3)
    [run] = await workshop.ended()
    assert run.outcome is RunOutcome.STOPPED
    assert run.reason is not None
    assert run.reason.code == change
    assert world.acted == ["first"]


async def test_what_waits_for_something_else_is_not_repaired_and_goes_on_by_itself(
    workshop: Workshop, world: World
) -> None:
    world.blocked["tts"] = "disk_full"
    await workshop.found(Outcome.FAILED, times=5)
    why = workshop.recoverer.of_service("tts").why
    assert (why.code, why.params) == ("blocked", {"cause": "disk_full"})
    assert await workshop.recoverer.runs("tts") == []
    del world.blocked["tts"]
    await workshop.found(Outcome.OK)
    assert workshop.recoverer.of_service("tts").why.code == "healthy"


async def test_an_alert_needs_no_threshold_but_all_the_rest(workshop: Workshop, world: World) -> None:
    with pytest.raises(PermanentError, match="not_measured"):
        await workshop.recoverer.trigger("tts", reason="alert:cpu", who="alert:cpu")
    await workshop.found(Outcome.FAILED)
    world.scripts["first"] = world.mends()
    await workshop.recoverer.trigger("tts", reason="alert:cpu", who="alert:cpu")
    [run] = await workshop.ended()
    assert (run.trigger, run.outcome) == ("alert:cpu", RunOutcome.RECOVERED)


async def test_a_dry_run_tells_the_steps_and_takes_none(workshop: Workshop, world: World) -> None:
    world.ladders["tts"] = ("first", "restarting")
    plan = await workshop.recoverer.dry_run("tts")
    assert [(step.action, step.is_restart, step.obstacle) for step in plan.steps] == [
        ("first", False, None),
        ("restarting", True, None),
    ]
    assert plan.why.code == "not_measured"
    assert world.acted == []
    assert list(await workshop.recoverer.runs()) == []


async def test_who_asks_for_what_there_is_not_is_told(workshop: Workshop, world: World) -> None:
    world.outcomes["web"] = Outcome.FAILED
    with pytest.raises(UnknownService):
        await workshop.recoverer.trigger("nothing", who="test")
    with pytest.raises(PermanentError, match="recovery_no_repairs"):
        await workshop.recoverer.trigger("web", who="test")
    assert workshop.recoverer.of_service("web").why.code == "no_repairs"


async def test_secrets_do_not_reach_the_journal(workshop: Workshop, world: World) -> None:
    world.scripts["first"] = world.mends()
    world.check_params = {"page": f"x {SECRET}"}
    await workshop.recoverer.trigger("tts", who="test")
    await workshop.ended()
    for table in ("recovery_run", "recovery_step"):
        rows = await workshop.db.fetch_all(f"SELECT * FROM {table}")
        assert rows
        assert not any(SECRET in str(value) for row in rows for value in tuple(row))


@pytest.mark.expects_log("no repair, the journal cannot be written")
async def test_nothing_is_done_that_cannot_be_written_first(
    workshop: Workshop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(_job: object) -> None:
        raise StorageError("disk_full")

    monkeypatch.setattr(workshop.db, "run", refuses)
    with pytest.raises(StorageError):
        await workshop.recoverer.trigger("tts", who="test")
    assert world.acted == []
    assert workshop.recoverer.of_service("tts").attempts == 0
    monkeypatch.undo()
    world.scripts["first"] = world.mends()
    await workshop.recoverer.trigger("tts", who="test")
    await workshop.ended()


async def test_an_end_that_cannot_be_written_is_written_late_and_told_once(
    workshop: Workshop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(*_arguments: object) -> None:
        raise StorageError("disk_full")

    monkeypatch.setattr(workshop.journal, "end_run", refuses)
    world.scripts["first"] = world.mends()
    await workshop.recoverer.trigger("tts", who="test")
    await eventually(lambda: workshop.recoverer.of_service("tts").state is not RecoveryState.RUNNING)
    await workshop.recoverer.look()
    [run] = await workshop.recoverer.runs()
    assert run.outcome is None
    monkeypatch.undo()
    for _ in range(2):
        await workshop.recoverer.look()
    [run] = await workshop.recoverer.runs()
    assert run.outcome is RunOutcome.RECOVERED
    assert [title for _, title, _ in await workshop.notices()] == ["recovery.notice.recovered.title"]


async def test_closing_cancels_what_is_under_way_and_begins_nothing(db: Database, world: World) -> None:
    workshop = Workshop(db, world)
    await workshop.recoverer.open()
    world.scripts["first"] = _hangs
    await workshop.recoverer.trigger("tts", who="test")
    await eventually(lambda: world.acted)
    await workshop.close()
    [run] = await workshop.recoverer.runs()
    assert (run.outcome, run.reason and run.reason.params) == (RunOutcome.CANCELLED, {"who": "console"})
    with pytest.raises(PermanentError, match="recovery_closed"):
        await workshop.recoverer.trigger("tts", who="test")


@pytest.mark.expects_log("a repair was cut off when the console ended")
async def test_a_run_that_was_cut_off_is_said_and_not_repeated(db: Database, world: World) -> None:
    first = Workshop(db, world)
    await first.recoverer.open()
    world.scripts["first"] = _hangs
    await first.recoverer.trigger("tts", who="test")
    await eventually(lambda: world.acted)

    # As if the process were gone: its rows stay as they are.
    second = Workshop(db, world, replace(FAST, restart_cooldown_s=300.0))
    await second.recoverer.open()
    await second.found(Outcome.FAILED, times=9)
    [run] = await second.recoverer.runs()
    assert run.outcome is RunOutcome.INTERRUPTED
    assert [step.outcome for step in run.steps] == [None]
    recovery = second.recoverer.of_service("tts")
    assert (recovery.state, recovery.attempts, recovery.why.code) == (
        RecoveryState.COOLING_DOWN,
        1,
        "cooling_down",
    )
    assert world.acted == ["first"], "nothing was repeated"
    assert [title for _, title, _ in await second.notices()] == ["recovery.notice.interrupted.title"]
    await second.close()
    await first.supervisor.stop()


@pytest.mark.expects_log(NOT_RECOVERED)
async def test_a_restart_of_the_console_gives_no_budget_back(db: Database, world: World) -> None:
    first = Workshop(db, world)
    await first.recoverer.open()
    for attempt in range(1, 4):
        await first.found(Outcome.FAILED, times=3)
        await first.ended(attempt)
    await first.close()
    second = Workshop(db, world)
    await second.recoverer.open()
    watched, world.outcomes = world.outcomes, {}
    await second.recoverer.look()  # before any service is watched again
    world.outcomes = watched
    await second.found(Outcome.FAILED, times=9)
    assert second.recoverer.of_service("tts").why.code == "exhausted"
    await second.close()


async def _hangs() -> RepairResult:
    await asyncio.Event().wait()
    raise AssertionError("never")

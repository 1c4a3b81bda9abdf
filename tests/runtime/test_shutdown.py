from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.clock import FakeClock
from tests.waiting import eventually
from wxauto_mgt.errors import BugError
from wxauto_mgt.runtime.shutdown import CloseStack, Stage

Close = Callable[[], Awaitable[None]]


class Journal:
    def __init__(self) -> None:
        self.closed: list[str] = []

    def step(self, name: str, *, fails: bool = False) -> Close:
        async def close() -> None:
            await asyncio.sleep(0)
            self.closed.append(name)
            if fails:
                raise OSError(name)

        return close


@pytest.fixture
def stack(fake_clock: FakeClock) -> CloseStack:
    return CloseStack(clock=fake_clock)


async def test_stages_in_order_and_inside_a_stage_in_reverse(stack: CloseStack) -> None:
    journal = Journal()
    stack.push(Stage.CONNECTIONS, "database", journal.step("database"))
    stack.push(Stage.INTAKE, "first", journal.step("first"))
    stack.push(Stage.DRAIN, "worker", journal.step("worker"))
    stack.push(Stage.INTAKE, "second", journal.step("second"))
    assert await stack.close() == ()
    assert journal.closed == ["second", "first", "worker", "database"]
    assert await stack.close() == ()
    assert len(journal.closed) == 4


@pytest.mark.expects_log("close step failed")
async def test_a_failing_step_is_reported_and_the_rest_closes(stack: CloseStack) -> None:
    journal = Journal()
    stack.push(Stage.DRAIN, "below", journal.step("below"))
    stack.push(Stage.DRAIN, "broken", journal.step("broken", fails=True))
    (failure,) = await stack.close()
    assert (failure.name, failure.stage, type(failure.error)) == ("broken", Stage.DRAIN, OSError)
    assert journal.closed == ["broken", "below"]


@pytest.mark.expects_log("close step failed")
async def test_a_step_over_its_budget_is_given_up(stack: CloseStack) -> None:
    journal = Journal()
    stack.push(Stage.DRAIN, "below", journal.step("below"))
    stack.push(Stage.DRAIN, "stuck", asyncio.Event().wait, budget_s=0.01)  # type: ignore[arg-type] # never returns
    (failure,) = await stack.close()
    assert isinstance(failure.error, TimeoutError)
    assert journal.closed == ["below"]


@pytest.mark.expects_log("close step failed")
async def test_a_step_that_ignores_its_cancellation_does_not_hold_up_the_stop(
    stack: CloseStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wxauto_mgt.runtime.shutdown._LAST_WORDS_S", 0.01)
    released = asyncio.Event()
    ended: list[bool] = []

    async def stubborn() -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue
        ended.append(True)

    stack.push(Stage.DRAIN, "stubborn", stubborn, budget_s=0.01)
    (failure,) = await stack.close()
    assert isinstance(failure.error, TimeoutError)
    released.set()
    await eventually(lambda: ended)


@pytest.mark.expects_log("close step failed")
async def test_a_step_that_was_cancelled_from_inside_is_a_failure(stack: CloseStack) -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    stack.push(Stage.DRAIN, "cancelled", cancelled)
    (failure,) = await stack.close()
    assert isinstance(failure.error, asyncio.CancelledError)


async def test_cancelling_the_close_cancels_the_step_under_way(stack: CloseStack) -> None:
    seen: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("cancelled")

    stack.push(Stage.DRAIN, "waits", waits)
    closing = asyncio.ensure_future(stack.close())
    await asyncio.sleep(0.01)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    await eventually(lambda: seen == ["cancelled"])


async def test_nothing_can_be_pushed_once_closing_began(stack: CloseStack) -> None:
    await stack.close()
    with pytest.raises(BugError):
        stack.push(Stage.DRAIN, "late", Journal().step("late"))


@pytest.mark.expects_log("close step failed")
@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(Stage), st.booleans()), max_size=12))
async def test_every_step_runs_once_in_the_promised_order(steps: list[tuple[Stage, bool]]) -> None:
    journal = Journal()
    stack = CloseStack(clock=FakeClock())
    for number, (stage, fails) in enumerate(steps):
        stack.push(stage, str(number), journal.step(str(number), fails=fails))
    failures = await stack.close()
    expected = sorted(range(len(steps)), key=lambda number: (steps[number][0], -number))
    assert journal.closed == [str(number) for number in expected]
    assert [failure.name for failure in failures] == [str(number) for number in expected if steps[number][1]]

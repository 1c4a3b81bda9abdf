"""One call at a time on the desktop, in order, and none after one that may still be running."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import FakeClock
from tests.waiting import eventually
from wxauto_mgt.core.instances.gate import GateBusy, GateShut, UiGate
from wxauto_mgt.errors import InstanceRejected, InstanceTimedOut


@pytest.fixture
def gate(fake_clock: FakeClock) -> UiGate:
    return UiGate(clock=fake_clock, quarantine_s=lambda: 60.0)


async def test_calls_pass_one_at_a_time_in_order_of_asking(gate: UiGate) -> None:
    inside: list[str] = []
    most = 0

    async def call(name: str) -> None:
        nonlocal most
        async with gate.hold(name):
            inside.append(name)
            most = max(most, 1 if gate.current and gate.current.operation == name else 99)
            await asyncio.sleep(0)
            assert inside[-1] == name

    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(call(f"call {number}"))
    assert inside == [f"call {number}" for number in range(10)]
    assert most == 1
    assert gate.current is None


async def test_who_waits_too_long_is_told_who_is_inside(gate: UiGate) -> None:
    async with gate.hold("get-next-new"):
        with pytest.raises(GateBusy) as error:
            async with gate.hold("send", timeout_s=0.01):
                raise AssertionError
        assert error.value.facts["busy_with"] == "get-next-new"
        assert gate.waiting == 0
    async with gate.hold("send", timeout_s=0.01):
        pass


async def test_a_call_that_timed_out_shuts_the_gate_for_a_while(gate: UiGate, fake_clock: FakeClock) -> None:
    with pytest.raises(InstanceTimedOut):
        async with gate.hold("get-next-new"):
            raise InstanceTimedOut("instance_timed_out")
    assert gate.shut_for_s == 60.0
    with pytest.raises(GateShut) as refused:
        async with gate.hold("send", timeout_s=0.01):
            raise AssertionError
    assert refused.value.facts["after"] == "get-next-new"
    entered = asyncio.Event()

    async def send() -> None:
        async with gate.hold("send"):
            entered.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(send())
        await eventually(lambda: fake_clock.sleepers == 1)
        await fake_clock.advance(59.0)
        assert not entered.is_set()
        await fake_clock.advance(2.0)
        assert entered.is_set()


async def test_a_cancelled_call_shuts_the_gate_too(gate: UiGate) -> None:
    async def hang() -> None:
        async with gate.hold("listen/add"):
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(hang())
        await eventually(lambda: gate.current)
        task.cancel()
    assert gate.shut_for_s == 60.0


async def test_failures_that_ended_leave_the_gate_open(gate: UiGate) -> None:
    for error in (InstanceRejected("instance_rejected"), InstanceTimedOut("instance_connect_timed_out")):
        with pytest.raises(type(error)):
            async with gate.hold("send"):
                raise error
    assert gate.shut_for_s == 0


async def test_a_quarantine_is_never_shortened_but_ends_with_a_restart(gate: UiGate) -> None:
    gate.quarantine(reason="send", for_s=100.0)
    gate.quarantine(reason="probe", for_s=10.0)
    assert gate.shut_for_s == 100.0
    gate.reopen()
    assert gate.shut_for_s == 0.0


@given(
    st.lists(
        st.tuples(st.sampled_from(["stay", "cancel", "timeout", "fail"]), st.integers(0, 3)), max_size=12
    )
)
def test_whatever_callers_do_nobody_overlaps_and_nobody_is_forgotten(plan: list[tuple[str, int]]) -> None:
    async def run() -> None:
        gate = UiGate(clock=FakeClock(), quarantine_s=lambda: 0.0)
        inside = 0
        order: list[int] = []

        async def call(number: int, fate: str, steps: int) -> None:
            nonlocal inside
            async with gate.hold(str(number), timeout_s=0.0 if fate == "timeout" else None):
                order.append(number)
                inside += 1
                assert inside == 1
                try:
                    for _ in range(steps):
                        await asyncio.sleep(0)
                    if fate == "fail":
                        raise InstanceTimedOut("instance_timed_out")
                finally:
                    inside -= 1

        tasks = [asyncio.get_running_loop().create_task(call(n, *step)) for n, step in enumerate(plan)]
        await asyncio.sleep(0)
        for task, (fate, _) in zip(tasks, plan, strict=True):
            if fate == "cancel":
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert order == sorted(order)
        assert {n for n, (fate, _) in enumerate(plan) if fate in ("stay", "fail")} <= set(order)
        async with gate.hold("last", timeout_s=1.0):
            pass

    asyncio.run(run())

"""What soak runs found, as short stories on a whole console."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.soak import checks
from tests.soak.rig import Rig, Upstream
from tests.waiting import eventually
from wxauto_mgt.core.instances import routes

_TWO_ROUNDS_S = 2.0
"""Two probe rounds of 0.1 s, and what a busy machine adds."""


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    rig = Rig(folder=tmp_path / "data", seed=7, servers=2)
    try:
        await rig.open()
        await eventually(rig.all_connected)
        yield rig
    finally:
        await rig.close()
    assert checks.findings(rig) == []


async def test_from_the_moment_of_a_pause_nothing_is_sent(rig: Rig) -> None:
    server = rig.upstreams[0].server
    await rig.until_quiet()
    rig.ai.delay_s = 0.1
    server.world.receive("张三", "张三", "问题1号")
    await eventually(lambda: bool(rig.ai.requests))
    server.faults.hang(routes.LISTEN_GET)
    await asyncio.sleep(0.05)  # the next read hangs

    await rig.app.listener.pause()  # waits for that read in vain, while the platform answers

    assert not server.world.sent
    await rig.heal()
    assert [message.chat for message in server.world.sent] == ["张三"]


async def test_a_server_that_restarts_twice_in_a_moment_is_initialised_again(rig: Rig) -> None:
    server = rig.upstreams[0].server
    server.restart()
    await eventually(lambda: server.world.is_initialized, timeout_s=10)
    server.restart()  # before any probe saw it connected
    await eventually(lambda: server.world.is_initialized, timeout_s=10)
    await eventually(rig.all_connected, timeout_s=10)


@pytest.mark.parametrize(
    "sicken",
    [
        pytest.param(lambda sick: sick.server.world.kill_wechat(), id="wechat-dead-while-online"),
        pytest.param(lambda sick: sick.server.faults.answer_html("*", None), id="html"),
        pytest.param(lambda sick: sick.server.faults.hang(routes.NEXT_NEW, times=None), id="hung-desktop"),
    ],
)
async def test_a_sick_server_shows_within_two_rounds_recovers_by_itself_and_troubles_nobody(
    rig: Rig, sicken: Callable[[Upstream], None]
) -> None:
    sick, well = rig.upstreams
    state = {instance.id: instance.liveness.state for instance in rig.app.registry.all()}
    sicken(sick)
    await eventually(lambda: state[sick.id]().connected is False, timeout_s=_TWO_ROUNDS_S)
    well.server.world.receive("李四", "李四", "问题1号")
    await eventually(lambda: bool(well.server.world.sent))
    assert state[well.id]().connected is True

    sick.heal()
    await eventually(rig.all_connected, timeout_s=10)
    assert rig.app.registry.get(sick.id) is not None

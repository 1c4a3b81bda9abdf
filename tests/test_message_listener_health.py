"""The listening service tells the truth about itself and its instances, and repairs what it can.

Also a plain script: `python tests/test_message_listener_health.py`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import sys
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

if __name__ == "__main__":
    # As a script only this folder is on the path, not the checkout.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.core.listening.harness import QUICK, Rig
from tests.waiting import eventually
from wxauto_mgt.core.instances import routes
from wxauto_mgt.core.wire import Channel, ErrorCleared
from wxauto_mgt.errors import StorageError
from wxauto_mgt.simulator import SimulatedServer
from wxauto_mgt.storage.database import Database

something_fails = pytest.mark.expects_log("fails: ")
ALL_READS = (routes.NEXT_NEW, routes.LISTEN_GET)


class AgedServer(SimulatedServer):
    """A server that has been running for long, so that a restart shows in its uptime."""

    def __init__(self) -> None:
        self.age_s = 0.0
        super().__init__(monotonic=lambda: time.monotonic() + self.age_s)
        self.age_s = 5000.0


@pytest.fixture
async def servers() -> AsyncIterator[list[SimulatedServer]]:
    """Made before the rig, so that they outlive it."""
    servers: list[SimulatedServer] = [AgedServer(), AgedServer()]
    for server in servers:
        await server.start()
    yield servers
    for server in servers:
        server.faults.clear()
        server.faults.release()
        await server.stop()


@pytest.fixture
def server(servers: list[SimulatedServer]) -> SimulatedServer:
    return servers[0]


@pytest.fixture
def second_server(servers: list[SimulatedServer]) -> SimulatedServer:
    return servers[1]


@pytest.fixture
async def rig(db: Database, servers: list[SimulatedServer]) -> AsyncIterator[Rig]:
    # No sweep of the windows in between: right after a restart it is refused, which is an error of its own.
    keeper = dataclasses.replace(QUICK.keeper, sweep_interval_s=60.0)
    rig = Rig(db, timings=dataclasses.replace(QUICK, keeper=keeper))
    yield rig
    await rig.close()


async def connected(rig: Rig, instance_id: str = "pc1") -> None:
    await eventually(lambda: rig.state(instance_id).connected is True and rig.state(instance_id).rounds >= 2)


async def quiet(server: SimulatedServer) -> bool:
    """Whether no request comes for several intervals."""
    before = server.calls.total()
    await asyncio.sleep(0.05)
    return server.calls.total() == before


async def test_start_and_stop(rig: Rig, server: SimulatedServer) -> None:
    await rig.add_instance(server.base_url)
    assert not rig.listener.status.running
    await rig.listener.start()
    await rig.listener.start()
    await connected(rig)
    status = rig.listener.status
    assert (status.running, status.paused, status.blocked_by) == (True, False, None)
    assert status.started_at is not None

    assert await rig.listener.stop() == ()
    assert await rig.listener.stop() == ()
    status = rig.listener.status
    assert (status.running, status.paused, status.started_at) == (False, False, None)
    assert await quiet(server)
    assert rig.state().connected is None  # nothing is measured any more
    assert [loop.name for loop in rig.supervisor.loops()] == []


async def test_pause_and_resume(rig: Rig, server: SimulatedServer) -> None:
    await rig.add_instance(server.base_url)
    await rig.listener.resume()
    await rig.listener.pause()
    assert not rig.listener.status.paused
    await rig.listener.start()
    await connected(rig)
    started_at = rig.listener.status.started_at

    await rig.listener.pause()
    status = rig.listener.status
    assert (status.running, status.paused, status.started_at) == (False, True, started_at)
    assert await quiet(server)
    server.world.receive("张三", "张三", "趁你不在")

    await rig.listener.resume()
    assert (rig.listener.status.running, rig.listener.status.paused) == (True, False)
    await eventually(lambda: rig.intake.texts() == ["趁你不在"])
    await connected(rig)


async def test_stop_while_paused_and_start_again(rig: Rig, server: SimulatedServer) -> None:
    await rig.add_instance(server.base_url)
    await rig.listener.start()
    await rig.listener.pause()
    await rig.listener.stop()
    assert not rig.listener.status.paused
    await rig.listener.start()
    await connected(rig)


async def test_restart(rig: Rig, server: SimulatedServer) -> None:
    await rig.add_instance(server.base_url)
    await rig.listener.start()
    await connected(rig)
    before = rig.listener.status.started_at
    await rig.listener.restart()
    assert rig.listener.status.running
    assert rig.listener.status.started_at != before
    await connected(rig)
    server.world.receive("张三", "张三", "新的一天")
    await eventually(lambda: "新的一天" in rig.intake.texts())


async def test_a_read_in_flight_at_the_stop_is_committed(rig: Rig, server: SimulatedServer) -> None:
    await rig.add_instance(server.base_url)
    await rig.listener.start()
    await connected(rig)
    server.faults.delay(routes.NEXT_NEW, 0.1, effect="late")
    await eventually(lambda: _reading(rig, routes.NEXT_NEW) and _is_quiet_for(rig, routes.NEXT_NEW, 0.05))
    server.world.receive("张三", "张三", "最后一句")
    assert await rig.listener.stop() == ()
    assert rig.intake.texts(channel=Channel.MAIN) == ["最后一句"]


def _reading(rig: Rig, route: str) -> bool:
    return f"pc1: {route}" in rig.under_way()


def _is_quiet_for(rig: Rig, route: str, seconds: float) -> bool:
    return rig.ended_at(route)[-1] < rig.clock.monotonic() - seconds


@pytest.mark.expects_log("gave up a call in flight")
async def test_a_read_that_hangs_at_the_stop_is_abandoned_and_named(
    rig: Rig, server: SimulatedServer
) -> None:
    instance = await rig.add_instance(server.base_url)
    await rig.listener.start()
    await connected(rig)
    server.faults.hang(routes.NEXT_NEW)
    await eventually(
        lambda: (
            _reading(rig, routes.NEXT_NEW)
            and rig.ended_at(routes.NEXT_NEW)[-1] < rig.clock.monotonic() - 0.05
        )
    )
    began = rig.clock.monotonic()
    assert await rig.listener.stop() == (f"pc1: {routes.NEXT_NEW}",)
    assert rig.clock.monotonic() - began < 3.0
    assert rig.listener.status.abandoned == (f"pc1: {routes.NEXT_NEW}",)
    assert rig.listener.status.abandoned_total == 1
    assert instance.gate.shut_for_s > 0  # the server may still be at it


@something_fails
async def test_a_hung_instance_delays_no_other(
    rig: Rig, server: SimulatedServer, second_server: SimulatedServer
) -> None:
    await rig.add_instance(server.base_url, "pc1")
    await rig.add_instance(second_server.base_url, "pc2")
    server.faults.hang("*", times=None)
    await rig.listener.start()
    await connected(rig, "pc2")
    for number in range(5):
        second_server.world.receive("张三", "张三", f"第{number}条")
        await eventually(lambda number=number: f"第{number}条" in rig.intake.texts("pc2"), timeout_s=2.0)  # type: ignore[misc]
    await eventually(lambda: rig.state("pc1").connected is False)
    server.faults.clear()
    server.faults.release()
    await connected(rig, "pc1")


async def test_a_hung_main_read_does_not_stop_the_windows(rig: Rig, server: SimulatedServer) -> None:
    await rig.add_instance(server.base_url)
    await rig.listener.start()
    server.world.receive("张三", "张三", "你好")
    await eventually(lambda: rig.is_active("张三"))
    server.faults.hang(routes.NEXT_NEW, effect="late")
    await eventually(lambda: _reading(rig, routes.NEXT_NEW))
    for number in range(3):
        server.world.receive("张三", "张三", f"第{number}条")
        await eventually(lambda number=number: f"第{number}条" in rig.intake.texts(channel=Channel.WINDOW))  # type: ignore[misc]
    # The gate is taken, so no session list comes: the evidence runs out although health still answers.
    await eventually(lambda: rig.state().connected is False)
    server.faults.release()
    await connected(rig)


async def test_a_pending_read_shows_as_stalled(rig: Rig, server: SimulatedServer) -> None:
    instance = await rig.add_instance(server.base_url)
    instance.liveness._stalled_after_s = 0.1
    await rig.listener.start()
    await connected(rig)
    server.faults.hang(routes.NEXT_NEW, effect="late")
    await eventually(lambda: rig.state().stalled == (Channel.MAIN,))
    assert "stalled" in [reason.code for reason in rig.state().reasons]
    server.faults.release()
    await eventually(lambda: rig.state().stalled == ())
    await connected(rig)


async def test_dead_while_online_is_seen_within_two_rounds(rig: Rig, server: SimulatedServer) -> None:
    await rig.add_instance(server.base_url)
    await rig.listener.start()
    await connected(rig)
    server.world.kill_wechat()
    rounds = rig.state().rounds
    await eventually(lambda: rig.state().connected is False)
    # The round that was under way may still have seen the living one.
    assert rig.state().rounds - rounds <= 3
    assert [reason.code for reason in rig.state().reasons][:1] == ["session_list_empty"]


@something_fails
async def test_an_unreachable_server_is_seen_within_two_rounds(rig: Rig, server: SimulatedServer) -> None:
    await rig.add_instance(server.base_url)
    await rig.listener.start()
    await connected(rig)
    await server.stop()
    rounds = rig.state().rounds
    await eventually(lambda: rig.state().connected is False)
    assert rig.state().rounds - rounds <= 3
    assert "instance_connect_failed" in rig.causes("probe")
    port = int(server.base_url.rpartition(":")[2])
    await server.start(port=port)
    await connected(rig)
    assert any(isinstance(error, ErrorCleared) and error.operation == "probe" for error in rig.errors)


@something_fails
async def test_a_wechat_that_was_never_there_is_not_green(rig: Rig, server: SimulatedServer) -> None:
    server.world.kill_wechat()
    await rig.add_instance(server.base_url)
    assert rig.state().connected is None
    await rig.listener.start()
    await eventually(lambda: rig.state().connected is False)
    assert rig.state().initialized is False
    assert "instance_rejected" in rig.causes("initialize")
    server.world.revive()
    await connected(rig)


async def test_a_restart_of_the_server_is_detected_and_everything_verified_again(
    rig: Rig, server: SimulatedServer
) -> None:
    await rig.add_instance(server.base_url)
    await rig.listener.start()
    server.world.receive("张三", "张三", "早")
    await eventually(lambda: rig.is_active("张三"))
    await connected(rig)
    initialized = server.calls[routes.INITIALIZE]

    server.restart()
    await eventually(lambda: server.calls[routes.INITIALIZE] > initialized)
    await eventually(lambda: server.world.windows.get("张三"))
    await eventually(lambda: rig.is_active("张三") and rig.state().restarted_at is not None)
    await connected(rig)
    server.world.receive("张三", "张三", "又来了")
    await eventually(lambda: "又来了" in rig.intake.texts(channel=Channel.WINDOW))


@something_fails
async def test_a_refused_key_is_seen_and_a_new_one_is_in_force_at_once(
    rig: Rig, server: SimulatedServer
) -> None:
    await rig.add_instance(server.base_url)
    await rig.listener.start()
    await connected(rig)
    server.api_key = "another-key"
    await eventually(lambda: rig.state().connected is False)
    assert rig.state().reasons[0].code == "unauthorized"
    await rig.add_instance(server.base_url, api_key="another-key")
    await connected(rig)


@something_fails
async def test_the_retry_interval_grows_and_resets(rig: Rig, server: SimulatedServer) -> None:
    await rig.add_instance(server.base_url)
    await rig.listener.start()
    await connected(rig)
    first = len(rig.ended_at(routes.LISTEN_GET))
    server.faults.fail(routes.LISTEN_GET, 500, 3002, times=None)
    await eventually(lambda: len(rig.ended_at(routes.LISTEN_GET)) >= first + 7, timeout_s=10.0)
    # Each pause is at least what the growth says, less the jitter; how much longer depends on the machine.
    gaps = [b - a for a, b in pairwise(rig.ended_at(routes.LISTEN_GET)[first + 1 :])]
    assert all(gap >= 0.02 * 2**n * 0.8 for n, gap in enumerate(gaps[:5])), gaps
    assert "instance_rejected" in rig.causes("poll_window")
    assert rig.state().connected is True  # the rest works

    server.faults.clear(routes.LISTEN_GET)
    count = len(rig.ended_at(routes.LISTEN_GET))
    await eventually(lambda: len(rig.ended_at(routes.LISTEN_GET)) >= count + 5, timeout_s=10.0)
    again = [b - a for a, b in pairwise(rig.ended_at(routes.LISTEN_GET)[-4:])]
    assert min(again) < gaps[4]


@something_fails
async def test_without_storage_nothing_is_read_and_nothing_lost(rig: Rig, server: SimulatedServer) -> None:
    await rig.add_instance(server.base_url)
    await rig.listener.start()
    await connected(rig)
    rig.intake.error = StorageError("disk_full")
    server.world.receive("张三", "张三", "第一条")
    await eventually(lambda: rig.listener.status.blocked_by == "disk_full")
    await eventually(lambda: not any(name.endswith(ALL_READS) for name in rig.under_way()))
    reads = [server.calls[route] for route in ALL_READS]
    server.world.receive("李四", "李四", "第二条")
    attempts = rig.intake.attempts
    await eventually(lambda: rig.intake.attempts > attempts)
    assert [server.calls[route] for route in ALL_READS] == reads
    assert rig.listener.status.unsaved_batches == 1
    assert rig.listener.status.running
    assert "disk_full" in rig.causes("commit")

    rig.intake.error = None
    await eventually(lambda: rig.intake.texts() == ["第一条", "第二条"])
    assert rig.listener.status.blocked_by is None
    assert any(isinstance(error, ErrorCleared) and error.operation == "commit" for error in rig.errors)


@pytest.mark.expects_log("intake refused a batch")
async def test_a_batch_that_intake_cannot_take_is_kept_raw(rig: Rig, server: SimulatedServer) -> None:
    await rig.add_instance(server.base_url)
    real_commit = rig.intake.commit

    async def refuse_rows(batch: object) -> None:
        if batch.chats:  # type: ignore[attr-defined]
            raise ValueError("a bug")
        await real_commit(batch)  # type: ignore[arg-type]

    rig.intake.commit = refuse_rows  # type: ignore[method-assign]
    await rig.listener.start()
    server.world.receive("张三", "张三", "难懂")
    await eventually(lambda: rig.intake.batches)
    batch = rig.intake.batches[0]
    assert batch.unreadable_reason == "intake_refused"
    assert "难懂".encode("unicode_escape") in (batch.unreadable or b"")


@something_fails
async def test_a_damaged_reply_is_committed_and_counted_as_an_error(
    rig: Rig, server: SimulatedServer
) -> None:
    await rig.add_instance(server.base_url)
    await rig.listener.start()
    await connected(rig)
    server.faults.cut_json(routes.NEXT_NEW)
    await eventually(lambda: any(batch.unreadable for batch in rig.intake.batches))
    await eventually(lambda: "instance_reply_damaged" in rig.causes("poll_main"))
    server.world.receive("张三", "张三", "后来")
    await eventually(lambda: "后来" in rig.intake.texts())


@pytest.mark.expects_log("background work failed")
async def test_a_crash_in_one_instance_leaves_the_other_alone(
    rig: Rig, server: SimulatedServer, second_server: SimulatedServer
) -> None:
    broken = await rig.add_instance(server.base_url, "pc1")
    await rig.add_instance(second_server.base_url, "pc2")

    async def crash() -> None:
        raise RuntimeError("a bug")

    broken.client.listen_get = crash  # type: ignore[method-assign, assignment]
    await rig.listener.start()
    await eventually(lambda: any("pc1:window" in crash.name for crash in rig.crashes))
    second_server.world.receive("张三", "张三", "在")
    await eventually(lambda: "在" in rig.intake.texts("pc2"))
    await connected(rig, "pc1")  # its other loops go on as well


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-q"]))

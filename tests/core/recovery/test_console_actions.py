"""Repairs of what is always there, against a real server: instances, the listener service, platforms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

import pytest
from pydantic import SecretStr

from tests.core.recovery.workshop import World
from wxauto_mgt.core.config.notifier import ConfigNotifier
from wxauto_mgt.core.instances.instance import Instance
from wxauto_mgt.core.instances.model import InstanceConfig
from wxauto_mgt.core.instances.registry import InstanceRegistry, InstanceTimings
from wxauto_mgt.core.recovery.actions import instance_calls
from wxauto_mgt.core.recovery.actions.contract import RepairContext, RepairOutcome
from wxauto_mgt.core.recovery.actions.instance_action import InstanceActionConfig
from wxauto_mgt.core.recovery.actions.reconnect_instance import ReconnectInstance
from wxauto_mgt.core.recovery.actions.reinitialize_instance import ReinitializeInstance
from wxauto_mgt.core.recovery.actions.reopen_platform import ReopenPlatform, ReopenPlatformConfig
from wxauto_mgt.core.recovery.actions.restart_listener import RestartListener, RestartListenerConfig
from wxauto_mgt.errors import PlatformPermanent
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.supervisor import Supervisor
from wxauto_mgt.simulator import SimulatedServer


class Listener:
    """The listener service, as far as repairs ask it."""

    def __init__(self) -> None:
        self.is_running = True
        self.is_paused = False
        self.blocked_by: str | None = None
        self.restarts = 0
        self.verified: list[str] = []

    async def restart(self) -> None:
        self.restarts += 1

    def verify_listeners(self, instance_id: str) -> bool:
        self.verified.append(instance_id)
        return True


@pytest.fixture
async def server() -> AsyncIterator[SimulatedServer]:
    server = SimulatedServer()
    server.world.add_chat("Anna")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def registry(server: SimulatedServer) -> AsyncIterator[InstanceRegistry]:
    clock = SystemClock()
    supervisor = Supervisor(clock=clock, on_failure=lambda _failure: None)
    config = InstanceConfig(id="pc1", name="pc1", base_url=server.base_url, api_key=SecretStr(server.api_key))
    registry = InstanceRegistry(
        configs={"pc1": config},
        notifier=ConfigNotifier(),
        timings=InstanceTimings(
            read_timeout_s=lambda: 2.0,
            send_timeout_s=lambda: 2.0,
            ui_quarantine_s=lambda: 0.1,
            probe_interval_s=lambda: 1.0,
        ),
        clock=clock,
        bus=EventBus(),
        supervisor=supervisor,
        on_call=lambda _call: None,
        on_error=lambda _error: None,
    )
    yield registry
    await registry.close()


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def context(registry: InstanceRegistry, listener: Listener) -> RepairContext:
    return replace(World().context("instance:pc1"), instances=registry, listener=listener)


def instance_of(registry: InstanceRegistry) -> Instance:
    instance = registry.get("pc1")
    assert instance is not None
    return instance


async def test_reconnecting_initialises_what_is_not_and_asks_for_proof(
    context: RepairContext, registry: InstanceRegistry, listener: Listener, server: SimulatedServer
) -> None:
    result = await ReconnectInstance(InstanceActionConfig(), context).run()
    assert result.outcome is RepairOutcome.DONE
    assert result.evidence["initialized"] is True
    assert int(str(result.evidence["sessions"])) > 0
    assert listener.verified == ["pc1"]
    assert instance_of(registry).liveness.state().initialized is True

    again = await ReconnectInstance(InstanceActionConfig(), context).run()
    assert "initialized" not in again.evidence, "a working WeChat is not initialised again"
    assert server.ui_overlaps == []


async def test_an_empty_session_list_is_no_success(context: RepairContext, server: SimulatedServer) -> None:
    await ReconnectInstance(InstanceActionConfig(), context).run()
    server.world.kill_wechat()
    result = await ReconnectInstance(InstanceActionConfig(), context).run()
    assert (result.outcome, result.reason_code) == (RepairOutcome.FAILED, "instance_without_sessions")


async def test_initialising_again_does_so_whatever_was_before(
    context: RepairContext, listener: Listener, server: SimulatedServer
) -> None:
    for _ in range(2):
        result = await ReinitializeInstance(InstanceActionConfig(), context).run()
        assert result.outcome is RepairOutcome.DONE
    assert listener.verified == ["pc1", "pc1"]
    assert server.ui_overlaps == []


async def test_a_server_that_is_gone_is_a_certain_failure(
    context: RepairContext, server: SimulatedServer
) -> None:
    await server.stop()
    for action in (ReconnectInstance, ReinitializeInstance):
        result = await action(InstanceActionConfig(), context).run()
        assert (result.outcome, result.reason_code) == (RepairOutcome.FAILED, "instance_call_failed")


async def test_the_gate_is_kept_to(
    context: RepairContext,
    registry: InstanceRegistry,
    server: SimulatedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(instance_calls, "GATE_WAIT_S", 0.02)
    async with instance_of(registry).gate.hold("send"):
        result = await ReinitializeInstance(InstanceActionConfig(), context).run()
    assert (result.outcome, result.evidence["cause"]) == (RepairOutcome.FAILED, "gate_busy")
    assert server.calls["/api/wechat/initialize"] == 0


async def test_an_instance_that_is_not_in_use_is_no_case(context: RepairContext) -> None:
    for config, reason in (("gone", "instance_not_in_use"), ("", "no_instance_named")):
        service = replace(context, service="tts")
        obstacle = await ReconnectInstance(InstanceActionConfig(instance=config), service).precondition()
        assert obstacle is not None
        assert (obstacle.outcome, obstacle.reason_code) == (RepairOutcome.NOT_APPLICABLE, reason)


async def test_the_listener_service_is_restarted_unless_that_is_useless_or_a_person_stopped_it(
    context: RepairContext, listener: Listener
) -> None:
    action = RestartListener(RestartListenerConfig(), context)
    assert await action.precondition() is None
    await action.run()
    assert listener.restarts == 1
    listener.blocked_by = "disk_full"
    blocked = await action.precondition()
    assert blocked is not None
    assert (blocked.reason_code, blocked.params) == ("listener_blocked", {"cause": "disk_full"})
    listener.is_running = False
    stopped = await action.precondition()
    listener.is_paused = True
    paused = await action.precondition()
    assert [found and found.reason_code for found in (stopped, paused)] == [
        "listener_stopped",
        "listener_paused",
    ]


class Platforms:
    """A registry whose platforms open or do not."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    async def reopen(self, platform_id: str) -> None:
        if platform_id == "broken":
            raise PlatformPermanent("platform_refused", status=401)
        self.opened.append(platform_id)


async def test_a_platform_is_opened_again_or_the_reason_is_told(context: RepairContext) -> None:
    platforms = Platforms()
    found = replace(context, service="platform:ai", platforms=cast("Any", platforms))
    done = await ReopenPlatform(ReopenPlatformConfig(), found).run()
    assert (done.outcome, platforms.opened) == (RepairOutcome.DONE, ["ai"])
    failed = await ReopenPlatform(ReopenPlatformConfig(platform="broken"), found).run()
    assert (failed.outcome, failed.evidence["cause"]) == (RepairOutcome.FAILED, "platform_refused")
    unnamed = await ReopenPlatform(ReopenPlatformConfig(), replace(found, service="tts")).precondition()
    assert unnamed is not None
    assert unnamed.reason_code == "no_platform_named"

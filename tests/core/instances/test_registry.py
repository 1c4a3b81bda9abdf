"""Edits touch the instance concerned and no call in flight."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from tests.core.instances.conftest import instance_config
from tests.fakes.misbehaving_server import Conversation, MisbehavingServer, Script, hangs, sends
from tests.waiting import eventually
from wxauto_mgt.core.config.notifier import ConfigChanged, ConfigChangeType, ConfigNotifier
from wxauto_mgt.core.instances import routes
from wxauto_mgt.core.instances.instance import InstanceAdded, InstanceAdjusted, InstanceRemoved
from wxauto_mgt.core.instances.model import INSTANCE, InstanceConfig, SendOutcome, SendReason
from wxauto_mgt.core.instances.registry import InstanceRegistry, InstanceTimings
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.supervisor import Supervisor

OK = b'{"code": 0, "data": {}, "message": "x"}'


class Setup:
    def __init__(self, *configs: InstanceConfig) -> None:
        self.notifier = ConfigNotifier()
        self.bus = EventBus()
        self.told: list[str] = []
        self.bus.subscribe(InstanceAdded, lambda e: self.told.append(f"added {e.instance.id}"))
        self.bus.subscribe(InstanceRemoved, lambda e: self.told.append(f"removed {e.instance.id}"))
        self.bus.subscribe(InstanceAdjusted, lambda e: self.told.append(f"adjusted {e.instance.id}"))
        clock = SystemClock()
        self.supervisor = Supervisor(clock=clock, on_failure=lambda _failure: None)
        self.registry = InstanceRegistry(
            configs={config.id: config for config in configs},
            notifier=self.notifier,
            timings=InstanceTimings(
                read_timeout_s=lambda: 2.0,
                send_timeout_s=lambda: 2.0,
                ui_quarantine_s=lambda: 60.0,
                probe_interval_s=lambda: 5.0,
            ),
            clock=clock,
            bus=self.bus,
            supervisor=self.supervisor,
            on_call=lambda _record: None,
            on_error=lambda _report: None,
        )

    def change(self, before: InstanceConfig | None, after: InstanceConfig | None) -> None:
        config = after or before
        assert config is not None
        kind = ConfigChangeType.of(INSTANCE, before, after)
        self.notifier.publish([ConfigChanged(kind, INSTANCE, config.id, before, after, 1, datetime.now(UTC))])


@pytest.fixture
async def setup(server: MisbehavingServer) -> AsyncIterator[Setup]:
    setup = Setup(
        instance_config(server.base_url), instance_config("http://127.0.0.1:1", id="off", enabled=False)
    )
    yield setup
    await setup.registry.close(timeout_s=0.1)
    assert await setup.supervisor.stop() == ()


def answers_when(released: asyncio.Event) -> Script:
    async def script(conversation: Conversation) -> None:
        await released.wait()
        await conversation.answer(OK)

    return script


async def test_only_enabled_instances_are_there(setup: Setup) -> None:
    assert [instance.id for instance in setup.registry.all()] == ["pc1"]
    assert setup.registry.get("off") is None
    config = instance_config("http://127.0.0.1:1", id="off")
    setup.change(None, config)
    assert setup.registry.get("off") is not None
    setup.change(config, None)
    setup.change(config, None)
    assert setup.told == ["added off", "removed off"]


async def test_another_key_replaces_the_client_and_lets_its_calls_finish(
    setup: Setup, server: MisbehavingServer
) -> None:
    released = asyncio.Event()
    server.on(routes.SEND_WINDOW, answers_when(released), sends(OK))
    instance = setup.registry.get("pc1")
    assert instance is not None
    old, gate = instance.client, instance.gate
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(old.send_window("张三", "你好"))
        await eventually(lambda: server.requests[routes.SEND_WINDOW] == 1)
        setup.change(instance.config, instance_config(server.base_url, "another-key"))
        assert setup.registry.get("pc1") is instance
        assert (instance.client is old, instance.gate is gate) == (False, True)
        await instance.client.send_window("张三", "新的")
        assert server.seen[routes.SEND_WINDOW].headers["x-api-key"] == "another-key"
        released.set()
    assert sending.result().outcome is SendOutcome.ACCEPTED
    assert setup.told == ["adjusted pc1"]


async def test_another_address_makes_another_instance(setup: Setup) -> None:
    before = setup.registry.get("pc1")
    assert before is not None
    setup.change(before.config, instance_config("http://127.0.0.1:1"))
    after = setup.registry.get("pc1")
    assert after is not None
    assert after is not before
    assert after.gate is not before.gate
    assert setup.told == ["removed pc1", "added pc1"]


async def test_the_same_address_keeps_its_gate_whatever_becomes_of_the_instance(setup: Setup) -> None:
    # Behind one address stands one desktop: what an earlier instance began there may still be running.
    before = setup.registry.get("pc1")
    assert before is not None
    config = before.config
    setup.change(config, config.model_copy(update={"enabled": False}))
    before.gate.quarantine(reason="get-next-new")
    setup.change(config.model_copy(update={"enabled": False}), config)
    setup.change(None, config.model_copy(update={"id": "pc2", "base_url": f"{config.base_url}"}))
    for instance_id in ("pc1", "pc2"):
        after = setup.registry.get(instance_id)
        assert after is not None
        assert after is not before
        assert after.gate.shut_for_s > 0


async def test_a_send_after_an_edit_took_the_client_away_provably_sent_nothing(
    setup: Setup, server: MisbehavingServer
) -> None:
    instance = setup.registry.get("pc1")
    assert instance is not None
    setup.change(instance.config, instance.config.model_copy(update={"enabled": False}))
    await asyncio.sleep(0.01)  # the client is closed by a task
    answer = await instance.client.send_window("张三", "你好")
    assert (answer.outcome, answer.retryable) == (SendOutcome.NOT_SENT, True)
    assert server.requests[routes.SEND_WINDOW] == 0


async def test_closing_cuts_off_what_does_not_end(setup: Setup, server: MisbehavingServer) -> None:
    server.on(routes.SEND_MAIN, hangs())
    instance = setup.registry.get("pc1")
    assert instance is not None
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(instance.client.send_main("张三", "你好"))
        await eventually(lambda: server.requests[routes.SEND_MAIN] == 1)
        await setup.registry.close(timeout_s=0.05)
    answer = sending.result()
    assert (answer.outcome, answer.reason) == (SendOutcome.UNKNOWN, SendReason.CONNECTION_LOST)
    assert setup.registry.all() == ()

"""All enabled instances, kept in step with the configuration; an edit touches only the instance concerned.

Opens and closes clients; runs no loop. Listening and delivery look instances up here and hear of changes
on the bus.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from wxauto_mgt.core.config.notifier import ConfigChanged, ConfigNotifier
from wxauto_mgt.core.instances.budget import CallBudget
from wxauto_mgt.core.instances.client import HEALTH_TIMEOUT_S, WxautoClient
from wxauto_mgt.core.instances.episodes import Episodes, ErrorSink
from wxauto_mgt.core.instances.gate import UiGate
from wxauto_mgt.core.instances.instance import Instance, InstanceAdded, InstanceAdjusted, InstanceRemoved
from wxauto_mgt.core.instances.liveness import Liveness
from wxauto_mgt.core.instances.model import INSTANCE, InstanceConfig
from wxauto_mgt.core.instances.windows import VerifiedWindows
from wxauto_mgt.core.wire import CallRecord
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.supervisor import Supervisor

_CLOSING: Final = "instance_close"
CLOSE_SLACK_S: Final = 5.0
STOP_TIMEOUT_S: Final = 2.0


@dataclass(frozen=True)
class InstanceTimings:
    """Settings of other groups that instances need; asked each time, so that an edit is in force at once."""

    read_timeout_s: Callable[[], float]
    send_timeout_s: Callable[[], float]
    ui_quarantine_s: Callable[[], float]
    probe_interval_s: Callable[[], float]
    health_timeout_s: float = HEALTH_TIMEOUT_S


class InstanceRegistry:
    """The instances by id. Make and use it on the event loop.

    Args:
        configs: instances of the snapshot in force; the disabled ones are left out.
        on_call: told of each HTTP request.
        on_error: told of failures that begin, last and end.
    """

    def __init__(
        self,
        *,
        configs: Mapping[str, InstanceConfig],
        notifier: ConfigNotifier,
        timings: InstanceTimings,
        clock: Clock,
        bus: EventBus,
        supervisor: Supervisor,
        on_call: Callable[[CallRecord], None],
        on_error: ErrorSink,
    ) -> None:
        self._timings = timings
        self._clock = clock
        self._bus = bus
        self._supervisor = supervisor
        self._on_call = on_call
        self._on_error = on_error
        self._instances: dict[str, Instance] = {}
        self._retired: set[WxautoClient] = set()
        # By address and for good: behind it stands one desktop, and what an instance that was disabled or
        # replaced began there may still be running.
        self._gates: dict[str, UiGate] = {}
        for config in configs.values():
            if config.enabled:
                self._instances[config.id] = self._make(config)
        self._unsubscribe = notifier.subscribe(self._config_changed, kinds=(INSTANCE,))

    def get(self, instance_id: str) -> Instance | None:
        """The instance, unless it is unknown or disabled."""
        return self._instances.get(instance_id)

    def all(self) -> tuple[Instance, ...]:
        """All enabled instances, in order of the configuration."""
        return tuple(self._instances.values())

    async def close(self, *, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Stop following the configuration and close all clients, those replaced earlier too."""
        self._unsubscribe()
        self._retired.update(instance.client for instance in self.all())
        self._instances.clear()
        async with asyncio.TaskGroup() as closing:
            for client in self._retired:
                closing.create_task(client.close(timeout_s=timeout_s))
        await self._supervisor.stop(_CLOSING)

    def _config_changed(self, change: ConfigChanged) -> None:
        config = change.after if isinstance(change.after, InstanceConfig) else None
        old = self._instances.get(change.id)
        if config is None or not config.enabled:
            if old is not None:
                del self._instances[change.id]
                self._retire(old)
        elif old is None or old.config.base_url != config.base_url:
            new = self._make(config)  # what can fail comes before the swap
            self._instances[config.id] = new
            if old is not None:
                self._retire(old)
            self._bus.publish(InstanceAdded(new))
        else:
            self._adjust(old, config)

    def _adjust(self, instance: Instance, config: InstanceConfig) -> None:
        """Same server: keep gate, evidence and windows; another key needs another client only."""
        if instance.config.api_key != config.api_key:
            old, instance.client = instance.client, self._make_client(config)
            self._close_later(old, config.id)
        instance.config = config
        instance.budget.set_limit(config.rate_limit_per_minute)
        self._bus.publish(InstanceAdjusted(instance))

    def _retire(self, instance: Instance) -> None:
        self._bus.publish(InstanceRemoved(instance))
        instance.episodes.close()
        self._close_later(instance.client, instance.id)

    def _close_later(self, client: WxautoClient, instance_id: str) -> None:
        timeout_s = max(self._timings.read_timeout_s(), self._timings.send_timeout_s()) + CLOSE_SLACK_S
        self._retired.add(client)
        self._supervisor.spawn(f"{_CLOSING}:{instance_id}", self._close_client(client, timeout_s))

    async def _close_client(self, client: WxautoClient, timeout_s: float) -> None:
        await client.close(timeout_s=timeout_s)
        self._retired.discard(client)

    def _make(self, config: InstanceConfig) -> Instance:
        return Instance(
            config=config,
            client=self._make_client(config),
            gate=self._gate_of(config.base_url),
            budget=CallBudget(per_minute=config.rate_limit_per_minute, clock=self._clock),
            liveness=Liveness(
                instance_id=config.id,
                clock=self._clock,
                probe_interval_s=self._timings.probe_interval_s,
                on_change=self._bus.publish,
            ),
            windows=VerifiedWindows(clock=self._clock),
            episodes=Episodes(instance_id=config.id, clock=self._clock, on_error=self._on_error),
        )

    def _gate_of(self, base_url: str) -> UiGate:
        gate = self._gates.get(base_url)
        if gate is None:
            gate = UiGate(clock=self._clock, quarantine_s=self._timings.ui_quarantine_s)
            self._gates[base_url] = gate
        return gate

    def _make_client(self, config: InstanceConfig) -> WxautoClient:
        return WxautoClient(
            config=config,
            clock=self._clock,
            on_call=self._on_call,
            read_timeout_s=self._timings.read_timeout_s,
            send_timeout_s=self._timings.send_timeout_s,
            health_timeout_s=self._timings.health_timeout_s,
        )

"""Shows the application's parts to the monitor in the monitor's words.

Owns nothing; the composition root builds it. Not for anyone else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from wxauto_mgt.core.instances.instance import Instance
from wxauto_mgt.core.instances.registry import InstanceRegistry
from wxauto_mgt.core.listening.listener import MessageListener
from wxauto_mgt.core.listening.model import ListenerStatus
from wxauto_mgt.core.messages.history.figures import DeliveryFigures
from wxauto_mgt.core.monitoring.facts import ClientStatus, ServiceState
from wxauto_mgt.runtime.supervisor import Supervisor


class MonitoredApplication:
    """Reads the listener service, the instances, the supervisor and this run's counters."""

    def __init__(
        self,
        *,
        listener: MessageListener,
        registry: InstanceRegistry,
        supervisor: Supervisor,
        delivery: Callable[[], Awaitable[DeliveryFigures]],
    ) -> None:
        self._listener = listener
        self._registry = registry
        self._supervisor = supervisor
        self._delivery = delivery

    def service(self) -> ServiceState:
        """The listener service now."""
        status = self._listener.status
        return ServiceState(
            is_running=status.running,
            is_paused=status.paused,
            started_at=status.started_at,
            blocked_by=status.blocked_by,
        )

    def clients(self) -> Sequence[ClientStatus]:
        """All enabled instances."""
        return [_client(instance) for instance in self._registry.all()]

    def listeners(self) -> Sequence[ListenerStatus]:
        """All listeners of enabled instances."""
        return self._listener.listeners()

    def loop_count(self) -> int:
        """Live supervised loops."""
        return len(self._supervisor.loops())

    async def delivery(self) -> DeliveryFigures:
        """What became of the rows that this run received."""
        return await self._delivery()


def _client(instance: Instance) -> ClientStatus:
    state = instance.liveness.state()
    proofs = [
        {"kind": proof.kind.value, "at": proof.at.isoformat(), "count": proof.count}
        for proof in state.evidence
    ]
    reasons = [{"kind": reason.code, **reason.params} for reason in state.reasons]
    return ClientStatus(
        instance_id=instance.id,
        initialized=state.initialized,
        connected=state.connected,
        probe_rounds=state.rounds,
        last_check_at=state.last_check_at,
        evidence=(*proofs, *reasons),
    )

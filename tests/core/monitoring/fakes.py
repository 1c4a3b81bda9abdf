"""A console to watch, as small as it gets: what the monitor asks for, set by the test."""

from __future__ import annotations

from datetime import datetime

from wxauto_mgt.core.listening.model import ListenerKind, ListenerStatus
from wxauto_mgt.core.messages.history.figures import DeliveryFigures
from wxauto_mgt.core.monitoring.facts import ClientStatus, ServiceState


def client_status(
    instance_id: str, *, connected: bool | None = True, rounds: int = 2, at: datetime | None = None
) -> ClientStatus:
    return ClientStatus(
        instance_id=instance_id,
        initialized=True,
        connected=connected,
        probe_rounds=rounds,
        last_check_at=at,
        evidence=({"kind": "sessions", "count": 3},) if connected else (),
    )


def listener_status(
    who: str, *, active: bool = True, instance_id: str = "pc1", at: datetime | None = None
) -> ListenerStatus:
    return ListenerStatus(
        instance_id=instance_id,
        who=who,
        kind=ListenerKind.FIXED,
        active=active,
        title=who,
        last_message_at=at,
        last_check_at=at,
        message_count=4,
        error_count=1,
    )


class FakeConsole:
    """Implements `MonitoredFacts`, and `ServiceControl` for the facade's tests."""

    def __init__(self, *, started_at: datetime | None) -> None:
        self.state = ServiceState(is_running=started_at is not None, is_paused=False, started_at=started_at)
        self.client_list: list[ClientStatus] = []
        self.listener_list: list[ListenerStatus] = []
        self.loops = 5
        self.counters = DeliveryFigures()

    def service(self) -> ServiceState:
        return self.state

    def clients(self) -> list[ClientStatus]:
        return self.client_list

    def listeners(self) -> list[ListenerStatus]:
        return self.listener_list

    def loop_count(self) -> int:
        return self.loops

    async def delivery(self) -> DeliveryFigures:
        return self.counters

"""What the monitor needs to know of the parts that it watches, in its own words.

Owns no state. The composition root provides an adapter; tests provide a small fake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from wxauto_mgt.core.listening.model import ListenerStatus
from wxauto_mgt.core.messages.history.figures import DeliveryFigures
from wxauto_mgt.errors import Fact


@dataclass(frozen=True)
class ServiceState:
    """The listener service.

    Attributes:
        is_running: false while paused.
        started_at: stays over a pause; None while it is stopped.
        blocked_by: why it does not poll although it runs, such as a full disk; a symbolic code.
    """

    is_running: bool
    is_paused: bool
    started_at: datetime | None
    blocked_by: str | None = None


@dataclass(frozen=True)
class ClientStatus:
    """One enabled instance.

    Attributes:
        initialized, connected: None = not measured.
        probe_rounds: completed since its client was made.
        evidence: why it counts as connected or not, newest first.
    """

    instance_id: str
    initialized: bool | None
    connected: bool | None
    probe_rounds: int
    last_check_at: datetime | None
    evidence: tuple[Mapping[str, Fact], ...]


class MonitoredFacts(Protocol):
    """Reads the watched parts; each call is cheap, none waits for a network."""

    def service(self) -> ServiceState:
        """The listener service now."""
        ...

    def clients(self) -> Sequence[ClientStatus]:
        """All enabled instances."""
        ...

    def listeners(self) -> Sequence[ListenerStatus]:
        """All listeners of enabled instances."""
        ...

    def loop_count(self) -> int:
        """Live supervised loops."""
        ...

    async def delivery(self) -> DeliveryFigures:
        """What became of the rows that this run received."""
        ...

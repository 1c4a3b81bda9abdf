"""The monitored services as repairs see them; the composition root implements it over the running console."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wxauto_mgt.core.monitoring.checks.contract import CheckResult
from wxauto_mgt.core.monitoring.services.model import RepairSpec
from wxauto_mgt.core.recovery.actions.contract import RepairContext


class RepairableServices(Protocol):
    """All services that are watched now."""

    def ids(self) -> Sequence[str]:
        """Return their ids."""
        ...

    def ladder(self, service: str) -> Sequence[RepairSpec]:
        """Return the steps of a service's ladder; empty when it has none."""
        ...

    def context(self, service: str) -> RepairContext:
        """Return what the actions for a service may use."""
        ...

    def parent_down(self, service: str) -> str | None:
        """Return a failing service that this one depends on."""
        ...

    def maintenance(self, service: str) -> str | None:
        """Return the name of the maintenance window that is open for it."""
        ...

    def is_stopped_by_person(self, service: str) -> bool:
        """Tell whether somebody wants it not to work now."""
        ...

    def blocked_by(self, service: str) -> str | None:
        """Return the code of what it waits for, where no repair of the service would change that."""
        ...

    async def check(self, service: str) -> CheckResult:
        """Look at it once, now.

        Raises:
            UnknownService: no such service is watched.
        """
        ...

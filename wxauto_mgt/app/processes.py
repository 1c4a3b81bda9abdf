"""Builds what runs programs for services, from their configuration. The application starts it.

Every act of a person on a process stands in the audit log.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from typing import Final

from wxauto_mgt.api.caller import current_caller
from wxauto_mgt.api.process_calls import ProcessCalls
from wxauto_mgt.app.ground import Ground
from wxauto_mgt.core.config.audit import AuditLog
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.core.monitoring.services.model import ServiceConfig
from wxauto_mgt.core.monitoring.services.process_config import ManagedProcessConfig
from wxauto_mgt.core.monitoring.services.section import PORT, SERVICE
from wxauto_mgt.core.recovery.processes.managed_processes import PROCESSES, ManagedProcesses
from wxauto_mgt.core.recovery.processes.model import ProcessSpec, ProcessStatus
from wxauto_mgt.core.recovery.processes.output import LINES_KEPT
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.shutdown import Stage
from wxauto_mgt.runtime.supervisor import Supervisor

# The longest that a process may be configured to take to end, and what it takes to end the rest.
STOP_S: Final = 75.0


class ProcessControl:
    """The processes for those who come through one door.

    Args:
        who: asked at each act, for the audit log.
    """

    def __init__(self, *, processes: ManagedProcesses, audit: AuditLog, who: Callable[[], str]) -> None:
        self._processes = processes
        self._audit = audit
        self._who = who

    def status(self) -> tuple[ProcessStatus, ...]:
        """Return all processes, by service."""
        return self._processes.status()

    def output(self, service: str, limit: int = LINES_KEPT) -> tuple[str, ...]:
        """Return the newest lines that a service's process wrote, oldest first."""
        return self._processes.output(service, limit)

    async def start(self, service: str) -> ProcessStatus:
        """Start it unless it runs."""
        status = await self._processes.start(service)
        await self._note("process.start", service)
        return status

    async def stop(self, service: str) -> ProcessStatus:
        """Stop it with all that it began."""
        status = await self._processes.stop(service)
        await self._note("process.stop", service)
        return status

    async def restart(self, service: str) -> ProcessStatus:
        """Stop and start it."""
        status = await self._processes.restart(service)
        await self._note("process.restart", service)
        return status

    async def _note(self, action: str, service: str) -> None:
        await self._audit.note(self._who(), action, service)


class Processes:
    """The managed processes of one application.

    Attributes:
        managed: runs them; repairs ask it.
        calls: answers of the facade.
    """

    def __init__(
        self,
        *,
        ground: Ground,
        bus: EventBus,
        supervisor: Supervisor,
        registry: MetricRegistry,
        rng: random.Random,
    ) -> None:
        self._ground = ground
        self._supervisor = supervisor
        self.managed = ManagedProcesses(
            wanted=lambda: {spec.service: spec for spec in self._configured()},
            environment=ground.environment,
            db=ground.db,
            clock=ground.clock,
            bus=bus,
            supervisor=supervisor,
            redactor=ground.redactor,
            rng=rng,
        )
        registry.add_collector(self.managed.metrics)
        self.calls = ProcessCalls(
            processes=self._control(current_caller.get), clock=ground.clock, texts=ground.catalogue
        )

    def control(self, who: str) -> ProcessControl:
        """The processes for those who come through one door, such as `window`."""
        return self._control(lambda: who)

    def start(self) -> None:
        """Begin to run what is configured; registers its own end with the ground."""
        unsubscribe = self._ground.notifier.subscribe(self.managed.refresh, kinds=(SERVICE,))

        async def close() -> None:
            unsubscribe()
            await self.managed.close()

        # After the last deliveries, which may need them, and before the database is closed.
        self._ground.closing.push(Stage.FINAL_WRITES, "processes", close, budget_s=STOP_S)
        # Never stalled: ending one may take as long as is configured.
        self._supervisor.start(PROCESSES, self.managed.run, stalled_after_s=math.inf)

    def _control(self, who: Callable[[], str]) -> ProcessControl:
        return ProcessControl(processes=self.managed, audit=self._ground.audit, who=who)

    def _configured(self) -> Iterator[ProcessSpec]:
        services: dict[str, ServiceConfig] = dict(self._ground.config.snapshot.objects(SERVICE))
        for name, service in services.items():
            if service.enabled and service.process is not None:
                yield ProcessSpec(name, _with_port(service.process, service.port), service.port)


def _with_port(config: ManagedProcessConfig, port: int | None) -> ManagedProcessConfig:
    """Put the port where the document speaks of it."""
    if port is None:
        return config

    def filled(text: str) -> str:
        return text.replace(PORT, str(port))

    return config.model_copy(
        update={
            "command": tuple(filled(word) for word in config.command),
            "cwd": filled(config.cwd),
            "env": {name: filled(value) for name, value in config.env.items()},
        }
    )

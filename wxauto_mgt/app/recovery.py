"""Builds what repairs services: the running console as repairs see it, journal, recoverer, its calls.

One part of the composition root; the application starts and closes it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from wxauto_mgt.api.recovery_calls import RecoveryCalls
from wxauto_mgt.app.audited_control import AuditedControl
from wxauto_mgt.app.checks import HealthChecks
from wxauto_mgt.app.ground import Ground
from wxauto_mgt.core.alerting.model import RepairWanted
from wxauto_mgt.core.instances.registry import InstanceRegistry
from wxauto_mgt.core.listening.listener import MessageListener
from wxauto_mgt.core.monitoring.checks.contract import CheckResult
from wxauto_mgt.core.monitoring.services.model import RepairSpec, ServiceConfig
from wxauto_mgt.core.monitoring.services.names import MESSAGE_LISTENER
from wxauto_mgt.core.monitoring.services.section import SERVICE
from wxauto_mgt.core.notifications.outbox import Outbox
from wxauto_mgt.core.platforms.registry import PlatformRegistry
from wxauto_mgt.core.recovery.actions.contract import RepairContext
from wxauto_mgt.core.recovery.default_ladders import default_ladder
from wxauto_mgt.core.recovery.journal import RepairJournal
from wxauto_mgt.core.recovery.ladder import LadderLimits
from wxauto_mgt.core.recovery.processes.managed_processes import ManagedProcesses
from wxauto_mgt.core.recovery.recoverer import RECOVERY, Recoverer
from wxauto_mgt.core.recovery.settings import HEARTBEAT, HeartbeatSettings
from wxauto_mgt.errors import ConsoleError, Fact
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.runtime.supervisor import Supervisor

_log = logging.getLogger(__name__)

WHO: Final = "recovery"
_BY_ALERT: Final = "recovery_by_alert"


class RepairedListener:
    """The listener service as repairs steer it; what they do stands in the audit log."""

    def __init__(self, *, listener: MessageListener, control: AuditedControl) -> None:
        self._listener = listener
        self._control = control

    @property
    def is_running(self) -> bool:
        """Whether it listens now."""
        return self._listener.status.running

    @property
    def is_paused(self) -> bool:
        """Whether an operator paused it."""
        return self._listener.status.paused

    @property
    def blocked_by(self) -> str | None:
        """Code of the storage failure because of which it reads nothing, if any."""
        return self._listener.status.blocked_by

    async def restart(self) -> None:
        """Stop and start."""
        await self._control.restart()

    def verify_listeners(self, instance_id: str) -> bool:
        """Have all listeners of an instance verified anew."""
        return self._listener.verify_listeners(instance_id)


class ConsoleServices:
    """The services of the running console, as repairs see them."""

    def __init__(
        self,
        *,
        ground: Ground,
        checks: HealthChecks,
        instances: InstanceRegistry,
        platforms: PlatformRegistry,
        listener: RepairedListener,
        processes: ManagedProcesses,
        outbox: Outbox,
    ) -> None:
        self._ground = ground
        self._checks = checks
        self._instances = instances
        self._platforms = platforms
        self._listener = listener
        self._processes = processes
        self._outbox = outbox

    def ids(self) -> Sequence[str]:
        """Return the ids of all that are watched now."""
        return tuple(self._checks.board.names)

    def ladder(self, service: str) -> Sequence[RepairSpec]:
        """Return the steps of a service's ladder."""
        config = self._configured().get(service)
        return default_ladder(service) if config is None else config.repairs

    def context(self, service: str) -> RepairContext:
        """Return what the actions for a service may use."""
        config = self._configured().get(service)
        return RepairContext(
            service=service,
            port=None if config is None else config.port,
            clock=self._ground.clock,
            data_dir=self._ground.data_dir,
            config=lambda: self._ground.config.snapshot,
            instances=self._instances,
            platforms=self._platforms,
            listener=self._listener,
            processes=self._processes,
            check=lambda: self.check(service),
            notify=self._outbox.post,
        )

    def parent_down(self, service: str) -> str | None:
        """Return a failing service that this one depends on."""
        return self._checks.board.failing_ancestor(service)

    def maintenance(self, service: str) -> str | None:
        """Return the name of the maintenance window that is open for it."""
        return self._checks.board.maintenance(service)

    def is_stopped_by_person(self, service: str) -> bool:
        """Tell whether somebody wants it not to work now: nothing else stops the listener or a process."""
        if service == MESSAGE_LISTENER:
            return not self._listener.is_running
        return self._processes.is_stopped_by_person(service)

    def blocked_by(self, service: str) -> str | None:
        """Return the code of what it waits for: the listener service, for the storage."""
        return self._listener.blocked_by if service == MESSAGE_LISTENER else None

    async def check(self, service: str) -> CheckResult:
        """Look at it once, now."""
        return await self._checks.runner.check_service(service)

    def _configured(self) -> Mapping[str, ServiceConfig]:
        return self._ground.config.snapshot.objects(SERVICE)


class Recovery:
    """The repairs of one application.

    Attributes:
        recoverer: for the window.
        calls: the answers to the facade's calls about repairs.
    """

    def __init__(
        self,
        *,
        ground: Ground,
        bus: EventBus,
        supervisor: Supervisor,
        faults: FaultPoints,
        checks: HealthChecks,
        instances: InstanceRegistry,
        platforms: PlatformRegistry,
        listener: MessageListener,
        control: AuditedControl,
        processes: ManagedProcesses,
        outbox: Outbox,
    ) -> None:
        self._config = ground.config
        self._bus = bus
        self._supervisor = supervisor
        self._heartbeat = checks.heartbeat
        self._unsubscribe: Callable[[], None] = lambda: None
        redactor = ground.redactor

        def mask(facts: Mapping[str, Fact]) -> Mapping[str, Fact]:
            return {
                name: value if isinstance(value, str | int | float | bool | None) else str(value)
                for name, value in redactor.redact_mapping(facts).items()
            }

        self.recoverer = Recoverer(
            clock=ground.clock,
            bus=bus,
            supervisor=supervisor,
            faults=faults,
            journal=RepairJournal(db=ground.db, outbox=outbox, bus=bus, mask=mask),
            audit=ground.audit,
            services=ConsoleServices(
                ground=ground,
                checks=checks,
                instances=instances,
                platforms=platforms,
                listener=RepairedListener(listener=listener, control=control),
                processes=processes,
                outbox=outbox,
            ),
            types=ground.plugins.repairs,
            limits=self._limits,
        )
        self.calls = RecoveryCalls(
            recoverer=self.recoverer,
            texts=ground.catalogue,
            check_interval_s=lambda: self._settings().check_interval,
        )

    async def start(self) -> None:
        """Take over what the last console left, then repair what needs it, and what alerts ask for."""
        await self.recoverer.open()
        self._unsubscribe = self._bus.subscribe(RepairWanted, self._wanted)
        self._supervisor.start(RECOVERY, self.recoverer.run)

    async def close(self) -> None:
        """Cancel the repairs under way; before what they act on is closed."""
        self._unsubscribe()
        await self.recoverer.close()

    def _settings(self) -> HeartbeatSettings:
        settings: HeartbeatSettings = self._config.snapshot.settings(HEARTBEAT)
        return settings

    def _limits(self) -> LadderLimits:
        settings = self._settings()
        return LadderLimits(
            is_enabled=settings.enabled and self._heartbeat.is_running,
            failures=settings.max_retries,
            max_attempts=settings.max_attempts,
            restart_cooldown_s=settings.restart_cooldown,
            start_grace_s=settings.grace_in_force_s,
        )

    def _wanted(self, event: RepairWanted) -> None:
        self._supervisor.spawn(_BY_ALERT, self._begin_for(event))

    async def _begin_for(self, event: RepairWanted) -> None:
        reason = f"alert:{event.rule}"
        try:
            await self.recoverer.trigger(event.service, reason=reason, who=reason)
        except ConsoleError as error:
            # The reason stands in the status of the service; here only for who looks for the alert's repair.
            _log.info("no repair by %s: %s", reason, error, extra={"service_id": event.service})

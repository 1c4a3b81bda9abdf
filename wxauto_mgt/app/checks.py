"""Builds the health checks: what there is to watch, the board, the runner.

One part of the composition root; the application starts it, and its loops end with all others.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from wxauto_mgt.app.ground import Ground
from wxauto_mgt.app.metering import Metering
from wxauto_mgt.core.config.model import SETTINGS
from wxauto_mgt.core.instances.model import INSTANCE, InstanceConfig
from wxauto_mgt.core.instances.registry import InstanceRegistry
from wxauto_mgt.core.metrics.calls import CallMetrics
from wxauto_mgt.core.monitoring.checks.board import CheckBoard
from wxauto_mgt.core.monitoring.checks.contract import (
    Check,
    CheckContext,
    PushedOutcome,
    UnmadeCheck,
    WatchedService,
)
from wxauto_mgt.core.monitoring.checks.database import DatabaseCheck
from wxauto_mgt.core.monitoring.checks.disk import DiskCheck
from wxauto_mgt.core.monitoring.checks.http import HttpCheck, HttpConfig
from wxauto_mgt.core.monitoring.checks.instance import InstanceCheck
from wxauto_mgt.core.monitoring.checks.listener import ListenerCheck
from wxauto_mgt.core.monitoring.checks.platform import PlatformCheck
from wxauto_mgt.core.monitoring.checks.process import ProcessCheck
from wxauto_mgt.core.monitoring.checks.runner import CheckRunner
from wxauto_mgt.core.monitoring.checks.settings import HEALTH_CHECKS, HealthChecksSettings
from wxauto_mgt.core.monitoring.checks.streak import Thresholds
from wxauto_mgt.core.monitoring.facts import MonitoredFacts
from wxauto_mgt.core.monitoring.services.model import ServiceConfig
from wxauto_mgt.core.monitoring.services.names import (
    CONSOLE_DATABASE,
    DATA_DISK,
    LOGIN_PAGE,
    MAIN_SERVICE,
    MESSAGE_LISTENER,
    instance_service,
    platform_service,
)
from wxauto_mgt.core.monitoring.services.section import SERVICE
from wxauto_mgt.core.platforms.registry import PlatformRegistry
from wxauto_mgt.core.platforms.section import PLATFORM, PlatformConfig
from wxauto_mgt.core.recovery.heartbeat import Heartbeat
from wxauto_mgt.core.recovery.settings import HEARTBEAT, HeartbeatSettings
from wxauto_mgt.errors import BugError
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.supervisor import LoopStatus, Supervisor

CHECKS: Final = "checks"
# What only reads figures of this console is looked at soon after the start, the world outside at leisure.
_SOON: Final = 0.05
_PLATFORM_TEST_S: Final = 30.0


class HealthChecks:
    """The checks of one application.

    Args:
        maintenance: name of the maintenance window that is open for a service.
        pushed: the newest outcome that another program pushed for a service.
        may_send: whether a check may begin to send.
        login_url: address of our own log-in page, while there is one.

    Attributes:
        board: what they found, for whoever asks.
        runner: checks a service now, holds the schedule.
        heartbeat: whether the schedule runs.
    """

    def __init__(
        self,
        *,
        ground: Ground,
        bus: EventBus,
        supervisor: Supervisor,
        metering: Metering,
        facts: MonitoredFacts,
        listening_loops: Callable[[], Sequence[LoopStatus]],
        instances: InstanceRegistry,
        platforms: PlatformRegistry,
        calls: CallMetrics,
        maintenance: Callable[[str], str | None],
        pushed: Callable[[str], PushedOutcome | None],
        may_send: Callable[[], bool],
        login_url: Callable[[], str | None],
        rng: random.Random,
    ) -> None:
        self._ground = ground
        self._supervisor = supervisor
        self._metering = metering
        self._facts = facts
        self._listening_loops = listening_loops
        self._instances = instances
        self._platforms = platforms
        self._calls = calls
        self._pushed = pushed
        self._may_send = may_send
        self._login_url = login_url
        self._made: dict[str, tuple[ServiceConfig, WatchedService]] = {}
        self._unsubscribe: tuple[Callable[[], None], ...] = ()
        self.board = CheckBoard(
            clock=ground.clock, bus=bus, thresholds=self._thresholds, maintenance=maintenance
        )
        self.runner = CheckRunner(
            board=self.board,
            supervisor=supervisor,
            clock=ground.clock,
            wanted=self._wanted,
            settings=self._settings,
            interval_s=lambda: self._heartbeat_settings().check_interval,
            rng=rng,
        )
        self.heartbeat = Heartbeat(
            schedule=self.runner,
            report=self.board.report,
            settings=self._heartbeat_settings,
            clock=ground.clock,
        )
        metering.registry.add_collector(self.board.metrics)

    def start(self) -> None:
        """Begin to check, and follow the configuration from now on."""
        kinds = (INSTANCE, PLATFORM, SERVICE, SETTINGS)
        subscribe = self._ground.notifier.subscribe
        self._unsubscribe = (
            subscribe(self.runner.refresh, kinds=kinds),
            subscribe(self.heartbeat.follow, kinds=(SETTINGS,)),
        )
        self.heartbeat.begin()
        self._supervisor.start(CHECKS, self.runner.run)

    async def close(self) -> None:
        """Follow no longer; the loops end with all others."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()

    def _settings(self) -> HealthChecksSettings:
        settings: HealthChecksSettings = self._ground.config.snapshot.settings(HEALTH_CHECKS)
        return settings

    def _heartbeat_settings(self) -> HeartbeatSettings:
        settings: HeartbeatSettings = self._ground.config.snapshot.settings(HEARTBEAT)
        return settings

    def _thresholds(self) -> Thresholds:
        return replace(self._settings().thresholds(), is_grace=self.heartbeat.is_grace)

    def _wanted(self) -> Iterator[WatchedService]:
        yield from self._own_services()
        snapshot = self._ground.config.snapshot
        instances: dict[str, InstanceConfig] = dict(snapshot.objects(INSTANCE))
        for instance in instances.values():
            if instance.enabled:
                check = InstanceCheck(instance_id=instance.id, facts=self._facts)
                yield WatchedService(
                    instance_service(instance.id),
                    check,
                    kind="instance",
                    description=instance.name,
                    first_after_ratio=_SOON,
                )
        platforms: dict[str, PlatformConfig] = dict(snapshot.objects(PLATFORM))
        for platform in platforms.values():
            if platform.enabled:
                yield self._platform(platform)
        services: dict[str, ServiceConfig] = dict(snapshot.objects(SERVICE))
        for service in services.values():
            if service.enabled:
                yield self._configured(service)

    def _own_services(self) -> Iterator[WatchedService]:
        sampler = self._metering.sampler
        process = ProcessCheck(
            process=lambda: sampler.process,
            host=lambda: sampler.host,
            loop_lag_ms=lambda: self._latest("app_loop_lag_ms"),
            loops=self._supervisor.loops,
            task_leak=self._metering.task_growth.leak,
        )
        listener = ListenerCheck(state=self._facts.service, loops=self._listening_loops)
        database = DatabaseCheck(db=self._ground.db, clock=self._ground.clock)
        disk = DiskCheck(folder=self._ground.data_dir)
        for service_id, kind, check in (
            (MAIN_SERVICE, "process", process),
            (MESSAGE_LISTENER, "listener", listener),
            (CONSOLE_DATABASE, "database", database),
            (DATA_DISK, "disk", disk),
        ):
            yield WatchedService(service_id, check, critical=True, kind=kind, first_after_ratio=_SOON)
        url = self._login_url()
        if url is not None:
            page = HttpCheck(HttpConfig(url=url), self._context(LOGIN_PAGE, None))
            yield WatchedService(LOGIN_PAGE, page, key=url, kind=HttpCheck.TYPE)

    def _platform(self, config: PlatformConfig) -> WatchedService:
        service_id = platform_service(config.id)
        check = PlatformCheck(
            platform_id=config.id,
            target=service_id,
            platforms=self._platforms,
            calls=self._calls,
            clock=self._ground.clock,
        )
        return WatchedService(
            service_id,
            check,
            key=config,
            kind="platform",
            description=config.name,
            timeout_s=_PLATFORM_TEST_S,
        )

    def _configured(self, config: ServiceConfig) -> WatchedService:
        made = self._made.get(config.name)
        if made is None or made[0] != config:
            made = self._made[config.name] = config, self._make(config)
        return made[1]

    def _make(self, config: ServiceConfig) -> WatchedService:
        kind = self._ground.plugins.checks.get(config.check.type)
        if kind is None:
            raise BugError("check_type_missing", type=config.check.type)
        try:
            check: Check = (made := kind(config.check.config, self._context(config.name, config.port)))
            least_time_s = made.least_time_s
        except Exception as error:  # noqa: BLE001 - foreign code; only its own service is not measured
            check, least_time_s = UnmadeCheck(error), 0.0
        return WatchedService(
            config.name,
            check,
            key=config,
            critical=config.critical,
            parents=config.depends_on,
            kind=config.check.type,
            description=config.description,
            interval_s=config.interval_s,
            timeout_s=config.timeout_s,
            failure_threshold=config.failure_threshold,
            least_time_s=least_time_s,
        )

    def _context(self, service: str, port: int | None) -> CheckContext:
        return CheckContext(
            service=service,
            port=port,
            clock=self._ground.clock,
            data_dir=self._ground.data_dir,
            pushed=self._pushed,
            instances=self._instances,
            db=self._ground.db,
            figures=self._latest,
            may_send=self._may_send,
            redact=self._ground.redactor.redact_text,
        )

    def _latest(self, metric: str) -> float | None:
        newest = self._metering.registry.latest(metric)
        return newest.value if newest else None

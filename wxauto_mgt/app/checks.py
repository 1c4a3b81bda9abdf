"""Builds the health checks: what there is to watch, the board, the runner.

One part of the composition root; the application starts it, and its loops end with all others.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from wxauto_mgt.app.ground import Ground
from wxauto_mgt.app.metering import Metering
from wxauto_mgt.core.config.model import SETTINGS
from wxauto_mgt.core.instances.model import INSTANCE, InstanceConfig
from wxauto_mgt.core.metrics.calls import CallMetrics
from wxauto_mgt.core.monitoring.checks.board import CheckBoard
from wxauto_mgt.core.monitoring.checks.contract import Check, WatchedService
from wxauto_mgt.core.monitoring.checks.database import DatabaseCheck
from wxauto_mgt.core.monitoring.checks.disk import DiskCheck
from wxauto_mgt.core.monitoring.checks.http import HttpCheck
from wxauto_mgt.core.monitoring.checks.instance import InstanceCheck
from wxauto_mgt.core.monitoring.checks.platform import PlatformCheck
from wxauto_mgt.core.monitoring.checks.process import ProcessCheck
from wxauto_mgt.core.monitoring.checks.runner import CheckRunner
from wxauto_mgt.core.monitoring.checks.settings import (
    CONSOLE_DATABASE,
    DATA_DISK,
    HEALTH_CHECKS,
    MAIN_SERVICE,
    TCP,
    CheckTarget,
    HealthChecksSettings,
    instance_service,
    platform_service,
)
from wxauto_mgt.core.monitoring.checks.streak import Thresholds
from wxauto_mgt.core.monitoring.checks.tcp import TcpCheck
from wxauto_mgt.core.monitoring.facts import MonitoredFacts
from wxauto_mgt.core.platforms.registry import PlatformRegistry
from wxauto_mgt.core.platforms.section import PLATFORM, PlatformConfig
from wxauto_mgt.core.recovery.heartbeat import Heartbeat
from wxauto_mgt.core.recovery.settings import HEARTBEAT, HeartbeatSettings
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.supervisor import Supervisor

CHECKS: Final = "checks"
# What only reads figures of this console is looked at soon after the start, the world outside at leisure.
_SOON: Final = 0.05
_PLATFORM_TEST_S: Final = 30.0


class HealthChecks:
    """The checks of one application.

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
        platforms: PlatformRegistry,
        calls: CallMetrics,
        rng: random.Random,
    ) -> None:
        self._ground = ground
        self._supervisor = supervisor
        self._metering = metering
        self._facts = facts
        self._platforms = platforms
        self._calls = calls
        self._unsubscribe: tuple[Callable[[], None], ...] = ()
        self.board = CheckBoard(clock=ground.clock, bus=bus, thresholds=self._thresholds)
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
        kinds = (INSTANCE, PLATFORM, SETTINGS)
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
                yield WatchedService(instance_service(instance.id), check, first_after_ratio=_SOON)
        platforms: dict[str, PlatformConfig] = dict(snapshot.objects(PLATFORM))
        for platform in platforms.values():
            if platform.enabled:
                yield self._platform(platform)
        for target in self._settings().targets:
            yield WatchedService(
                target.id,
                self._target(target),
                key=target.address,
                critical=target.critical,
                parents=(target.parent,) if target.parent else (),
            )

    def _own_services(self) -> Iterator[WatchedService]:
        sampler, registry = self._metering.sampler, self._metering.registry

        def loop_lag_ms() -> float | None:
            newest = registry.latest("app_loop_lag_ms")
            return newest.value if newest else None

        process = ProcessCheck(
            process=lambda: sampler.process,
            host=lambda: sampler.host,
            loop_lag_ms=loop_lag_ms,
            loops=self._supervisor.loops,
        )
        database = DatabaseCheck(db=self._ground.db, clock=self._ground.clock)
        disk = DiskCheck(folder=self._ground.data_dir)
        for service_id, check in ((MAIN_SERVICE, process), (CONSOLE_DATABASE, database), (DATA_DISK, disk)):
            yield WatchedService(service_id, check, critical=True, first_after_ratio=_SOON)

    def _platform(self, config: PlatformConfig) -> WatchedService:
        service_id = platform_service(config.id)
        check = PlatformCheck(
            platform_id=config.id,
            target=service_id,
            platforms=self._platforms,
            calls=self._calls,
            clock=self._ground.clock,
        )
        return WatchedService(service_id, check, key=config, timeout_s=_PLATFORM_TEST_S)

    def _target(self, target: CheckTarget) -> Check:
        parts = urlsplit(target.address)
        if parts.scheme == TCP and parts.hostname is not None and parts.port is not None:
            return TcpCheck(host=parts.hostname, port=parts.port, clock=self._ground.clock)
        return HttpCheck(address=target.address, clock=self._ground.clock)

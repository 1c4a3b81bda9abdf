"""Builds what raises alerts: the figures that rules look at, the rules in force, the engine, its calls.

One part of the composition root; the application starts and closes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Final

from wxauto_mgt.api.alert_calls import AlertCalls
from wxauto_mgt.app.ground import Ground
from wxauto_mgt.core.alerting.conditions import Reading
from wxauto_mgt.core.alerting.engine import AlertEngine
from wxauto_mgt.core.alerting.model import AlertRule, Labels, labels_of
from wxauto_mgt.core.alerting.section import (
    ALERT_RULE,
    DATABASE_CONNECTED,
    ERROR_RATE,
    INSTANCE_CONNECTED,
    INSTANCE_REACHABLE,
    LISTENER_ACTIVE,
    REDIS_CONNECTED,
    SERVICE_WORKING,
    rules_in_force,
)
from wxauto_mgt.core.alerting.settings import ALERTS, AlertsSettings
from wxauto_mgt.core.instances.http_errors import UNREACHABLE_CODES
from wxauto_mgt.core.instances.model import INSTANCE
from wxauto_mgt.core.metrics.calls import CallMetrics
from wxauto_mgt.core.metrics.deviation import modified_z_score
from wxauto_mgt.core.metrics.model import MetricRecorded, MetricType, Series
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.core.metrics.requests import ERROR_RATE as API_ERROR_RATE
from wxauto_mgt.core.metrics.requests import RESPONSE_TIME, WINDOW_COUNT
from wxauto_mgt.core.monitoring.checks.contract import CheckStatus, ServiceHealth
from wxauto_mgt.core.monitoring.checks.redis import RedisCheck
from wxauto_mgt.core.monitoring.facts import ClientStatus, MonitoredFacts
from wxauto_mgt.core.monitoring.services.names import CONSOLE_DATABASE, DATA_DISK
from wxauto_mgt.core.monitoring.settings import METRICS, MetricsSettings
from wxauto_mgt.core.notifications.model import NotificationsEnqueued
from wxauto_mgt.core.notifications.outbox import Outbox
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.runtime.supervisor import Supervisor

ALERTING: Final = "alerting"
_COUNTED: Final = frozenset({API_ERROR_RATE, RESPONSE_TIME})
_POINTS_FOR_A_RATE: Final = 2
# Watched services that have a rule of their own: nobody wants to hear of one trouble twice.
_WITH_OWN_RULE: Final = frozenset({CONSOLE_DATABASE, DATA_DISK})


class WatchedFigures:
    """The metrics of the registry, and states of the console as if they were metrics."""

    def __init__(
        self,
        *,
        registry: MetricRegistry,
        facts: MonitoredFacts,
        services: Callable[[], Iterable[ServiceHealth]],
        calls: CallMetrics,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._facts = facts
        self._services = services
        self._calls = calls
        self._clock = clock
        self._states: Mapping[str, Callable[[], Sequence[Reading]]] = {
            INSTANCE_REACHABLE: lambda: self._of_instances(_is_reachable),
            INSTANCE_CONNECTED: lambda: self._of_instances(lambda client: bool(client.connected)),
            DATABASE_CONNECTED: self._database,
            ERROR_RATE: self._error_rate,
            LISTENER_ACTIVE: self._listeners,
            REDIS_CONNECTED: self._redis_servers,
            SERVICE_WORKING: self._watched_services,
        }

    def readings(self, metric_name: str) -> Sequence[Reading]:
        """The newest value of each series of a metric; empty when there is no such metric."""
        state = self._states.get(metric_name)
        if state is not None:
            return state()
        if metric_name in _COUNTED:
            return [
                Reading(labels, value, at_s, self._count(labels))
                for labels, at_s, value in self._registry.newest(metric_name)
            ]
        return [Reading(labels, value, at_s) for labels, at_s, value in self._registry.newest(metric_name)]

    def rise_per_s(self, metric_name: str, labels: Labels, window_s: float) -> float | None:
        """How much a series rose per second over that long until now; a counter that fell began anew."""
        at_s, steps = self._steps(metric_name, labels, window_s)
        return sum(steps) / (at_s[-1] - at_s[0]) if steps else None

    def deviation(self, metric_name: str, labels: Labels, window_s: float) -> float | None:
        """How unusual the newest value, or the newest rise of a counter, is among those before it."""
        if self._registry.type_of(metric_name) is MetricType.COUNTER:
            values: Sequence[float] = self._steps(metric_name, labels, window_s)[1]
        else:
            values = self._points(metric_name, labels, window_s).values
        return modified_z_score(values)

    def _points(self, metric_name: str, labels: Labels, window_s: float) -> Series:
        since = self._clock.now() - timedelta(seconds=window_s)
        return self._registry.window(metric_name, labels, since)

    def _steps(
        self, metric_name: str, labels: Labels, window_s: float
    ) -> tuple[Sequence[float], Sequence[float]]:
        """Instants, and how much the value rose between each two; a counter that fell began anew."""
        points = self._points(metric_name, labels, window_s)
        if len(points.values) < _POINTS_FOR_A_RATE or points.at_s[-1] <= points.at_s[0]:
            return points.at_s, ()
        steps = [after - before for before, after in pairwise(points.values)]
        if self._registry.type_of(metric_name) is MetricType.COUNTER:
            steps = [
                step if step >= 0 else value for step, value in zip(steps, points.values[1:], strict=True)
            ]
        return points.at_s, steps

    def _count(self, labels: Labels) -> int:
        count = self._registry.latest(WINDOW_COUNT, labels)
        return int(count.value) if count is not None else 0

    def _of_instances(self, is_well: Callable[[ClientStatus], bool]) -> list[Reading]:
        now_s = self._clock.monotonic()
        return [
            Reading(labels_of({"instance": client.instance_id}), float(is_well(client)), now_s)
            for client in self._facts.clients()
            if client.connected is not None
        ]

    def _listeners(self) -> list[Reading]:
        """Those that a person asked for; one made by traffic comes and goes."""
        now_s = self._clock.monotonic()
        return [
            Reading(
                labels_of({"instance": listener.instance_id, "chat": listener.who}),
                float(listener.active),
                now_s,
            )
            for listener in self._facts.listeners()
            if listener.kind.is_permanent
        ]

    def _database(self) -> list[Reading]:
        return [Reading((), float(self._facts.service().blocked_by is None), self._clock.monotonic())]

    def _redis_servers(self) -> list[Reading]:
        now_s = self._clock.monotonic()
        return [
            Reading(labels_of({"service": health.id}), float(not health.is_failing), now_s)
            for health in self._services()
            if health.kind == RedisCheck.TYPE and health.status is not CheckStatus.UNKNOWN
        ]

    def _watched_services(self) -> list[Reading]:
        """Zero from the failure on that makes a service unhealthy.

        What is not measured is no reading, nor is a failure that decides nothing yet: after a restart, when
        checks begin to count anew, it must not end the alert of a service that never got well.
        """
        now_s = self._clock.monotonic()
        return [
            Reading(_labels_of_service(health), float(health.status is not CheckStatus.UNHEALTHY), now_s)
            for health in self._services()
            if _is_decided(health) and not _has_own_rule(health)
        ]

    def _error_rate(self) -> list[Reading]:
        counts = self._calls.last_hour()
        if counts.ratio is None:
            return []
        return [Reading((), 100 * counts.ratio, self._clock.monotonic(), counts.all)]


class Alerting:
    """The engine of one application.

    Attributes:
        calls: the answers to the facade's calls about alerts.
    """

    def __init__(
        self,
        *,
        ground: Ground,
        bus: EventBus,
        registry: MetricRegistry,
        facts: MonitoredFacts,
        services: Callable[[], Iterable[ServiceHealth]],
        requests: CallMetrics,
        outbox: Outbox,
        faults: FaultPoints,
    ) -> None:
        self._config = ground.config
        self._in_force: tuple[object, Mapping[str, AlertRule]] = (None, {})
        self.engine = AlertEngine(
            db=ground.db,
            clock=ground.clock,
            source=WatchedFigures(
                registry=registry, facts=facts, services=services, calls=requests, clock=ground.clock
            ),
            rules=self._rules,
            settings=self._settings,
            measured_every_s=self._measured_every_s,
            outbox=outbox,
            on_notices=lambda: bus.publish(NotificationsEnqueued()),
            on_repair_wanted=bus.publish,
            faults=faults,
        )
        self._unsubscribe = bus.subscribe(MetricRecorded, self.engine.metric_recorded)
        self.calls = AlertCalls(engine=self.engine, config=ground.config, texts=ground.catalogue)

    async def start(self, supervisor: Supervisor) -> None:
        """Take over the alerts of earlier runs and begin to evaluate."""
        await self.engine.open()
        supervisor.start(ALERTING, self.engine.run, stalled_after_s=math.inf)  # as slow as is liked

    async def close(self) -> None:
        """Store how far each alert got; after the loops were stopped."""
        self._unsubscribe()
        await self.engine.close()

    def _rules(self) -> Mapping[str, AlertRule]:
        snapshot = self._config.snapshot
        if self._in_force[0] is not snapshot:
            self._in_force = (snapshot, rules_in_force(snapshot.objects(ALERT_RULE)))
        return self._in_force[1]

    def _settings(self) -> AlertsSettings:
        settings: AlertsSettings = self._config.snapshot.settings(ALERTS)
        return settings

    def _measured_every_s(self) -> float:
        settings: MetricsSettings = self._config.snapshot.settings(METRICS)
        return settings.sample_interval_s


def _is_decided(health: ServiceHealth) -> bool:
    is_undecided = health.is_failing and health.status is not CheckStatus.UNHEALTHY
    return health.status is not CheckStatus.UNKNOWN and not is_undecided


def _has_own_rule(health: ServiceHealth) -> bool:
    kind, colon, _ = health.id.partition(":")
    is_instance = bool(colon) and kind == INSTANCE
    return is_instance or health.id in _WITH_OWN_RULE or health.kind == RedisCheck.TYPE


def _labels_of_service(health: ServiceHealth) -> Labels:
    labels = {"service": health.id, "critical": "yes" if health.critical else "no"}
    kind, colon, object_id = health.id.partition(":")
    if colon:
        labels[kind] = object_id  # so that silences and maintenance windows about it hold here too
    return labels_of(labels)


def _is_reachable(client: ClientStatus) -> bool:
    """Whether its server can be connected to; one that answers too late is its WeChat's matter."""
    return client.connected is not False or not any(
        item.get("cause") in UNREACHABLE_CODES for item in client.evidence
    )

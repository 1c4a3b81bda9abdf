"""Keeps what the checks found and answers what state everything is in.

Owns the judgement over all services and the events of results and changes; runs nothing. It begins with
nothing known at each start; alerts, journal and history outlive a restart in stores of their own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from wxauto_mgt.core.metrics.model import Sample, SeriesKey, label_set
from wxauto_mgt.core.monitoring.checks.contract import (
    CheckRecorded,
    CheckReport,
    CheckResult,
    CheckStatus,
    CheckStatusChanged,
    ServiceHealth,
    WatchedService,
)
from wxauto_mgt.core.monitoring.checks.streak import Streak, Thresholds
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus

_log = logging.getLogger(__name__)

CHECK_STATUS: Final = "check_status"
CHECK_RESPONSE_TIME: Final = "check_response_time_ms"
STATUS_VALUES: Final = {CheckStatus.HEALTHY: 1.0, CheckStatus.DEGRADED: 0.5, CheckStatus.UNHEALTHY: 0.0}
"""What alert rules compare; an unknown status is a gap."""


@dataclass
class _Watched:
    service: WatchedService
    streak: Streak
    health: ServiceHealth


class CheckBoard:
    """The state of all watched services. Use it on the loop's thread.

    Args:
        bus: gets `CheckRecorded` for each result, and `CheckStatusChanged`.
        thresholds: asked at each result.
        maintenance: name of the maintenance window that is open for a service.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        bus: EventBus,
        thresholds: Callable[[], Thresholds],
        maintenance: Callable[[str], str | None] = lambda _service: None,
    ) -> None:
        self._clock = clock
        self._bus = bus
        self._thresholds = thresholds
        self._maintenance = maintenance
        self._watched: dict[str, _Watched] = {}

    def watch(self, service: WatchedService, *, reason_code: str = "not_checked_yet") -> None:
        """Show a service, unknown until its first result."""
        health = ServiceHealth(
            id=service.id,
            status=CheckStatus.UNKNOWN,
            critical=service.critical,
            parents=service.parents,
            kind=service.kind,
            description=service.description,
            reason_code=reason_code,
        )
        self._watched[service.id] = _Watched(service, Streak(), health)

    def forget(self, service_id: str) -> None:
        """Show a service no longer."""
        self._watched.pop(service_id, None)

    def suspend(self, reason_code: str) -> None:
        """Say of all services that nothing is known, because nothing is measured."""
        for watched in self._watched.values():
            before = watched.health
            self.watch(watched.service, reason_code=reason_code)
            after = replace(self._watched[before.id].health, last_check_at=before.last_check_at)
            self._watched[before.id].health = after
            if before.status is not after.status:
                self._tell(before.status, after)

    def record(self, service_id: str, result: CheckResult) -> None:
        """Take a result; one of a service that is not watched any more is dropped."""
        watched = self._watched.get(service_id)
        if watched is None:
            return
        thresholds = self._thresholds_of(watched.service)
        watched.streak = watched.streak.after(result.outcome, thresholds)
        before, at = watched.health.status, self._clock.now()
        watched.health = replace(
            watched.health,
            status=watched.streak.status(thresholds),
            last_check_at=at,
            response_time_ms=result.response_time_ms,
            consecutive_failures=watched.streak.failures,
            reason_code=result.reason_code,
            params=result.params,
            evidence=result.evidence,
            maintenance=self._maintenance(service_id),
        )
        if watched.health.status is not before:
            self._tell(before, watched.health)
        self._bus.publish(CheckRecorded(watched.health, result, at))

    def failing_ancestor(self, service_id: str) -> str | None:
        """Return the nearest service that this one depends on and that fails; None when it may be checked."""
        seen = {service_id}
        level = [service_id]
        while level:
            parents = [parent for child in level for parent in self._parents_of(child) if parent not in seen]
            for parent in parents:
                watched = self._watched.get(parent)
                if watched is not None and watched.health.is_failing:
                    return parent
            seen.update(parents)
            level = parents
        return None

    @property
    def names(self) -> Collection[str]:
        """Ids of the services that are watched."""
        return self._watched.keys()

    def maintenance(self, service_id: str) -> str | None:
        """Return the name of the maintenance window that is open for a service."""
        return self._maintenance(service_id)

    def status(self, service_id: str) -> CheckStatus:
        """Return what is known of one service, without looking at the others."""
        watched = self._watched.get(service_id)
        return watched.health.status if watched is not None else CheckStatus.UNKNOWN

    def report(self) -> CheckReport:
        """Return the state of everything now."""
        services = {
            service_id: replace(watched.health, maintenance=self._maintenance(service_id))
            for service_id, watched in sorted(self._watched.items())
        }
        return CheckReport(at=self._clock.now(), status=overall(services.values()), services=services)

    def metrics(self) -> Iterator[Sample]:
        """Each measured service as metrics, so that alert rules see them."""
        for health in self.report().services.values():
            labels = label_set({"service": health.id})
            if health.status in STATUS_VALUES:
                yield Sample(SeriesKey(CHECK_STATUS, labels), STATUS_VALUES[health.status])
                if health.response_time_ms is not None:
                    yield Sample(SeriesKey(CHECK_RESPONSE_TIME, labels), round(health.response_time_ms, 3))

    def _parents_of(self, service_id: str) -> tuple[str, ...]:
        watched = self._watched.get(service_id)
        return watched.service.parents if watched else ()

    def _thresholds_of(self, service: WatchedService) -> Thresholds:
        thresholds = self._thresholds()
        if service.failure_threshold is None:
            return thresholds
        return replace(thresholds, failures=service.failure_threshold)

    def _tell(self, before: CheckStatus, after: ServiceHealth) -> None:
        facts = {"service_id": after.id, "reason_code": after.reason_code}
        level = logging.WARNING if after.status is CheckStatus.UNHEALTHY else logging.INFO
        _log.log(level, "%s was %s and is %s", after.id, before.value, after.status.value, extra=facts)
        self._bus.publish(CheckStatusChanged(after.id, before, after))


def overall(services: Iterable[ServiceHealth]) -> CheckStatus:
    """Judge the whole: a critical service decides alone, a missing measurement weighs less than a trouble."""
    known = list(services)
    statuses = {service.status for service in known}
    if any(service.critical and service.status is CheckStatus.UNHEALTHY for service in known):
        return CheckStatus.UNHEALTHY
    if any(status.is_trouble for status in statuses):
        return CheckStatus.DEGRADED
    if not known or CheckStatus.UNKNOWN in statuses:
        return CheckStatus.UNKNOWN
    return CheckStatus.HEALTHY

"""Answers the calls of `MonitorAPI` about monitored services: state, figures, history, uptime, the heartbeat.

Owns the shape of a service's record, which other programs rely on. The composition root builds one.
"""

from __future__ import annotations

from typing import Final

from wxauto_mgt.api import arguments
from wxauto_mgt.api.answers import Answer, Answers
from wxauto_mgt.api.caller import current_caller
from wxauto_mgt.api.replies import JSON, Fields, Texts, iso, iso_or_none
from wxauto_mgt.core.config.audit import AuditLog
from wxauto_mgt.core.monitoring.checks.board import CheckBoard
from wxauto_mgt.core.monitoring.checks.contract import ServiceHealth
from wxauto_mgt.core.monitoring.services.figures import ServiceFigures
from wxauto_mgt.core.monitoring.services.history import MOST_DAYS, ServiceHistory
from wxauto_mgt.core.monitoring.services.outcomes import ServiceOutcomes
from wxauto_mgt.core.monitoring.services.uptime import Uptime, UptimeBar
from wxauto_mgt.core.recovery.heartbeat import Heartbeat
from wxauto_mgt.errors import UnknownService

_AREA: Final = "check"
_TARGET: Final = "heartbeat"
_WINDOWS: Final = (7, 30, MOST_DAYS)
_MOST_CHECKS: Final = 100
_LONGEST_MS: Final = 86_400_000.0
_LONGEST_ERROR_TYPE: Final = 100


class ServiceCalls:
    """The calls, answered by the services of one application."""

    def __init__(
        self,
        *,
        board: CheckBoard,
        heartbeat: Heartbeat,
        outcomes: ServiceOutcomes,
        history: ServiceHistory,
        audit: AuditLog,
        texts: Texts,
    ) -> None:
        self._board = board
        self._heartbeat = heartbeat
        self._outcomes = outcomes
        self._history = history
        self._audit = audit
        self._texts = texts

    def answers(self) -> Answers:
        """Return the answers by the name of the call."""
        return {
            "get_services": self._services,
            "get_service_history": self._checks,
            "get_service_uptime": self._uptime,
            "push_outcome": self._push,
            "get_heartbeat": self._status,
            "start_heartbeat": self._start,
            "stop_heartbeat": self._stop,
        }

    async def _services(self) -> Answer:
        report = self._board.report()
        records: list[JSON] = [self._record(health) for health in report.services.values()]
        return Answer(records, {"status": report.status.value, "count": len(records)})

    async def _checks(self, service: JSON, limit: JSON = _MOST_CHECKS) -> Answer:
        name = self._known(service)
        most = min(arguments.whole(limit, "limit", least=1), _MOST_CHECKS)
        entries = await self._history.checks(name, most)
        records: list[JSON] = [
            {
                "timestamp": iso(entry.at),
                "outcome": entry.outcome.value,
                "reason_code": entry.reason_code,
                "message": self._texts.reason(_AREA, entry.reason_code, entry.params),
                "response_time_ms": entry.response_time_ms,
            }
            for entry in entries
        ]
        return Answer(records, {"service": name, "count": len(records)})

    async def _uptime(self, service: JSON, days: JSON = MOST_DAYS) -> Answer:
        name = self._known(service)
        wanted = arguments.whole(days, "days", least=1, most=MOST_DAYS)
        hours, all_days = await self._history.hours(name), await self._history.days(name, MOST_DAYS)
        windows: Fields = {"24h": _percent(hours.percent)}
        windows.update({f"{count}d": _percent(_newest(all_days, count).percent) for count in _WINDOWS})
        shown = hours if wanted == 1 else _newest(all_days, wanted)
        bars: list[JSON] = [_bar(bar) for bar in shown.bars]
        return Answer({"service": name, "days": wanted, "bars": bars, "windows": windows})

    async def _push(
        self, service: JSON, ok: JSON, duration_ms: JSON = None, error_type: JSON = None
    ) -> Answer:
        name = self._known(service)
        worked = arguments.truth(ok, "ok")
        self._outcomes.push(
            name,
            ok=worked,
            duration_ms=_duration(duration_ms),
            error_type=_error_type(error_type, ok=worked),
        )
        return Answer({"service": name, "figures": figures_of(self._outcomes.figures(name))})

    async def _status(self) -> Answer:
        status = self._heartbeat.status()
        settings = status.settings
        return Answer(
            {
                "enabled": settings.enabled,
                "running": status.is_running,
                "auto_start": settings.auto_start,
                "check_interval": settings.check_interval,
                "max_retries": settings.max_retries,
                "restart_cooldown": settings.restart_cooldown,
                "last_check": iso_or_none(status.last_check_at),
                "in_grace": status.is_grace,
                "services": {name: found.value for name, found in status.services.items()},
            }
        )

    async def _start(self) -> Answer:
        was_running = self._heartbeat.is_running
        self._heartbeat.start()
        return await self._steered("heartbeat.start", was_running=was_running)

    async def _stop(self) -> Answer:
        was_running = self._heartbeat.is_running
        self._heartbeat.stop()
        return await self._steered("heartbeat.stop", was_running=was_running)

    async def _steered(self, action: str, *, was_running: bool) -> Answer:
        is_running = self._heartbeat.is_running
        if is_running is not was_running:
            await self._audit.note(current_caller.get(), action, _TARGET)
        return Answer({"running": is_running})

    def _known(self, service: JSON) -> str:
        name, names = arguments.text(service, "service"), self._board.names
        if name not in names:
            raise UnknownService("unknown_service", service=name[:100], known=", ".join(sorted(names)))
        return name

    def _built_in(self, service: str) -> str:
        """What a service is of which nobody wrote anything."""
        key = f"services.about.{service}"
        return self._texts.text(key) if self._texts.has(key) else ""

    def _record(self, health: ServiceHealth) -> Fields:
        return {
            "service": health.id,
            "status": health.status.value,
            "critical": health.critical,
            "description": health.description or self._built_in(health.id),
            "last_check": iso_or_none(health.last_check_at),
            "response_time_ms": health.response_time_ms,
            "consecutive_failures": health.consecutive_failures,
            "message": self._texts.reason(_AREA, health.reason_code, health.params),
            "evidence": dict(health.evidence),
            "kind": health.kind,
            "parents": list(health.parents),
            "in_maintenance": health.in_maintenance,
            "figures": figures_of(self._outcomes.figures(health.id)),
        }


def figures_of(figures: ServiceFigures) -> Fields:
    """The figures of a service, as other programs know them."""
    return {
        "total_requests": figures.total_requests,
        "successful_requests": figures.successful_requests,
        "failed_requests": figures.failed_requests,
        "success_rate": _percent(figures.success_rate),
        "consecutive_failures": figures.consecutive_failures,
        "avg_response_time": None
        if figures.avg_response_time_s is None
        else round(figures.avg_response_time_s, 6),
        "last_success": iso_or_none(figures.last_success_at),
        "last_failure": iso_or_none(figures.last_failure_at),
        "error_types": dict(figures.error_types),
    }


def _newest(uptime: Uptime, count: int) -> Uptime:
    return Uptime(uptime.bars[-count:])


def _bar(bar: UptimeBar) -> Fields:
    # In the machine's zone, so that a day can be read off its start.
    return {
        "start": iso(bar.start.astimezone()),
        "end": iso(bar.end.astimezone()),
        "uptime": _percent(bar.percent),
        "checks": bar.measured,
    }


def _percent(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _duration(value: JSON) -> float | None:
    return None if value is None else arguments.number(value, "duration_ms", least=0, most=_LONGEST_MS)


def _error_type(value: JSON, *, ok: bool) -> str | None:
    if value is None:
        return None
    is_word = isinstance(value, str) and 0 < len(value) <= _LONGEST_ERROR_TYPE and value.isprintable()
    if ok or not is_word:
        raise arguments.refused("error_type")
    return str(value)

"""The shapes of `monitor_api` replies. Pure: the monitor's answers in, plain JSON values out.

Owns names and formats, which other programs rely on; not where the figures come from. `monitor_api` calls it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeAlias

from wxauto_mgt.errors import ConsoleError, Fact

if TYPE_CHECKING:  # Other programs import this with the facade and should not wait for the whole console.
    from wxauto_mgt.core.listening.model import ListenerStatus
    from wxauto_mgt.core.monitoring.error_episodes import ErrorEpisode
    from wxauto_mgt.core.monitoring.facts import ServiceState
    from wxauto_mgt.core.monitoring.health_score import Deduction
    from wxauto_mgt.core.monitoring.model import ClientReport, HealthReport, ServiceStatus, Statistics

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
Fields: TypeAlias = dict[str, JSON]

SERVICE_NAME = "message_listener"


class Texts(Protocol):
    """Renders codes into the operator's language; the product's catalogue does."""

    def has(self, key: str) -> bool:
        """Whether there is a text of this key."""
        ...

    def text(self, key: str, /, **params: object) -> str:
        """Render the text of a key."""
        ...

    def reason(self, area: str, code: str, params: Mapping[str, Fact]) -> str:
        """Render `<area>.<code>`."""
        ...

    def error(self, error: ConsoleError) -> str:
        """Render an error as one line."""
        ...


def about_metric(name: str, texts: Texts) -> str:
    """What a metric of our own is; empty for those of other programs."""
    key = f"metric_name.{name}"
    return texts.text(key) if texts.has(key) else ""


def success(data: JSON, now: datetime, **beside: JSON) -> Fields:
    """Reply of a call that worked."""
    return {"success": True, "data": data, "timestamp": iso(now), **beside}


class Failure(dict[str, JSON]):
    """Reply of a call that did not work; in this process it also knows why.

    Attributes:
        code: symbolic reason.
        problems: of a refused configuration: place, field, reason and sentence of each.
    """

    code: str = "call_failed"
    problems: Sequence[Fields] = ()


def failure(
    sentence: str, now: datetime, code: str = "call_failed", problems: Sequence[Fields] = ()
) -> Failure:
    """Reply of a call that did not."""
    reply = Failure({"success": False, "error": sentence, "timestamp": iso(now)})
    reply.code, reply.problems = code, problems
    return reply


def iso(instant: datetime) -> str:
    """Format an aware instant as ISO-8601 with offset."""
    return instant.isoformat()


def iso_or_none(instant: datetime | None) -> str | None:
    """Format an instant that may not have been."""
    return None if instant is None else iso(instant)


def formatted_uptime(uptime_s: float) -> str:
    """Format a duration as `1d 02:03:04`."""
    days, rest = divmod(int(uptime_s), 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    return f"{days}d {hours:02}:{minutes:02}:{seconds:02}"


def service_status(status: ServiceStatus, texts: Texts) -> Fields:
    """Reply data of `get_service_status`."""
    process, last_error = status.process, status.last_error
    return {
        "service_name": SERVICE_NAME,
        **service_state(status.state),
        "blocked_by": status.state.blocked_by,
        "uptime_seconds": status.uptime_s,
        "uptime_formatted": formatted_uptime(status.uptime_s),
        "task_count": status.loop_count,
        "error_count": status.error_count,
        "last_error_time": iso_or_none(last_error.last_at if last_error else None),
        "last_error_message": error_sentence(last_error, texts) if last_error else None,
        "memory_usage_mb": process.memory_mb if process else None,
        "cpu_percent": process.cpu_percent if process else None,
    }


def service_state(state: ServiceState) -> Fields:
    """Reply data of the calls that start, stop, pause and resume."""
    return {
        "running": state.is_running,
        "paused": state.is_paused,
        "started_at": iso_or_none(state.started_at),
    }


def client(report: ClientReport, texts: Texts) -> Fields:
    """One element of `get_api_clients_status`."""
    status = report.status
    return {
        "instance_id": status.instance_id,
        "initialized": status.initialized,
        "connected": status.connected,
        "last_check_time": iso_or_none(status.last_check_at),
        "error_count": report.error_count,
        "last_error": error_sentence(report.last_error, texts) if report.last_error else None,
        "evidence": [dict(item) for item in status.evidence],
    }


def listener(status: ListenerStatus) -> Fields:
    """One element of `get_listeners_status`."""
    return {
        "instance_id": status.instance_id,
        "who": status.who,
        "kind": status.kind.value,
        "active": status.active,
        "last_message_time": iso_or_none(status.last_message_at),
        "last_check_time": iso_or_none(status.last_check_at),
        "message_count": status.message_count,
        "error_count": status.error_count,
    }


def statistics(figures: Statistics, now: datetime) -> Fields:
    """Reply data of `get_statistics`."""
    return {
        "total_messages_processed": figures.messages_processed,
        "total_errors": figures.total_errors,
        "api_calls_made": figures.api_calls,
        "listeners_added": figures.listeners_added,
        "listeners_removed": figures.listeners_removed,
        "config_reloads": figures.config_reloads,
        "uptime_seconds": figures.uptime_s,
        "uptime_formatted": formatted_uptime(figures.uptime_s),
        "start_time": iso_or_none(figures.started_at),
        "current_time": iso(now),
        "error_rate": figures.error_ratio,
        "recent_errors_count": figures.recent_error_count,
        "delivery": dict(figures.delivery.report()),
    }


def error(episode: ErrorEpisode, texts: Texts) -> Fields:
    """One element of `get_recent_errors`; its time is when the error was counted last."""
    return {
        "timestamp": episode.last_at.timestamp(),
        "datetime": iso(episode.last_at),
        "service_name": _service_of(episode),
        "error_type": episode.cause_code,
        "error_message": error_sentence(episode, texts),
        "instance_id": episode.instance_id,
    }


def health_report(report: HealthReport, texts: Texts) -> Fields:
    """Reply data of `get_health_report`."""
    return {
        "timestamp": iso(report.at),
        "health_score": report.health.score,
        "overall_status": report.health.status.value,
        "deductions": [_deduction(deduction) for deduction in report.health.deductions],
        "message_listener": service_status(report.service, texts),
        "api_clients": [client(item, texts) for item in report.clients],
        "listeners": [listener(item) for item in report.listeners],
        "statistics": statistics(report.statistics, report.at),
        "recent_errors": [error(item, texts) for item in report.recent_errors],
    }


def error_sentence(episode: ErrorEpisode, texts: Texts) -> str:
    """Say what failed and why."""
    operation = texts.reason("operation", episode.operation, episode.params)
    cause = texts.reason("error", episode.cause_code, episode.params)
    return texts.reason("monitoring", "operation_failed", {"operation": operation, "cause": cause})


def _deduction(deduction: Deduction) -> Fields:
    return {
        "part": deduction.part.value,
        "points": deduction.points,
        "reason_code": deduction.reason_code,
        "params": dict(deduction.params),
        "evidence": list(deduction.evidence),
        "measured_at": iso(deduction.measured_at),
    }


def _service_of(episode: ErrorEpisode) -> str:
    if episode.instance_id is not None:
        return f"instance:{episode.instance_id}"
    platform = episode.params.get("platform")
    return f"platform:{platform}" if platform is not None else "main_service"

"""What the health report says to people, from what the services answer. Pure; `report_calls` asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from wxauto_mgt.api.replies import error_sentence
from wxauto_mgt.api.reports.document import Document, Section, Table
from wxauto_mgt.core.alerting.model import Alert
from wxauto_mgt.core.alerting.notices import params_of
from wxauto_mgt.core.analysis.performance import Performance
from wxauto_mgt.core.analysis.statistics import Description
from wxauto_mgt.core.monitoring.checks.contract import CheckReport
from wxauto_mgt.core.monitoring.model import HealthReport
from wxauto_mgt.core.notifications.templates import fill
from wxauto_mgt.texts.catalogue import Catalogue

_MOST_ROWS: Final = 20


@dataclass(frozen=True)
class Findings:
    """All that a report is made of.

    Attributes:
        alerts: that fired or were resolved over the hours, newest first.
        hours: how far back alerts and performance look.
    """

    health: HealthReport
    services: CheckReport
    alerts: Sequence[Alert]
    performance: Performance
    hours: float


def health_document(found: Findings, texts: Catalogue) -> Document:
    """Write the report; a part about which there is nothing to say is left out."""
    return Document(
        title=texts.text("report.title", at=texts.moment(found.health.at)),
        lead=tuple(_lead(found, texts)),
        sections=tuple(_sections(found, texts)),
    )


def _lead(found: Findings, texts: Catalogue) -> Iterator[str]:
    health = found.health.health
    score = texts.text("report.unknown") if health.score is None else texts.number(health.score, digits=1)
    yield texts.text("report.score", score=score, status=texts.text(f"health.{health.status}"))
    service = found.health.service
    state = "paused" if service.state.is_paused else "running" if service.state.is_running else "stopped"
    yield texts.text(f"report.service_{state}", uptime=texts.duration(service.uptime_s))
    figures = found.health.statistics.delivery
    yield texts.text("report.messages", **{name: str(count) for name, count in figures.report().items()})
    fired = [alert for alert in found.alerts if alert.resolved_at is None]
    yield texts.text("report.alerts", count=len(found.alerts), active=len(fired), hours=f"{found.hours:g}")


def _sections(found: Findings, texts: Catalogue) -> Iterator[Section]:
    deductions = found.health.health.deductions
    if deductions:
        yield Section(
            texts.text("report.heading_deductions"),
            tuple(
                (f"-{texts.number(one.points, digits=1)} " if one.points else "")
                + texts.text(one.reason_code, **one.params)
                for one in deductions
            ),
        )
    yield from _instances(found, texts)
    yield from _services(found, texts)
    yield from _alerts(found, texts)
    yield _performance(found.performance, texts)
    errors = found.health.recent_errors[:_MOST_ROWS]
    if errors:
        yield Section(
            texts.text("report.heading_errors"),
            table=Table(
                (texts.text("report.column_time"), texts.text("report.column_what")),
                tuple((texts.moment(one.last_at), error_sentence(one, texts)) for one in errors),
            ),
        )


def _instances(found: Findings, texts: Catalogue) -> Iterator[Section]:
    if not found.health.clients:
        return
    rows = []
    for client in found.health.clients:
        is_connected = client.status.connected
        state = "unknown" if is_connected is None else "connected" if is_connected else "not_connected"
        last = error_sentence(client.last_error, texts) if client.last_error else ""
        rows.append((client.status.instance_id, texts.text(f"report.{state}"), str(client.error_count), last))
    header = ("instance", "state", "errors", "last_error")
    yield Section(
        texts.text("report.heading_instances"),
        table=Table(tuple(texts.text(f"report.column_{name}") for name in header), tuple(rows)),
    )


def _services(found: Findings, texts: Catalogue) -> Iterator[Section]:
    services = found.services.services.values()
    troubled = [service for service in services if service.status.is_trouble][:_MOST_ROWS]
    status = texts.text(f"check_status.{found.services.status}")
    yield Section(
        texts.text("report.heading_services"),
        (texts.text("report.services", status=status, count=len(services), troubled=len(troubled)),),
        table=Table(
            tuple(texts.text(f"report.column_{name}") for name in ("service", "state", "what")),
            tuple(
                (
                    service.id,
                    texts.text(f"check_status.{service.status}"),
                    texts.reason("check", service.reason_code, service.params),
                )
                for service in troubled
            ),
        )
        if troubled
        else None,
    )


def _alerts(found: Findings, texts: Catalogue) -> Iterator[Section]:
    if not found.alerts:
        return
    rows = []
    for alert in found.alerts[:_MOST_ROWS]:
        resolved = texts.moment(alert.resolved_at) if alert.resolved_at else texts.text("report.still_active")
        level = texts.text(f"alerts.level.{alert.level}")
        rows.append((texts.moment(alert.started_at), level, _title(alert, texts), resolved))
    header = ("time", "level", "what", "resolved")
    yield Section(
        texts.text("report.heading_alerts"),
        table=Table(tuple(texts.text(f"report.column_{name}") for name in header), tuple(rows)),
    )


def _title(alert: Alert, texts: Catalogue) -> str:
    params = params_of(alert)
    return texts.text(alert.title, **params) if texts.has(alert.title) else fill(alert.title, params)


def _performance(performance: Performance, texts: Catalogue) -> Section:
    lines = [
        _usage("cpu", performance.cpu, texts),
        _usage("memory", performance.memory, texts),
        *(
            texts.reason("performance", one.code, one.params)
            + " "
            + texts.reason("advice", one.code, one.params)
            for one in performance.findings
        ),
    ]
    return Section(texts.text("report.heading_performance"), tuple(lines))


def _usage(name: str, figures: Description, texts: Catalogue) -> str:
    if figures.average is None or figures.max is None:
        return texts.text(f"report.{name}_unknown")
    return texts.text(
        f"report.{name}",
        average=texts.number(figures.average, digits=1),
        highest=texts.number(figures.max, digits=1),
        trend=texts.text(f"report.trend_{figures.trend}"),
    )

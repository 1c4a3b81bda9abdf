"""Tries the running console: each area that other programs rely on answers, a record arrives, notices go out.

Leaves one record of a metric behind, `doctor_probe`, and sends one test notice by each enabled channel.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from wxauto_mgt.api.monitor_api import MonitorAPI
from wxauto_mgt.api.replies import Fields
from wxauto_mgt.cli.asking import CallRefused, data_of, fields_of, rows_of
from wxauto_mgt.cli.doctor.findings import Finding, Findings, note, ok, problem
from wxauto_mgt.runtime.clock import Clock

PROBE_METRIC: Final = "doctor_probe"
PROBE_VALUE: Final = 1.0


async def examine_live(api: MonitorAPI, *, clock: Clock) -> Findings:
    """Try every area, one after another."""
    calls = (
        api.get_service_status,
        api.get_api_clients_status,
        api.get_listeners_status,
        api.get_statistics,
        api.get_recent_errors,
        api.get_health_report,
        api.get_services,
        api.get_heartbeat,
        api.get_processes,
        api.get_recovery_status,
        api.get_dashboard_data,
        api.analyze_performance,
        api.get_active_alerts,
        api.get_alert_history,
        api.search_logs,
        api.get_log_statistics,
        api.get_notifications,
    )
    found = [await _answers(call.__name__, call, clock) for call in calls]
    found.append(await _metric_arrives(api))
    found += await _channels(api)
    return found


async def _answers(name: str, call: Callable[[], Awaitable[Fields]], clock: Clock) -> Finding:
    began_s = clock.monotonic()
    try:
        data_of(await call())
    except CallRefused as error:
        return problem("live_failed", name=name, reason=error.sentence)
    return ok("live", name=name, ms=round(1000 * (clock.monotonic() - began_s)))


async def _metric_arrives(api: MonitorAPI) -> Finding:
    try:
        data_of(await api.record_metric(PROBE_METRIC, PROBE_VALUE))
        latest = fields_of(data_of(await api.get_latest_metric(PROBE_METRIC)))
    except CallRefused as error:
        return problem("live_failed", name="record_metric", reason=error.sentence)
    if latest.get("value") != PROBE_VALUE:
        return problem("metric_lost")
    return ok("metric")


async def _channels(api: MonitorAPI) -> Findings:
    """Send a test notice by each enabled channel."""
    try:
        channels = [row for row in rows_of(data_of(await api.get_channels_status())) if row["enabled"]]
    except CallRefused as error:
        return [problem("live_failed", name="get_channels_status", reason=error.sentence)]
    if not channels:
        return [note("no_channels")]
    found: list[Finding] = []
    for channel in channels:
        try:
            data_of(await api.test_notification(str(channel["id"])))
            found.append(ok("channel", id=str(channel["id"])))
        except CallRefused as error:
            found.append(problem("channel_failed", id=str(channel["id"]), reason=error.sentence))
    return found

"""Which scope each call of `MonitorAPI` needs when it comes from outside.

Whoever adds a call adds its line here; a test compares the two. The HTTP interface asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wxauto_mgt.core.access.model import Scope

_READ: Final = (
    "get_service_status",
    "get_api_clients_status",
    "get_listeners_status",
    "get_statistics",
    "get_recent_errors",
    "get_health_report",
    "get_metric_names",
    "get_metric_history",
    "get_latest_metric",
    "analyze_performance",
    "get_dashboard_data",
    "get_active_alerts",
    "get_alert_history",
    "get_silences",
    "get_notifications",
    "get_channels_status",
    "search_logs",
    "get_log_statistics",
    "get_report",
    "get_services",
    "get_service_history",
    "get_service_uptime",
    "get_heartbeat",
    "get_recovery_status",
    "get_recovery_journal",
    "get_processes",
    "get_process_output",
    "get_settings",
)
_OPERATE: Final = (
    "restart_service",
    "start_service",
    "stop_service",
    "pause_service",
    "resume_service",
    "reload_config",
    "write_health_sample",
    "record_metric",
    "record_business_metric",
    "acknowledge_alert",
    "silence",
    "end_silence",
    "test_notification",
    "resend_notification",
    "push_outcome",
    "start_heartbeat",
    "stop_heartbeat",
    "trigger_recovery",
    "cancel_recovery",
    "start_process",
    "stop_process",
    "restart_process",
)
_ADMIN: Final = ("add_alert_rule", "create_token", "list_tokens", "revoke_token", "update_settings")

SCOPES: Final[Mapping[str, Scope]] = MappingProxyType(
    {
        **dict.fromkeys(_READ, Scope.READ),
        **dict.fromkeys(_OPERATE, Scope.OPERATE),
        **dict.fromkeys(_ADMIN, Scope.ADMIN),
    }
)

IN_PROCESS_ONLY: Final = frozenset({"add_notification_handler"})
"""Calls that take a function: no other process can make them."""

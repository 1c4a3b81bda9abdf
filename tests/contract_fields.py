"""Names and fields that other programs rely on; tests of several interfaces compare with them."""

from __future__ import annotations

from typing import Final

METRICS: Final = frozenset(
    {
        "system_cpu_usage",
        "system_memory_usage",
        "system_disk_usage",
        "system_network_bytes_sent",
        "system_network_bytes_recv",
        "system_process_count",
        "app_cpu_usage",
        "app_memory_usage",
        "app_file_descriptors",
        "app_thread_count",
        "app_loop_lag_ms",
        "api_requests_total",
        "api_error_rate",
        "api_response_time_ms",
        "messages_received_total",
        "health_score",
    }
)
ALERT: Final = frozenset(
    {
        "id",
        "rule",
        "level",
        "title",
        "message",
        "metric_name",
        "current_value",
        "threshold",
        "labels",
        "timestamp",
        "state",
        "resolved",
    }
)
SERVICE: Final = frozenset(
    {
        "service",
        "status",
        "critical",
        "description",
        "last_check",
        "response_time_ms",
        "consecutive_failures",
        "message",
        "evidence",
    }
)
SERVICE_FIGURES: Final = frozenset(
    {
        "total_requests",
        "successful_requests",
        "failed_requests",
        "success_rate",
        "consecutive_failures",
        "avg_response_time",
        "last_success",
        "last_failure",
        "error_types",
    }
)

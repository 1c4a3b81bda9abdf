"""The shapes that several routes answer with, as the OpenAPI document shows them.

Owns names and types; where the values come from is the routes' and the facade's matter.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, JsonValue

Status = Literal["healthy", "degraded", "unhealthy", "unknown"]

MOMENT: Final = "2026-01-01T12:00:00+00:00"


def example(**values: Any) -> ConfigDict:
    """Make the configuration of a model with an example."""
    return ConfigDict(json_schema_extra={"examples": [values]})


_SERVICE: Final[dict[str, Any]] = {
    "service": "tts",
    "status": "degraded",
    "critical": False,
    "description": "TTS",
    "last_check": MOMENT,
    "response_time_ms": 12.5,
    "consecutive_failures": 1,
    "message": "HTTP 503",
    "evidence": {"status": 503},
}


class ServiceState(BaseModel):
    """What is known of one monitored service."""

    model_config = example(**_SERVICE)

    service: str
    status: Status
    critical: bool
    description: str
    last_check: str | None
    response_time_ms: float | None
    consecutive_failures: int
    message: str
    evidence: dict[str, JsonValue]


class DetailedHealth(BaseModel):
    """All services, and what is said of the whole."""

    model_config = example(status="degraded", timestamp=MOMENT, services={"tts": _SERVICE})

    status: Status
    timestamp: str
    services: dict[str, ServiceState]


class ShortHealth(BaseModel):
    """The status of all services."""

    model_config = example(status="degraded", timestamp=MOMENT, services={"tts": "degraded"})

    status: Status
    timestamp: str
    services: dict[str, Status]


class ServiceFigures(BaseModel):
    """Calls to a service that programs told of."""

    model_config = example(
        total_requests=10,
        successful_requests=9,
        failed_requests=1,
        success_rate=90.0,
        consecutive_failures=0,
        avg_response_time=0.12,
        last_success=MOMENT,
        last_failure=None,
        error_types={"timeout": 1},
    )

    total_requests: int
    successful_requests: int
    failed_requests: int
    success_rate: float | None
    consecutive_failures: int
    avg_response_time: float | None
    last_success: str | None
    last_failure: str | None
    error_types: dict[str, int]


class SystemFigures(BaseModel):
    """The machine, as it was measured last; null is not measured."""

    model_config = example(cpu_percent=12.5, memory_percent=40.0, disk_usage=55.0, last_update=MOMENT)

    cpu_percent: float | None
    memory_percent: float | None
    disk_usage: float | None
    last_update: str | None


class ServiceMetrics(BaseModel):
    """The figures of services beside those of the machine."""

    timestamp: str
    services: dict[str, ServiceFigures]
    system: SystemFigures


class MetricRecord(BaseModel):
    """One value of a metric."""

    model_config = example(
        name="system_cpu_usage", type="gauge", value=12.5, labels={}, timestamp=MOMENT, description=""
    )

    name: str
    type: str
    value: float
    labels: dict[str, str]
    timestamp: str
    description: str


class MetricRecords(BaseModel):
    """Values of metrics, oldest first."""

    metrics: list[MetricRecord]


class AlertRecord(BaseModel):
    """One alert; more fields may stand beside these."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "id": "high_cpu_usage:4f53cda18c2b",
                    "rule": "high_cpu_usage",
                    "level": "warning",
                    "title": "CPU",
                    "message": "CPU 91 %",
                    "metric_name": "system_cpu_usage",
                    "current_value": 91.0,
                    "threshold": 80.0,
                    "labels": {},
                    "timestamp": MOMENT,
                    "state": "firing",
                    "resolved": False,
                }
            ]
        },
    )

    id: str
    rule: str
    level: str
    title: str
    message: str
    metric_name: str
    current_value: float | None
    threshold: float
    labels: dict[str, str]
    timestamp: str
    state: str
    resolved: bool


class Alerts(BaseModel):
    """Alerts, the worst or the newest first."""

    alerts: list[AlertRecord]
    total: int


class LogRecord(BaseModel):
    """One log record; more fields may stand beside these."""

    model_config = ConfigDict(extra="allow")

    timestamp: str
    level: str
    category: str
    message: str
    module: str
    function: str
    line_number: int
    request_id: str | None
    user_id: str | None
    instance_id: str | None
    message_id: str | None
    trace_id: str | None


class Logs(BaseModel):
    """A page of log records, newest first."""

    logs: list[LogRecord]
    next_cursor: str | None


class HeartbeatState(BaseModel):
    """The heartbeat, and the newest status of each service."""

    model_config = example(
        enabled=True,
        running=True,
        auto_start=True,
        check_interval=30.0,
        max_retries=3,
        restart_cooldown=300.0,
        last_check=MOMENT,
        services={"main_service": "healthy"},
    )

    enabled: bool
    running: bool
    auto_start: bool
    check_interval: float
    max_retries: int
    restart_cooldown: float
    last_check: str | None
    services: dict[str, Status]


class HeartbeatSteered(BaseModel):
    """What starting or stopping the heartbeat came to."""

    model_config = example(success=True, running=True)

    success: bool
    running: bool


class RecoveryBegun(BaseModel):
    """A repair that just began."""

    model_config = example(success=True, recovery_id="4b6f0a", service="tts", state="running")

    success: bool
    recovery_id: str
    service: str
    state: str


class RecoveryConfig(BaseModel):
    """When services are repaired by themselves."""

    check_interval: float
    failure_threshold: int
    max_attempts: int
    restart_cooldown: float


class ServiceRecovery(BaseModel):
    """Where the repair of a service stands; more fields may stand beside these."""

    model_config = ConfigDict(extra="allow")

    state: Literal["idle", "running", "cooling_down", "exhausted"]
    attempts: int
    last_recovery: str | None


class RecoveryState(BaseModel):
    """Repairs of all services."""

    enabled: bool
    config: RecoveryConfig
    services: dict[str, ServiceRecovery]


class OutcomePushed(BaseModel):
    """What a service's figures are after an outcome was pushed."""

    success: bool
    service: str
    figures: ServiceFigures


class TestNotified(BaseModel):
    """How a test notice went."""

    __test__ = False  # its name is like a test's; pytest shall not collect it
    model_config = example(success=True, channel="ops", error=None)

    success: bool
    channel: str
    error: str | None

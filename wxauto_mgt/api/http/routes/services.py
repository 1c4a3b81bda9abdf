"""Health of the monitored services, their figures, and outcomes that other programs push."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from wxauto_mgt.api.http.access import OPERATES, READS, problems
from wxauto_mgt.api.http.etag import tagged
from wxauto_mgt.api.http.problems import ProblemError
from wxauto_mgt.api.http.records import (
    DetailedHealth,
    OutcomePushed,
    ServiceFigures,
    ServiceMetrics,
    ServiceState,
    ShortHealth,
)
from wxauto_mgt.api.http.replies import answered, data_of
from wxauto_mgt.api.monitor_api import MonitorAPI

ALL: Final = "all"
_SYSTEM: Final = {
    "cpu_percent": "system_cpu_usage",
    "memory_percent": "system_memory_usage",
    "disk_usage": "system_disk_usage",
}
_MOST_NAMED: Final = 500


class Outcome(BaseModel):
    """How a call to a service went."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        json_schema_extra={
            "examples": [
                {"ok": True, "duration_ms": 120.5},
                {"ok": False, "duration_ms": 5000.0, "error_type": "timeout"},
            ]
        },
    )

    ok: bool
    duration_ms: float | None = Field(default=None, ge=0, le=86_400_000)
    error_type: str | None = Field(default=None, min_length=1, max_length=100)


def service_routes(api: MonitorAPI) -> APIRouter:
    """Make the routes."""
    router = APIRouter(tags=["services"], dependencies=[READS])
    known = problems(404)

    async def detailed(request: Request) -> Response:
        reply = await answered(api.get_services())
        content = {
            "status": reply["status"],
            "timestamp": reply["timestamp"],
            "services": {record["service"]: _state(record) for record in reply["data"]},
        }
        return tagged(request, content, without=frozenset({"timestamp"}))

    for path, name in (
        ("/health/detailed", "get_detailed_health"),
        ("/monitoring/health", "get_monitoring_health"),
    ):
        router.add_api_route(
            path,
            detailed,
            response_model=DetailedHealth,
            responses=problems(),
            summary="All services with their evidence",
            operation_id=name,
        )

    @router.get("/health/service/{service_name}", responses=known, summary="One service")
    async def get_service_health(service_name: str) -> ServiceState:
        records = await _by_name(api)
        return ServiceState(**_state(_one(records, service_name)))

    @router.get("/api/health", responses=problems(), summary="The status of all services")
    async def get_short_health() -> ShortHealth:
        reply = await answered(api.get_services())
        services = {record["service"]: record["status"] for record in reply["data"]}
        return ShortHealth(status=reply["status"], timestamp=reply["timestamp"], services=services)

    @router.get("/api/metrics", responses=known, summary="Figures of services and of the machine")
    async def get_service_metrics(service: Annotated[str, Query(max_length=100)] = ALL) -> ServiceMetrics:
        reply = await answered(api.get_services())
        records = {record["service"]: record for record in reply["data"]}
        if service != ALL:
            records = {service: _one(records, service)}
        figures = {name: ServiceFigures(**record["figures"]) for name, record in records.items()}
        return ServiceMetrics(timestamp=reply["timestamp"], services=figures, system=await _system(api))

    @router.post(
        "/api/services/{name}/outcomes",
        responses=known,
        dependencies=[OPERATES],
        summary="Tell how a call to a service went",
    )
    async def push_outcome(name: str, outcome: Outcome) -> OutcomePushed:
        data = await data_of(
            api.push_outcome(
                name, ok=outcome.ok, duration_ms=outcome.duration_ms, error_type=outcome.error_type
            )
        )
        return OutcomePushed(success=True, service=data["service"], figures=data["figures"])

    return router


async def _by_name(api: MonitorAPI) -> Mapping[str, Mapping[str, Any]]:
    return {record["service"]: record for record in await data_of(api.get_services())}


def _one(records: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    if name not in records:
        known = sorted(records)[:_MOST_NAMED]
        raise ProblemError(
            404, "unknown_service", beside={"known": known}, service=name[:100], known=", ".join(known)
        )
    return records[name]


def _state(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in ServiceState.model_fields}


async def _system(api: MonitorAPI) -> Any:
    newest = {field: await data_of(api.get_latest_metric(name)) for field, name in _SYSTEM.items()}
    updates = [record["timestamp"] for record in newest.values() if record is not None]
    values = {field: None if record is None else record["value"] for field, record in newest.items()}
    return {**values, "last_update": max(updates, default=None)}

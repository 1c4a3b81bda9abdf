"""Repairs of services, and the heartbeat that finds what to repair."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from wxauto_mgt.api.http.access import OPERATES, READS, problems
from wxauto_mgt.api.http.records import HeartbeatState, HeartbeatSteered, RecoveryBegun, RecoveryState
from wxauto_mgt.api.http.replies import data_of
from wxauto_mgt.api.monitor_api import MonitorAPI


class Trigger(BaseModel):
    """Which service to repair."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"service": "tts"}]}
    )

    service: str = Field(min_length=1, max_length=100)


def recovery_routes(api: MonitorAPI) -> APIRouter:
    """Make the routes."""
    router = APIRouter(tags=["recovery"], dependencies=[READS])

    @router.post(
        "/api/recovery/trigger",
        status_code=202,
        responses=problems(404, 409),
        dependencies=[OPERATES],
        summary="Begin to repair a service, whatever its threshold and cool-down",
    )
    async def trigger_recovery(trigger: Trigger) -> RecoveryBegun:
        return RecoveryBegun(success=True, **await data_of(api.trigger_recovery(trigger.service)))

    @router.get("/api/recovery/status", responses=problems(), summary="Where repairs stand")
    async def get_recovery_status() -> RecoveryState:
        return RecoveryState(**await data_of(api.get_recovery_status()))

    return router


def heartbeat_routes(api: MonitorAPI) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/admin/heartbeat", tags=["heartbeat"], dependencies=[READS])

    @router.get("/status", responses=problems(), summary="Whether services are checked")
    async def get_heartbeat() -> HeartbeatState:
        return HeartbeatState(**await data_of(api.get_heartbeat()))

    @router.post(
        "/start",
        responses=problems(409),
        dependencies=[OPERATES],
        summary="Check services from now on",
    )
    async def start_heartbeat() -> HeartbeatSteered:
        return HeartbeatSteered(success=True, **await data_of(api.start_heartbeat()))

    @router.post(
        "/stop",
        responses=problems(409),
        dependencies=[OPERATES],
        summary="Check no services until the next start",
    )
    async def stop_heartbeat() -> HeartbeatSteered:
        return HeartbeatSteered(success=True, **await data_of(api.stop_heartbeat()))

    return router

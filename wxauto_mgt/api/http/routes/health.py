"""`GET /health`: whether this process is well; cheap, without a token, without secrets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from wxauto_mgt.api.http.replies import ConsoleJson

UNHEALTHY = "unhealthy"


@dataclass(frozen=True)
class ProcessHealth:
    """How the process is now; `status` as checks say it."""

    status: str
    at: datetime
    version: str
    uptime_s: float


class Health(BaseModel):
    """How this process is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "healthy",
                    "timestamp": "2026-01-01T12:00:00+00:00",
                    "version": "0.1.0",
                    "uptime_seconds": 3600.5,
                }
            ]
        }
    )

    status: str
    timestamp: str
    version: str
    uptime_seconds: float


def health_routes(health: Callable[[], ProcessHealth]) -> APIRouter:
    """Make the route that needs no token."""
    router = APIRouter(tags=["health"])

    @router.get(
        "/health",
        response_model=Health,
        summary="Whether this process is well",
        responses={503: {"model": Health, "description": "It is not"}},
        openapi_extra={"security": []},
    )
    async def get_health() -> Response:
        found = health()
        # Written without the model: anybody may ask, so each question must cost little.
        return ConsoleJson(
            {
                "status": found.status,
                "timestamp": found.at.isoformat(),
                "version": found.version,
                "uptime_seconds": round(found.uptime_s, 3),
            },
            503 if found.status == UNHEALTHY else 200,
        )

    return router

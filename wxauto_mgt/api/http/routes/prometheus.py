"""`GET /metrics`: all metrics for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Response

from wxauto_mgt.api.http.access import READS, problems
from wxauto_mgt.api.http.exposition import CONTENT_TYPE, Exposition


def prometheus_routes(exposition: Exposition) -> APIRouter:
    """Make the route."""
    router = APIRouter(tags=["metrics"], dependencies=[READS])

    @router.get(
        "/metrics",
        response_class=Response,
        responses={**problems(), 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
        summary="All metrics in the Prometheus text format",
    )
    async def get_prometheus() -> Response:
        return Response(exposition.text(), headers={"content-type": CONTENT_TYPE})

    return router

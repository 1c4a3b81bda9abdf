"""Metrics, alerts, logs, the dashboard's data, test notices and the settings behind them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from wxauto_mgt.api.http.access import ADMINISTERS, OPERATES, READS, problems
from wxauto_mgt.api.http.etag import tagged
from wxauto_mgt.api.http.problems import ProblemError
from wxauto_mgt.api.http.records import Alerts, Logs, MetricRecords, TestNotified
from wxauto_mgt.api.http.replies import checked, data_of
from wxauto_mgt.api.monitor_api import MonitorAPI
from wxauto_mgt.api.replies import Failure
from wxauto_mgt.runtime.clock import Clock

_HOUR: Final = timedelta(hours=1)
_LONGEST: Final = timedelta(days=3 * 366)
_MOST_HOURS: Final = 24 * 366.0
_MOST_NEWEST: Final = 500
# Refused before the channel was asked; everything else that a test notice can fail of is the channel's doing.
_NOT_THE_CHANNEL: Final = frozenset(
    {
        "bad_argument",
        "call_failed",
        "call_not_offered",
        "channel_missing",
        "channel_disabled",
        "channel_unreadable",
    }
)


class Group(StrEnum):
    """The settings groups of monitoring."""

    METRICS = "metrics"
    LOGS = "logs"
    HEALTH_CHECKS = "health_checks"
    ALERTS = "alerts"
    NOTIFICATIONS = "notifications"


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class NewRule(_Sent):
    """An alert rule as programs write it; the configuration checks the values."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "busy",
                    "metric_name": "active_users",
                    "operator": "gt",
                    "threshold": 100,
                    "level": "warning",
                    "for_s": 60,
                    "cooldown_s": 300,
                    "title": "{metric} 告警",
                    "message": "{metric} 超过阈值",
                }
            ]
        }
    )

    name: str = Field(default="", max_length=200)
    metric_name: str = Field(min_length=1, max_length=200)
    operator: str = Field(default="gt", max_length=20)
    threshold: float
    level: str = Field(default="warning", max_length=20)
    for_s: float = Field(default=60.0, ge=0)
    cooldown_s: float = Field(default=300.0, ge=0)
    title: str = Field(default="{metric} 告警", max_length=500)
    message: str = Field(default="{metric} 超过阈值", max_length=2_000)


class TestNotice(_Sent):
    """A notice that proves a channel."""

    __test__ = False  # its name is like a test's; pytest shall not collect it
    model_config = ConfigDict(json_schema_extra={"examples": [{"channel": "ops", "message": "test"}]})

    channel: str = Field(min_length=1, max_length=64)
    message: str | None = Field(default=None, max_length=2_000)


def monitoring_routes(api: MonitorAPI, clock: Clock) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/monitoring", tags=["monitoring"], dependencies=[READS])
    _read_routes(router, api, clock)
    _act_routes(router, api)
    _config_routes(router, api)
    return router


def _read_routes(router: APIRouter, api: MonitorAPI, clock: Clock) -> None:
    @router.get(
        "/metrics",
        responses=problems(),
        response_model=MetricRecords,
        summary="Records of a metric, oldest first; without a name the newest of each metric",
    )
    async def get_metrics(
        request: Request,
        name: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
        since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
        until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    ) -> Response:
        now = clock.now()
        end = now if until is None else _utc(until)
        start = end - _HOUR if since is None else _utc(since)
        if start > end:
            raise ProblemError(422, "invalid_request", fields="from, to")
        if name is None:
            records = [record for record in await _newest(api) if _within(record, start, end)]
        elif start >= now:
            records = []
        else:
            duration = min(now - start, _LONGEST).total_seconds()
            found = await data_of(api.get_metric_history(name, duration))
            records = [record for record in found if _within(record, start, end)]
        return tagged(request, {"metrics": records})

    @router.get("/alerts", responses=problems(), response_model=Alerts, summary="Alerts")
    async def get_alerts(
        request: Request,
        state: Literal["active", "history"] = "active",
        hours: Annotated[float, Query(gt=0, le=_MOST_HOURS, allow_inf_nan=False)] = 24,
    ) -> Response:
        call = api.get_active_alerts() if state == "active" else api.get_alert_history(hours)
        alerts = await data_of(call)
        return tagged(request, {"alerts": alerts, "total": len(alerts)})

    @router.get("/logs", responses=problems(), summary="Log records, newest first, page by page")
    async def get_logs(
        level: Annotated[str | None, Query(max_length=20)] = None,
        category: Annotated[str | None, Query(max_length=20)] = None,
        q: Annotated[str, Query(max_length=1_000)] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
        cursor: Annotated[str | None, Query(max_length=100)] = None,
    ) -> Logs:
        call = api.search_logs(level=level, category=category, q=q, limit=limit, cursor=cursor)
        return Logs(**await data_of(call))

    @router.get("/summary", responses=problems(), summary="What a dashboard shows")
    async def get_summary() -> dict[str, JsonValue]:
        summary: dict[str, JsonValue] = await data_of(api.get_dashboard_data())
        return summary


def _act_routes(router: APIRouter, api: MonitorAPI) -> None:
    @router.post(
        "/alerts/rules",
        status_code=201,
        responses=problems(409),
        dependencies=[ADMINISTERS],
        summary="Store an alert rule",
    )
    async def add_alert_rule(rule: NewRule) -> dict[str, JsonValue]:
        stored: dict[str, JsonValue] = await data_of(
            api.add_alert_rule(
                rule.metric_name,
                rule.threshold,
                operator=rule.operator,
                level=rule.level,
                title=rule.title,
                message=rule.message,
                name=rule.name,
                for_s=rule.for_s,
                cooldown_s=rule.cooldown_s,
            )
        )
        return stored

    @router.post(
        "/test-notification",
        responses=problems(404, 409, 502),
        dependencies=[OPERATES],
        summary="Send a test notice by a channel",
    )
    async def test_notification(notice: TestNotice) -> TestNotified:
        reply = await api.test_notification(notice.channel, notice.message)
        code = reply.code if isinstance(reply, Failure) else ""
        if not reply["success"] and code not in _NOT_THE_CHANNEL:
            error = str(reply["error"])
            beside = {"success": False, "channel": notice.channel, "error": error}
            raise ProblemError(502, code, detail=error, beside=beside)
        checked(reply)
        return TestNotified(success=True, channel=notice.channel, error=None)


def _config_routes(router: APIRouter, api: MonitorAPI) -> None:
    @router.get("/config/{group}", responses=problems(404), summary="A group of settings; secrets null")
    async def get_config(group: Group) -> dict[str, JsonValue]:
        values: dict[str, JsonValue] = await data_of(api.get_settings(group.value))
        return values

    @router.put(
        "/config/{group}",
        responses=problems(404, 409),
        dependencies=[ADMINISTERS],
        summary="Change keys of a group of settings; in force at once",
    )
    async def put_config(
        group: Group,
        values: Annotated[dict[str, JsonValue], Body(examples=[{"sample_interval_s": 10}])],
    ) -> dict[str, JsonValue]:
        stored: dict[str, JsonValue] = await data_of(api.update_settings(group.value, values))
        return stored


async def _newest(api: MonitorAPI) -> list[dict[str, Any]]:
    names = [metric["name"] for metric in await data_of(api.get_metric_names())]
    found = [await data_of(api.get_latest_metric(name)) for name in names[:_MOST_NEWEST]]
    return [record for record in found if record is not None]


def _within(record: dict[str, Any], start: datetime, end: datetime) -> bool:
    return start <= datetime.fromisoformat(record["timestamp"]) <= end


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ProblemError(422, "invalid_request", fields="from, to") from None

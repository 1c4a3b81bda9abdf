"""Each route answers with the fields that other programs rely on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api.http.served import Served, serve
from tests.contract_fields import SERVICE, SERVICE_FIGURES
from tests.waiting import eventually

STATUSES = {"healthy", "degraded", "unhealthy", "unknown"}


async def ok(served: Served, path: str, **given: Any) -> Any:
    answer = await served.get(path, **given)
    assert answer.status == 200, answer
    return answer.json


async def test_health_is_of_this_process_and_needs_no_token(served: Served) -> None:
    answer = await served.get("/health", token=None)
    assert answer.status == 200
    assert set(answer.json) == {"status", "timestamp", "version", "uptime_seconds"}
    assert answer.json["status"] in STATUSES
    assert answer.json["uptime_seconds"] > 0


async def test_health_is_503_only_when_unhealthy(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    for status, code in (("unknown", 200), ("degraded", 200), ("unhealthy", 503)):
        monkeypatch.setattr(served.application.http, "_process_status", lambda said=status: said)
        answer = await served.get("/health", token=None)
        assert (answer.status, answer.json["status"]) == (code, status)


async def test_services_in_each_form(served: Served) -> None:
    for path in ("/health/detailed", "/monitoring/health"):
        found = await ok(served, path)
        assert set(found) == {"status", "timestamp", "services"}
        assert found["status"] in STATUSES
        assert set(found["services"]) >= {"main_service", "message_listener"}
        assert all(set(state) == SERVICE for state in found["services"].values())
    short = await ok(served, "/api/health")
    assert set(short) == {"status", "timestamp", "services"}
    assert set(short["services"].values()) <= STATUSES
    assert set(await ok(served, "/health/service/main_service")) == SERVICE
    missing = await served.get("/health/service/nobody")
    assert (missing.status, missing.code) == (404, "unknown_service")
    assert "main_service" in missing.json["known"]
    assert "main_service" in missing.json["detail"]


async def test_figures_of_services_and_machine(served: Served) -> None:
    for query in ("", "?service=all"):
        found = await ok(served, f"/api/metrics{query}")
        assert set(found) == {"timestamp", "services", "system"}
        assert set(found["system"]) == {"cpu_percent", "memory_percent", "disk_usage", "last_update"}
        assert all(set(figures) == SERVICE_FIGURES for figures in found["services"].values())
    assert set((await ok(served, "/api/metrics?service=main_service"))["services"]) == {"main_service"}
    assert (await served.get("/api/metrics?service=nobody")).status == 404


async def test_pushed_outcomes_are_counted(served: Served) -> None:
    path = "/api/services/main_service/outcomes"
    await served.post(path, json={"ok": True, "duration_ms": 100.0})
    answer = await served.post(path, json={"ok": False, "duration_ms": 300, "error_type": "timeout"})
    assert answer.status == 200
    figures = answer.json["figures"]
    assert (figures["total_requests"], figures["failed_requests"]) == (2, 1)
    assert figures["error_types"] == {"timeout": 1}
    for wrong in ({}, {"ok": "yes"}, {"ok": True, "duration_ms": -1}, {"ok": True, "more": 1}):
        assert (await served.post(path, json=wrong)).status == 422
    assert (await served.post("/api/services/nobody/outcomes", json={"ok": True})).status == 404


async def test_recovery_status_and_refusals(served: Served) -> None:
    found = await ok(served, "/api/recovery/status")
    assert set(found) == {"enabled", "config", "services"}
    assert set(found["config"]) == {
        "check_interval",
        "failure_threshold",
        "max_attempts",
        "restart_cooldown",
    }
    assert all({"state", "attempts", "last_recovery"} <= set(one) for one in found["services"].values())
    unknown = await served.post("/api/recovery/trigger", json={"service": "nobody"})
    assert (unknown.status, unknown.code) == (404, "unknown_service")
    assert (await served.post("/api/recovery/trigger", json={})).status == 422


async def test_a_repair_begins_once(tmp_path: Path) -> None:
    service = {
        "name": "tts",
        "check": {"type": "tcp", "host": "127.0.0.1", "port": 1},
        "repairs": [{"action": "wait_until_stable"}],
    }
    async with serve(tmp_path, document={"services": [service]}) as served:
        began = await served.post("/api/recovery/trigger", json={"service": "tts"})
        assert began.status == 202, began
        assert set(began.json) == {"success", "recovery_id", "service", "state"}
        assert (began.json["success"], began.json["service"], began.json["state"]) == (True, "tts", "running")
        second = await served.post("/api/recovery/trigger", json={"service": "tts"})
        assert second.status == 409
        await served.call("cancel_recovery", service="tts")


async def test_the_heartbeat_is_steered(served: Served) -> None:
    found = await ok(served, "/admin/heartbeat/status")
    assert set(found) == {
        "enabled",
        "running",
        "auto_start",
        "check_interval",
        "max_retries",
        "restart_cooldown",
        "last_check",
        "services",
    }
    for act, running in (("stop", False), ("stop", False), ("start", True), ("start", True)):
        answer = await served.post(f"/admin/heartbeat/{act}")
        assert (answer.status, answer.json) == (200, {"success": True, "running": running})


async def test_a_heartbeat_that_the_settings_forbid_is_a_conflict(tmp_path: Path) -> None:
    async with serve(tmp_path) as served:
        await served.call("update_settings", group="heartbeat", values={"enabled": False})
        for act in ("start", "stop"):
            answer = await served.post(f"/admin/heartbeat/{act}")
            assert (answer.status, answer.code) == (409, "heartbeat_disabled")


async def test_metrics_by_name_and_time(served: Served) -> None:
    for value in (1, 2, 3):
        await served.call("record_metric", name="active_users", value=value)
    found = await ok(served, "/monitoring/metrics?name=active_users")
    assert [record["value"] for record in found["metrics"]] == [1, 2, 3]
    assert set(found["metrics"][0]) == {"name", "type", "value", "labels", "timestamp", "description"}
    now = served.application.clock.now()
    span = {"name": "active_users", "from": (now - timedelta(hours=9)).isoformat()}
    late = {**span, "to": (now - timedelta(hours=8)).isoformat()}
    assert len((await ok(served, "/monitoring/metrics", params=span))["metrics"]) == 3
    assert (await ok(served, "/monitoring/metrics", params=late))["metrics"] == []
    newest = await ok(served, "/monitoring/metrics")
    assert "active_users" in {record["name"] for record in newest["metrics"]}
    for wrong in (
        {"from": "yesterday"},
        {"from": "2026-01-01T00:00:00"},
        {"from": span["from"], "to": "2020-01-01T00:00:00Z"},
    ):
        assert (await served.get("/monitoring/metrics", params=wrong)).status == 422


async def test_alerts_active_and_past(served: Served) -> None:
    rule = {"metric_name": "active_users", "threshold": 5, "for_s": 0, "cooldown_s": 60, "name": "busy"}
    made = await served.post("/monitoring/alerts/rules", json=rule)
    assert made.status == 201, made
    assert (made.json["name"], made.json["for_s"], made.json["cooldown_s"]) == ("busy", 0, 60)
    await served.call("record_metric", name="active_users", value=9)
    found = await ok(served, "/monitoring/alerts")
    assert set(found) == {"alerts", "total"}
    assert found["total"] == 1
    record = found["alerts"][0]
    assert {"id", "rule", "level", "title", "message", "metric_name", "current_value"} <= set(record)
    assert {"threshold", "labels", "timestamp", "state", "resolved"} <= set(record)
    past = await ok(served, "/monitoring/alerts?state=history&hours=24")
    assert past["total"] == 1
    for wrong in ("state=all", "hours=0", "hours=nan", "hours=-1"):
        assert (await served.get(f"/monitoring/alerts?{wrong}")).status == 422


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("metric_name", ""),
        ("threshold", "1"),
        ("operator", "above"),
        ("level", "loud"),
        ("for_s", -1),
        ("title", "{secret}"),
    ],
)
async def test_a_rule_that_does_not_fit_names_the_field(served: Served, field: str, value: object) -> None:
    rule = {"metric_name": "m", "threshold": 1, field: value}
    answer = await served.post("/monitoring/alerts/rules", json=rule)
    assert answer.status == 422
    assert [problem["field"] for problem in answer.json["problems"]] == [field]


async def _page(served: Served) -> Any:
    found = await ok(served, "/monitoring/logs?limit=2")
    return found if found["next_cursor"] is not None else None


async def test_logs_page_by_page(served: Served) -> None:
    # The pipeline hands records to the index on a thread of its own.
    await eventually(lambda: served.application.logs.status().queued == 0)
    first: Any = await eventually(lambda: _page(served))
    assert set(first) == {"logs", "next_cursor"}
    assert {"timestamp", "level", "category", "message", "request_id"} <= set(first["logs"][0])
    second = await ok(served, f"/monitoring/logs?limit=2&cursor={first['next_cursor']}")
    assert second["logs"][0]["timestamp"] <= first["logs"][-1]["timestamp"]
    only = await ok(served, "/monitoring/logs?category=CONFIG&level=INFO&q=revision")
    assert {(entry["category"], entry["level"]) for entry in only["logs"]} == {("CONFIG", "INFO")}
    for wrong in ("level=loud", "limit=0", "limit=x", "cursor=x"):
        assert (await served.get(f"/monitoring/logs?{wrong}")).status == 422


async def test_the_summary_is_the_dashboards(served: Served) -> None:
    found = await ok(served, "/monitoring/summary")
    assert set(found) == {"system_status", "active_alerts", "recent_metrics", "performance_summary"}


async def test_settings_are_shown_and_changed_whole_or_not_at_all(served: Served) -> None:
    for group in ("metrics", "logs", "health_checks", "alerts", "notifications"):
        before = await ok(served, f"/monitoring/config/{group}")
        same = await served.ask("PUT", f"/monitoring/config/{group}", json=before)
        assert (same.status, same.json) == (200, before)
    answer = await served.ask("PUT", "/monitoring/config/metrics", json={"sample_interval_s": 4})
    assert answer.json["sample_interval_s"] == 4
    revisions = await served.application.config.history("settings", "metrics")
    assert revisions[0].who == "api:admin"
    wrong = await served.ask(
        "PUT", "/monitoring/config/metrics", json={"sample_interval_s": -1, "nothing": 1}
    )
    assert (wrong.status, wrong.code) == (422, "config_refused")
    assert {problem["field"] for problem in wrong.json["problems"]} == {"sample_interval_s", "nothing"}
    assert (await ok(served, "/monitoring/config/metrics"))["sample_interval_s"] == 4
    assert (await served.get("/monitoring/config/http")).status in (404, 422)


async def test_a_channel_that_refuses_is_a_bad_gateway(tmp_path: Path) -> None:
    # Nobody listens at port 1.
    channel = {"id": "ops", "type": "webhook", "config": {"webhook_url": "http://127.0.0.1:1/"}}
    async with serve(tmp_path, document={"channels": [channel]}) as served:
        good = await served.post("/monitoring/test-notification", json={"channel": "in_app"})
        assert (good.status, good.json) == (200, {"success": True, "channel": "in_app", "error": None})
        bad = await served.post("/monitoring/test-notification", json={"channel": "ops", "message": "x"})
        assert bad.status == 502
        assert (bad.json["success"], bad.json["channel"]) == (False, "ops")
        assert bad.json["error"] == bad.json["detail"]
        missing = await served.post("/monitoring/test-notification", json={"channel": "nobody"})
        assert (missing.status, missing.code) == (404, "channel_missing")


async def test_what_did_not_change_is_not_sent_again(served: Served) -> None:
    for path in ("/monitoring/alerts", "/openapi.json"):
        first = await served.get(path)
        tag = first.headers["ETag"]
        assert tag.startswith('W/"')
        again = await served.get(path, headers={"If-None-Match": f'"other", {tag}'})
        assert (again.status, again.text, again.headers["ETag"]) == (304, "", tag)
        assert (await served.get(path, headers={"If-None-Match": 'W/"other"'})).status == 200


async def test_wrong_methods_and_addresses_are_problems(served: Served) -> None:
    wrong = await served.ask("DELETE", "/api/health")
    assert (wrong.status, wrong.code) == (405, "method_not_allowed")
    assert wrong.headers["Allow"] == "GET"
    assert (await served.get("/api/health/")).code == "not_found"
    unknown = await served.get("/nothing")
    assert (unknown.status, unknown.code) == (404, "not_found")
    assert (await served.get("/nothing", token=None)).status == 401


@pytest.mark.expects_log("request failed")
async def test_what_breaks_inside_is_a_problem_without_a_traceback(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("planted secret detail")

    monkeypatch.setattr(served.application.http, "_process_status", broken)
    answer = await served.get("/health", token=None)
    assert (answer.status, answer.code) == (500, "internal_error")
    assert "planted" not in answer.text
    assert "Traceback" not in answer.text

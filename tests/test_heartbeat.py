"""The heartbeat of a whole console: health in short, in detail and by service, its control, a log-in page.

Runs under pytest, and as a plain script: `python tests/test_heartbeat.py` says what it does and exits 0 or 1.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout, web

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.contract_fields import SERVICE, SERVICE_FIGURES
from tests.plain_script import Step, run_steps
from tests.running_console import console, data
from tests.waiting import eventually
from wxauto_mgt.api.monitor_api import monitor_api
from wxauto_mgt.app import Application

PAGE = "panel_login"
RECORD = SERVICE | {"kind", "parents", "in_maintenance", "figures"}
FAST = {"HEARTBEAT_CHECK_INTERVAL": "0.1"}
HEARTBEAT = {
    "enabled",
    "running",
    "auto_start",
    "check_interval",
    "max_retries",
    "restart_cooldown",
    "last_check",
    "services",
}


class LoginPage:
    """A log-in page of another program; what it answers is set by the test."""

    def __init__(self) -> None:
        self.status = 200
        self.visits = 0
        self.address = ""

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_get("/login", self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.address = f"http://{host}:{port}/login"
        try:
            yield
        finally:
            await runner.cleanup()

    async def _answer(self, _request: web.Request) -> web.Response:
        self.visits += 1
        return web.Response(status=self.status, text="<form>token</form>", content_type="text/html")


async def watch_page(application: Application, page: LoginPage, *, critical: bool) -> None:
    service = (
        f"services: [{{name: {PAGE}, description: 面板登录页, critical: {str(critical).lower()},"
        f" check: {{type: http, url: '{page.address}'}}}}]"
    )
    await application.config.import_document(service, filename="services.yaml", replace=False, who="test")


async def record(service: str) -> dict[str, Any]:
    """One service as `get_services` tells it; empty while it is not watched."""
    found: list[dict[str, Any]] = await data(monitor_api.get_services())
    return next((one for one in found if one["service"] == service), {})


async def becomes(service: str, status: str) -> dict[str, Any]:
    async def is_so() -> dict[str, Any]:
        found = await record(service)
        return found if found.get("status") == status else {}

    return await eventually(is_so, timeout_s=10)


async def overall() -> str:
    status: str = (await monitor_api.get_services())["status"]  # type: ignore[assignment]
    return status


async def test_health_in_short_and_in_detail(tmp_path: Path) -> None:
    async with console(tmp_path, FAST):
        await becomes("main_service", "healthy")
        await eventually(_is_overall("healthy"), timeout_s=10)
        reply = await monitor_api.get_services()
        services = await data(monitor_api.get_services())
        assert reply["count"] == len(services)
        for one in services:
            assert set(one) == RECORD
            assert set(one["figures"]) == SERVICE_FIGURES
            assert one["last_check"].endswith("+00:00")
            assert " " in one["message"] or not one["message"].isascii()  # a sentence, no code
        names = {one["service"] for one in services}
        assert {"main_service", "message_listener", "console_database", "data_disk"} <= names


def _is_overall(status: str) -> Callable[[], Any]:
    async def is_so() -> bool:
        return await overall() == status

    return is_so


@pytest.mark.expects_log("panel_login was degraded and is unhealthy")
async def test_a_login_page_is_watched(tmp_path: Path) -> None:
    page = LoginPage()
    async with page.served(), console(tmp_path, FAST) as application:
        await watch_page(application, page, critical=False)
        well = await becomes(PAGE, "healthy")
        assert (well["description"], well["kind"], well["parents"]) == ("面板登录页", "http", [])
        assert well["response_time_ms"] > 0
        page.status = 500
        failing = await becomes(PAGE, "unhealthy")
        assert failing["consecutive_failures"] >= 3
        assert failing["evidence"]["status"] == 500
        assert failing["figures"]["total_requests"] == 0  # checks are no requests
        assert await overall() == "degraded"
        await watch_page(application, page, critical=True)
        await eventually(_is_overall("unhealthy"), timeout_s=10)
        page.status = 200
        assert (await becomes(PAGE, "healthy"))["consecutive_failures"] == 0
        await eventually(_is_overall("healthy"), timeout_s=10)
        checks = await data(monitor_api.get_service_history(PAGE))
        assert {check["outcome"] for check in checks} == {"ok", "failed"}
        uptime = await data(monitor_api.get_service_uptime(PAGE, days=1))
        assert len(uptime["bars"]) == 24
        assert 0 < uptime["windows"]["24h"] < 100
        assert uptime["bars"][0]["uptime"] is None
        assert uptime["windows"]["24h"] == pytest.approx(uptime["windows"]["90d"], abs=1e-6)


async def test_outcomes_that_others_push_are_figures(tmp_path: Path) -> None:
    page = LoginPage()
    async with page.served(), console(tmp_path, FAST) as application:
        await watch_page(application, page, critical=False)
        await becomes(PAGE, "healthy")
        await data(monitor_api.push_outcome(PAGE, True, 100))
        await data(monitor_api.push_outcome(PAGE, False, 300, "timeout"))
        pushed = await data(monitor_api.push_outcome(PAGE, False))
        figures = pushed["figures"]
        assert (figures["total_requests"], figures["failed_requests"]) == (3, 2)
        assert figures["success_rate"] == pytest.approx(100 / 3, abs=0.001)
        assert figures["avg_response_time"] == pytest.approx(0.2)
        assert figures["error_types"] == {"timeout": 1, "unspecified": 1}
        assert figures["last_failure"] > figures["last_success"]
    async with console(tmp_path, {"HEARTBEAT_AUTO_START": "false"}):
        assert (await becomes(PAGE, "unknown"))["figures"]["total_requests"] == 3


async def test_it_is_stopped_and_started(tmp_path: Path) -> None:
    page = LoginPage()
    async with page.served(), console(tmp_path, FAST) as application:
        await watch_page(application, page, critical=False)
        await becomes(PAGE, "healthy")
        status = await data(monitor_api.get_heartbeat())
        assert set(status) >= HEARTBEAT
        assert (status["enabled"], status["running"], status["check_interval"]) == (True, True, 0.1)
        assert status["services"][PAGE] == "healthy"
        for _ in range(2):
            assert await data(monitor_api.stop_heartbeat()) == {"running": False}
        stopped = await record(PAGE)
        assert stopped["status"] == "unknown"
        assert await overall() == "unknown"
        await eventually(lambda: not [one for one in application.supervisor.loops() if "check:" in one.name])
        visits = page.visits
        assert (await data(monitor_api.get_heartbeat()))["running"] is False
        assert page.visits == visits
        for _ in range(2):
            assert await data(monitor_api.start_heartbeat()) == {"running": True}
        await becomes(PAGE, "healthy")
        entries = await application.ground.audit.entries()
        acts = [entry.action for entry in entries if entry.action.startswith("heartbeat.")]
        assert acts == ["heartbeat.start", "heartbeat.stop"]  # what changed nothing is no act


async def test_what_the_environment_forbids_cannot_be_started(tmp_path: Path) -> None:
    async with console(tmp_path, {"HEARTBEAT_ENABLED": "false"}):
        for act in (monitor_api.start_heartbeat, monitor_api.stop_heartbeat):
            reply = await act()
            assert reply["success"] is False
            assert reply["error"]
        status = await data(monitor_api.get_heartbeat())
        assert (status["enabled"], status["running"], status["last_check"]) == (False, False, None)


async def test_without_auto_start_somebody_has_to_start_it(tmp_path: Path) -> None:
    async with console(tmp_path, {**FAST, "HEARTBEAT_AUTO_START": "false"}):
        assert (await data(monitor_api.get_heartbeat()))["running"] is False
        await data(monitor_api.start_heartbeat())
        await becomes("main_service", "healthy")


async def test_a_service_that_there_is_not_is_answered_with_those_that_there_are(tmp_path: Path) -> None:
    async with console(tmp_path, FAST):
        await becomes("main_service", "healthy")
        for call in (
            monitor_api.get_service_history("nobody"),
            monitor_api.get_service_uptime("nobody"),
            monitor_api.push_outcome("nobody", True),
        ):
            reply = await call
            assert reply["success"] is False
            assert "main_service" in str(reply["error"])


@asynccontextmanager
async def client_of(application: Application) -> AsyncIterator[ClientSession]:
    """Another program, with a token of this run."""
    assert application.http.address is not None
    headers = {"Authorization": f"Bearer {application.http.tokens.attach_value}"}
    async with ClientSession(application.http.address.url, headers=headers) as client:
        yield client


async def answered(client: ClientSession, method: str, path: str) -> tuple[int, Any]:
    async with client.request(method, path, timeout=ClientTimeout(total=10)) as response:
        return response.status, await response.json(content_type=None)


@pytest.mark.expects_log("panel_login was degraded and is unhealthy")
async def test_other_programs_ask_over_http(tmp_path: Path) -> None:
    page = LoginPage()
    async with page.served(), console(tmp_path, FAST) as application, client_of(application) as client:
        await watch_page(application, page, critical=True)
        await becomes(PAGE, "healthy")
        await becomes("login_page", "healthy")  # the console's own
        status, basic = await answered(client, "GET", "/health")
        assert (status, set(basic)) == (200, {"status", "timestamp", "version", "uptime_seconds"})
        page.status = 503
        await becomes(PAGE, "unhealthy")
        status, detailed = await answered(client, "GET", "/health/detailed")
        assert (status, detailed["status"]) == (200, "unhealthy")
        assert detailed["services"][PAGE]["evidence"]["status"] == 503
        status, one = await answered(client, "GET", f"/health/service/{PAGE}")
        assert (status, one["service"], one["status"], one["critical"]) == (200, PAGE, "unhealthy", True)
        status, nobody = await answered(client, "GET", "/health/service/nobody")
        assert status == 404
        assert PAGE in str(nobody)
        status, short = await answered(client, "GET", "/api/health")
        assert (status, short["services"][PAGE]) == (200, "unhealthy")
        assert (await answered(client, "GET", "/health"))[0] == 200  # of this process only
        page.status = 200
        await becomes(PAGE, "healthy")
        for act, is_running in (("stop", False), ("start", True)):
            status, reply = await answered(client, "POST", f"/admin/heartbeat/{act}")
            assert (status, reply) == (200, {"success": True, "running": is_running})
        status, heartbeat = await answered(client, "GET", "/admin/heartbeat/status")
        assert (status, set(heartbeat)) == (200, HEARTBEAT)


STEPS: tuple[Step, ...] = (
    ("health in short and in detail", test_health_in_short_and_in_detail),
    ("a log-in page is watched: it works, fails, works again", test_a_login_page_is_watched),
    ("outcomes that other programs push", test_outcomes_that_others_push_are_figures),
    ("the same over HTTP, for other programs", test_other_programs_ask_over_http),
    ("stop and start", test_it_is_stopped_and_started),
    ("switched off by the environment", test_what_the_environment_forbids_cannot_be_started),
    ("without auto start", test_without_auto_start_somebody_has_to_start_it),
    ("a service that there is not", test_a_service_that_there_is_not_is_answered_with_those_that_there_are),
)


if __name__ == "__main__":
    raise SystemExit(run_steps(STEPS))

"""Every route with every kind of token, and what wrong tokens cost."""

from __future__ import annotations

import re
from typing import Any

from fastapi.routing import APIRoute

from tests.api.http.served import ENVIRONMENT_TOKEN, Served, serve
from tests.environment import FREE_PORT
from wxauto_mgt.api.http.access import NeedsScope
from wxauto_mgt.core.access.model import Scope
from wxauto_mgt.core.access.settings import API_TOKEN

PUBLIC = {("GET", "/health"), ("GET", "/login")}
BODIES: dict[str, Any] = {
    "/api/recovery/trigger": {"service": "nobody"},
    "/api/services/{name}/outcomes": {"ok": True},
    "/monitoring/alerts/rules": {"metric_name": "m", "threshold": "not a number"},
    "/monitoring/test-notification": {"channel": "nobody"},
}


def routes_of(served: Served) -> list[tuple[str, str, APIRoute]]:
    interface = served.application.http._interface
    assert interface is not None
    found = [route for route in _flat(interface.app.routes) if isinstance(route, APIRoute)]
    return [(method, route.path, route) for route in found for method in sorted(route.methods or ())]


def _flat(routes: list[Any]) -> list[Any]:
    """FastAPI keeps an included router as one route."""
    found: list[Any] = []
    for route in routes:
        router = getattr(route, "original_router", None)
        found += _flat(router.routes) if router is not None else [route]
    return found


def scope_of(route: APIRoute) -> Scope | None:
    needed = [
        found.call.scope for found in route.dependant.dependencies if isinstance(found.call, NeedsScope)
    ]
    return max(needed, key=lambda scope: scope.rank, default=None)


def filled(path: str) -> str:
    return re.sub(r"\{group\}", "metrics", re.sub(r"\{(name|service_name)\}", "nobody", path))


async def test_only_health_and_login_are_without_a_scope(served: Served) -> None:
    routes = routes_of(served)
    assert len(routes) > 50
    assert {(method, path) for method, path, route in routes if scope_of(route) is None} == PUBLIC


async def test_every_route_asks_for_a_token_of_its_scope(served: Served) -> None:
    console = served.application
    expiring = await console.http.tokens.create("short", Scope.ADMIN, who="test", expires_in_s=0.001)
    for method, path, route in routes_of(served):
        needed = scope_of(route)
        if needed is None:
            continue
        at, body = filled(path), BODIES.get(path, {})
        given: dict[str, Any] = {} if method == "GET" else {"json": body}
        missing = await served.ask(method, at, token=None, **given)
        assert (missing.status, missing.code) == (401, "token_missing"), path
        assert missing.headers["WWW-Authenticate"] == "Bearer"
        wrong = await served.ask(method, at, token="wrong" * 8, **given)
        assert wrong.status in (401, 429), path
        assert wrong.code in ("token_unknown", "too_many_failures")
        expired = await served.ask(method, at, token=expiring.value, **given)
        assert expired.status in (401, 429), path
        if needed is not Scope.READ:
            less = await served.ask(method, at, token="read", **given)
            # What does not fit is told before, or the scope: nothing was done either way.
            assert less.status in (403, 422), path
            assert less.status == 422 or less.code == "scope_too_small", path
        if needed is Scope.ADMIN:
            assert (await served.ask(method, at, token="operate", **given)).status in (403, 422), path
    assert (await served.call("get_service_status"))["data"]["running"] is True


async def test_reading_tokens_can_read_everything_that_is_to_be_read(served: Served) -> None:
    for method, path, route in routes_of(served):
        if method == "GET" and scope_of(route) is Scope.READ and path != "/api/events":
            answer = await served.get(filled(path), token="read")
            assert answer.status in (200, 404), (path, answer)


async def test_a_thousand_wrong_tokens_are_refused_slowed_and_counted(served: Served) -> None:
    statuses = [
        (await served.get("/api/health", token=f"wxm_{number:040}")).status for number in range(1_000)
    ]
    assert set(statuses) == {401, 429}
    assert statuses.count(401) <= 40  # twenty a minute, and the test may see two minutes
    refused = await served.get("/api/health", token="x" * 40)
    assert refused.code == "too_many_failures"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    # Who has a right token is not held up, though it comes from the same address.
    assert (await served.get("/api/health", token="read")).status == 200
    await served.application.http._refused.write()
    entries = await served.application.ground.audit.entries()
    lines = [entry for entry in entries if entry.action == "token.refused"]
    assert len(lines) <= 3
    assert sum(int(str(entry.params["count"])) for entry in lines) == 1_001


async def test_authorization_in_other_forms_is_refused(served: Served) -> None:
    value = served.tokens["admin"]
    for header in (value, f"Basic {value}", f"Bearer {value} x", f"Bearer  {value}\t", "Bearer", "Bearer  "):
        answer = await served.get("/api/health", token=None, headers={"Authorization": header})
        assert answer.status in (401, 429), header
    assert (await served.get(f"/api/health?token={value}", token=None)).status == 401
    lower = await served.get("/api/health", token=None, headers={"Authorization": f"bearer {value}"})
    assert lower.status == 200


async def test_a_revoked_token_is_refused_at_once(served: Served) -> None:
    created = await served.call("create_token", name="phone", scope="read")
    value = created["data"]["token"]
    assert (await served.get("/api/health", token=value)).status == 200
    listed = await served.call("list_tokens")
    assert [token["name"] for token in listed["data"]] == ["admin", "operate", "phone", "read"]
    assert value not in str(listed)
    await served.call("revoke_token", name="phone")
    assert (await served.get("/api/health", token=value)).status == 401


async def test_tokens_are_made_by_administrators_only(served: Served) -> None:
    for token in ("read", "operate"):
        answer = await served.post(
            "/api/monitor/create_token", token=token, json={"name": "mine", "scope": "admin"}
        )
        assert (answer.status, answer.code) == (403, "scope_too_small")


async def test_the_environment_gives_a_token(served: Served, tmp_path_factory: Any) -> None:
    await served.application.stop()
    folder = tmp_path_factory.mktemp("other")
    async with serve(folder, environment={**FREE_PORT, API_TOKEN: ENVIRONMENT_TOKEN}) as other:
        answer = await other.get("/api/health", token=ENVIRONMENT_TOKEN)
        assert answer.status == 200


async def test_no_token_value_reaches_log_or_audit_or_answers(served: Served) -> None:
    created = await served.call("create_token", name="phone", scope="read")
    value = created["data"]["token"]
    await served.get("/api/health", token=value)
    console = served.application
    console.logs.flush()
    logged = " ".join(str(entry.as_document()) for entry in console.logs.tail().entries)
    noted = str(await console.ground.audit.entries())
    shown = str(await served.call("list_tokens")) + (await served.get("/monitoring/logs?limit=1000")).text
    for secret in (value, *served.tokens.values(), console.http.tokens.attach_value):
        assert secret not in logged + noted + shown

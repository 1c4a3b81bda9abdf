"""Every call of `monitor_api` over HTTP: arguments in, reply out, in the name of a token."""

from __future__ import annotations

import inspect
from typing import Any

from tests.api.http.served import Served
from wxauto_mgt.api.http.routes.calls import calls
from wxauto_mgt.api.monitor_api import MonitorAPI
from wxauto_mgt.api.scopes import IN_PROCESS_ONLY, SCOPES
from wxauto_mgt.core.access.model import Scope


def test_every_call_has_a_scope() -> None:
    names = {
        name
        for name, _ in inspect.getmembers(MonitorAPI, inspect.iscoroutinefunction)
        if not name.startswith("_")
    }
    assert names - set(SCOPES) == IN_PROCESS_ONLY
    assert {name for name, _ in calls()} == names - IN_PROCESS_ONLY


def test_what_only_looks_is_for_every_token() -> None:
    looking = {name for name in SCOPES if name.startswith(("get_", "list_", "search_", "analyze_"))}
    looking -= {"list_tokens"}
    assert {name for name, scope in SCOPES.items() if scope is Scope.READ} >= looking


async def test_a_call_answers_as_it_does_in_process(served: Served) -> None:
    reply = await served.call("get_service_status", token="read")
    here: Any = await served.application.api.get_service_status()
    assert reply["success"] is True
    assert reply["data"].keys() == here["data"].keys()
    assert reply["data"]["running"] is True


async def test_a_call_without_body_or_type_takes_the_defaults(served: Served) -> None:
    answer = await served.post("/api/monitor/get_recent_errors")
    assert answer.status == 200
    assert answer.json["success"] is True


async def test_arguments_reach_the_call(served: Served) -> None:
    reply = await served.call("record_metric", name="active_users", value=7, labels={"room": "a"})
    assert reply["data"]["labels"] == {"room": "a"}
    reply = await served.call("get_latest_metric", name="active_users")
    assert reply["data"]["value"] == 7


async def test_arguments_that_do_not_fit_are_named(served: Served) -> None:
    for arguments in ({"limit": "3"}, {"limit": True}, {"limit": 3, "more": 1}):
        answer = await served.post("/api/monitor/get_recent_errors", json=arguments)
        assert (answer.status, answer.code) == (422, "invalid_request")
        assert answer.json["problems"][0]["field"] in ("limit", "more")


async def test_numbers_that_no_database_holds_are_arguments_that_do_not_fit(served: Served) -> None:
    for call, name in (("end_silence", "silence_id"), ("resend_notification", "delivery_id")):
        for number in (2**63, -(2**64), 10**30):
            reply = (await served.post(f"/api/monitor/{call}", json={name: number})).json
            assert reply["success"] is False
            assert name in reply["error"]


async def test_a_failed_call_is_a_reply_with_its_reason(served: Served) -> None:
    await served.call("stop_service")
    reply = await served.call("resume_service")
    assert reply["success"] is False
    here = await served.application.api.resume_service()
    assert reply == {**here, "timestamp": reply["timestamp"]}


async def test_an_unknown_call_is_a_problem(served: Served) -> None:
    for name in ("nothing", "_call", "add_notification_handler", "..%2f..%2fetc%2fpasswd"):
        answer = await served.post(f"/api/monitor/{name}", json={})
        assert (answer.status, answer.code) == (404, "not_found")


async def test_a_change_stands_in_the_audit_log_in_the_name_of_the_token(served: Served) -> None:
    await served.call("pause_service", token="operate")
    await served.application.ground.audit.entries()
    newest = (await served.application.ground.audit.entries())[0]
    assert (newest.who, newest.action) == ("api:operate", "service.pause")

"""Every call's reply, field by field; what counts as proof; what a failure looks like."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Mapping
from datetime import datetime
from pathlib import Path

import pytest

from tests.api.conftest import FakeConfig, FakeControl, greet
from tests.core.monitoring.fakes import FakeConsole, client_status, listener_status
from tests.fakes.clock import FakeClock
from tests.waiting import eventually
from wxauto_mgt.api.local_monitor_api import LocalMonitorAPI
from wxauto_mgt.api.monitor_api import MonitorAPI, MonitorAPIProxy, monitor_api
from wxauto_mgt.api.replies import JSON, Fields
from wxauto_mgt.core.messages.history.figures import DeliveryFigures
from wxauto_mgt.core.metrics.calls import CallMetrics
from wxauto_mgt.core.wire import CallRecord, ErrorReport
from wxauto_mgt.errors import BugError, ConfigError, Problem, TransientError
from wxauto_mgt.runtime.event_bus import EventBus

START = "2026-01-01T00:00:00+00:00"
LATER = "2026-01-02T02:03:04+00:00"
NUMBER = (int, float)
ERROR = ErrorReport("probe", "instance_timed_out", "pc1", {"waited_s": 3})

Kinds = type | tuple[type | None, ...]


def shape(value: JSON, kinds: Mapping[str, object]) -> Fields:
    """Check that a mapping has exactly these fields, of these types."""
    assert isinstance(value, dict)
    assert sorted(value) == sorted(kinds)
    for name, kind in kinds.items():
        allowed = kind if isinstance(kind, tuple) else (kind,)
        found = value[name]
        if isinstance(found, bool):
            assert bool in allowed, name
        else:
            assert (
                found is None
                if allowed == (None,)
                else isinstance(found, tuple(k for k in allowed if k is not None))
                or (found is None and None in allowed)
            ), (name, found)
    return value


async def data_of(reply: Awaitable[Fields], *beside: str) -> JSON:
    """Check the envelope of a success and return its data."""
    found = await reply
    json.dumps(found, allow_nan=False)  # must pass through the local HTTP API as it is
    assert found["success"] is True
    assert sorted(found) == sorted(["success", "data", "timestamp", *beside])
    assert_iso(found["timestamp"])
    return found["data"]


async def failure_of(reply: Awaitable[Fields]) -> str:
    """Check the envelope of a failure and return its sentence."""
    found = await reply
    assert sorted(found) == ["error", "success", "timestamp"]
    assert found["success"] is False
    assert_iso(found["timestamp"])
    sentence = found["error"]
    assert isinstance(sentence, str)
    assert "\n" not in sentence
    return sentence


def assert_iso(text: JSON) -> None:
    assert isinstance(text, str)
    assert datetime.fromisoformat(text).tzinfo is not None


SERVICE_STATUS = {
    "service_name": str,
    "running": bool,
    "paused": bool,
    "started_at": (str, None),
    "blocked_by": (str, None),
    "uptime_seconds": NUMBER,
    "uptime_formatted": str,
    "task_count": int,
    "error_count": int,
    "last_error_time": (str, None),
    "last_error_message": (str, None),
    "memory_usage_mb": (*NUMBER, None),
    "cpu_percent": (*NUMBER, None),
}
CLIENT = {
    "instance_id": str,
    "initialized": (bool, None),
    "connected": (bool, None),
    "last_check_time": (str, None),
    "error_count": int,
    "last_error": (str, None),
    "evidence": list,
}
LISTENER = {
    "instance_id": str,
    "who": str,
    "kind": str,
    "active": bool,
    "last_message_time": (str, None),
    "last_check_time": (str, None),
    "message_count": int,
    "error_count": int,
}
STATISTICS = {
    "total_messages_processed": int,
    "total_errors": int,
    "api_calls_made": int,
    "listeners_added": int,
    "listeners_removed": int,
    "config_reloads": int,
    "uptime_seconds": NUMBER,
    "uptime_formatted": str,
    "start_time": (str, None),
    "current_time": str,
    "error_rate": float,
    "recent_errors_count": int,
    "delivery": dict,
}
RECENT_ERROR = {
    "timestamp": float,
    "datetime": str,
    "service_name": str,
    "error_type": str,
    "error_message": str,
    "instance_id": (str, None),
}
DEDUCTION = {
    "part": str,
    "points": NUMBER,
    "reason_code": str,
    "params": dict,
    "evidence": list,
    "measured_at": str,
}


async def test_service_status(api: LocalMonitorAPI, bus: EventBus, fake_clock: FakeClock) -> None:
    before = shape(await data_of(api.get_service_status()), SERVICE_STATUS)
    assert (before["last_error_time"], before["last_error_message"]) == (None, None)
    await fake_clock.advance(93_784)
    bus.publish(ErrorReport("reload", "database_locked"))
    after = shape(await data_of(api.get_service_status()), SERVICE_STATUS)
    assert str(after.pop("last_error_message")).startswith("Reloading the configuration failed: ")
    assert after == {
        "service_name": "message_listener",
        "running": True,
        "paused": False,
        "started_at": START,
        "blocked_by": None,
        "uptime_seconds": 93_784.0,
        "uptime_formatted": "1d 02:03:04",
        "task_count": 5,
        "error_count": 1,
        "last_error_time": LATER,
        "memory_usage_mb": 150.0,
        "cpu_percent": 12.5,
    }


async def test_stopped_service_has_no_start_and_no_uptime(api: LocalMonitorAPI, control: FakeControl) -> None:
    await control.stop()
    status = shape(await data_of(api.get_service_status()), SERVICE_STATUS)
    assert (status["running"], status["started_at"]) == (False, None)
    assert (status["uptime_seconds"], status["uptime_formatted"]) == (0.0, "0d 00:00:00")


async def test_api_clients(
    api: LocalMonitorAPI, console: FakeConsole, bus: EventBus, fake_clock: FakeClock
) -> None:
    console.client_list = [
        client_status("pc1", at=fake_clock.now()),
        client_status("pc2", connected=False),
        client_status("pc3", connected=None, rounds=0),
    ]
    bus.publish(ErrorReport("probe", "instance_timed_out", "pc2"))
    reply = await api.get_api_clients_status()
    assert (reply["total_count"], reply["connected_count"]) == (3, 1)
    data = await data_of(api.get_api_clients_status(), "total_count", "connected_count")
    assert isinstance(data, list)
    first, second, third = [shape(item, CLIENT) for item in data]
    assert first == {
        "instance_id": "pc1",
        "initialized": True,
        "connected": True,
        "last_check_time": START,
        "error_count": 0,
        "last_error": None,
        "evidence": [{"kind": "sessions", "count": 3}],
    }
    assert (second["connected"], second["error_count"]) == (False, 1)
    assert isinstance(second["last_error"], str)
    assert (third["connected"], third["last_check_time"]) == (None, None)


async def test_listeners(api: LocalMonitorAPI, console: FakeConsole, fake_clock: FakeClock) -> None:
    console.listener_list = [listener_status("张三", at=fake_clock.now()), listener_status("b", active=False)]
    reply = await api.get_listeners_status()
    assert (reply["total_count"], reply["active_count"]) == (2, 1)
    data = await data_of(api.get_listeners_status(), "total_count", "active_count")
    assert isinstance(data, list)
    assert shape(data[0], LISTENER) == {
        "instance_id": "pc1",
        "who": "张三",
        "kind": "fixed",
        "active": True,
        "last_message_time": START,
        "last_check_time": START,
        "message_count": 4,
        "error_count": 1,
    }
    assert shape(data[1], LISTENER)["active"] is False


async def test_statistics(
    api: LocalMonitorAPI, console: FakeConsole, calls: CallMetrics, bus: EventBus, fake_clock: FakeClock
) -> None:
    idle = shape(await data_of(api.get_statistics()), STATISTICS)
    assert type(idle["error_rate"]) is float
    console.counters = DeliveryFigures(received=12, others=9, replied=4, confirmed=4)
    for ok in (True, True, True, False):
        calls.record(CallRecord("instance:pc1", "/api/health", ok, 0.1))
    bus.publish(ERROR)
    await fake_clock.advance(93_784)
    bus.publish(ErrorReport("send", "instance_timed_out", "pc1"))
    assert shape(await data_of(api.get_statistics()), STATISTICS) == {
        "total_messages_processed": 9,
        "total_errors": 2,
        "api_calls_made": 4,
        "listeners_added": 0,
        "listeners_removed": 0,
        "config_reloads": 0,
        "uptime_seconds": 93_784.0,
        "uptime_formatted": "1d 02:03:04",
        "start_time": START,
        "current_time": LATER,
        "error_rate": 0.0,
        "recent_errors_count": 1,
        "delivery": DeliveryFigures(received=12, replied=4, confirmed=4).report(),
    }


async def test_recent_errors(api: LocalMonitorAPI, bus: EventBus, fake_clock: FakeClock) -> None:
    bus.publish(ErrorReport("platform_call", "platform_timed_out", None, {"platform": "kw"}))
    await fake_clock.advance(1)
    bus.publish(ErrorReport("loop", "call_failed", None, {"kind": "ValueError"}))
    await fake_clock.advance(1)
    bus.publish(ErrorReport("probe", "instance_timed_out", "pc1"))
    reply = await api.get_recent_errors()
    assert reply["count"] == 3
    data = await data_of(api.get_recent_errors(), "count")
    assert isinstance(data, list)
    errors = [shape(item, RECENT_ERROR) for item in data]
    assert [error["service_name"] for error in errors] == ["instance:pc1", "main_service", "platform:kw"]
    assert errors[0]["timestamp"] == fake_clock.now().timestamp()
    assert errors[0]["datetime"] == "2026-01-01T00:00:02+00:00"
    assert (errors[0]["error_type"], errors[0]["instance_id"]) == ("instance_timed_out", "pc1")
    assert (await api.get_recent_errors(limit=2))["count"] == 2
    assert (await api.get_recent_errors(limit=0))["data"] == []


@pytest.mark.parametrize("limit", [-1, "10", 1.5, True, None])
async def test_limit_that_is_no_count_is_refused(api: LocalMonitorAPI, limit: int) -> None:
    assert "limit" in await failure_of(api.get_recent_errors(limit=limit))


async def test_health_report_consists_of_the_other_replies(
    api: LocalMonitorAPI, console: FakeConsole, bus: EventBus
) -> None:
    console.client_list = [client_status("pc1"), client_status("pc2", connected=False)]
    console.listener_list = [listener_status("a")]
    bus.publish(ERROR)
    report = shape(
        await data_of(api.get_health_report()),
        {
            "timestamp": str,
            "health_score": (float, None),
            "overall_status": str,
            "deductions": list,
            "message_listener": dict,
            "api_clients": list,
            "listeners": list,
            "statistics": dict,
            "recent_errors": list,
        },
    )
    assert (report["health_score"], report["overall_status"]) == (85.0, "healthy")
    assert report["message_listener"] == (await api.get_service_status())["data"]
    assert report["api_clients"] == (await api.get_api_clients_status())["data"]
    assert report["listeners"] == (await api.get_listeners_status())["data"]
    assert report["statistics"] == (await api.get_statistics())["data"]
    assert report["recent_errors"] == (await api.get_recent_errors())["data"]
    assert isinstance(report["deductions"], list)
    first, second = [shape(item, DEDUCTION) for item in report["deductions"]]
    assert first == {
        "part": "api_clients",
        "points": 15.0,
        "reason_code": "score.instances_not_connected",
        "params": {"connected": 1, "total": 2},
        "evidence": ["pc2"],
        "measured_at": START,
    }
    assert (second["part"], second["points"]) == ("error_rate", 0.0)


async def test_health_report_of_an_empty_console_is_unknown(api: LocalMonitorAPI) -> None:
    report = await data_of(api.get_health_report())
    assert isinstance(report, dict)
    assert (report["health_score"], report["overall_status"]) == (None, "unknown")


STATE = {"running": bool, "paused": bool, "started_at": (str, None)}


async def test_restart_answers_once_the_service_started_anew(
    api: LocalMonitorAPI, fake_clock: FakeClock
) -> None:
    await fake_clock.advance(93_784)
    state = shape(await data_of(api.restart_service()), STATE)
    assert state == {"running": True, "paused": False, "started_at": LATER}


async def test_stop_start_pause_resume_answer_with_the_state_reached(api: LocalMonitorAPI) -> None:
    assert shape(await data_of(api.stop_service()), STATE)["running"] is False
    assert shape(await data_of(api.start_service()), STATE)["running"] is True
    assert shape(await data_of(api.pause_service()), STATE) == {
        "running": False,
        "paused": True,
        "started_at": START,
    }
    assert shape(await data_of(api.resume_service()), STATE)["paused"] is False
    await api.pause_service()
    assert shape(await data_of(api.restart_service()), STATE)["running"] is True


async def test_what_has_no_sense_in_the_present_state_is_refused_at_once(api: LocalMonitorAPI) -> None:
    await api.pause_service()
    assert "paused" in await failure_of(api.start_service())
    await api.stop_service()
    assert "stopped" in await failure_of(api.pause_service())
    assert "stopped" in await failure_of(api.resume_service())


async def with_time(reply: Awaitable[Fields], clock: FakeClock) -> Fields:
    """Let time pass until the reply comes."""
    answer = asyncio.ensure_future(reply)
    while not answer.done():
        await eventually(lambda: clock.sleepers or answer.done())
        await clock.advance(1)
    return await answer


async def test_restart_whose_loops_do_not_come_up_is_a_failure(
    api: LocalMonitorAPI, control: FakeControl, fake_clock: FakeClock
) -> None:
    control.is_dead = True
    reply = await with_time(api.restart_service(), fake_clock)
    assert reply["success"] is False
    assert "restart" in str(reply["error"])


async def test_loops_that_come_up_late_still_prove_the_restart(
    api: LocalMonitorAPI, control: FakeControl, fake_clock: FakeClock
) -> None:
    control.is_dead = True
    answer = asyncio.ensure_future(api.restart_service())
    await eventually(lambda: fake_clock.sleepers)
    assert not answer.done()
    control.is_dead = False
    await fake_clock.advance(1)
    assert (await answer)["success"] is True


async def test_running_with_instances_but_without_loops_proves_nothing(
    api: LocalMonitorAPI, console: FakeConsole, control: FakeControl, fake_clock: FakeClock
) -> None:
    console.client_list = [client_status("pc1")]
    await control.stop()
    control.starts_loops = False
    assert (await with_time(api.start_service(), fake_clock))["success"] is False


async def test_service_that_refuses_says_why(api: LocalMonitorAPI, control: FakeControl) -> None:
    control.refusal = TransientError("service_change_not_proved", action="stop", waited_s=4)
    assert "stop" in await failure_of(api.stop_service())


@pytest.mark.expects_log("monitor_api call failed")
async def test_call_that_breaks_is_a_reply_and_a_traceback_in_the_log(
    api: LocalMonitorAPI, control: FakeControl
) -> None:
    control.refusal = ZeroDivisionError("planted")
    sentence = await failure_of(api.restart_service())
    assert "ZeroDivisionError" in sentence
    assert "planted" not in sentence


async def test_reload_tells_revision_and_whether_anything_changed(
    api: LocalMonitorAPI, config: FakeConfig
) -> None:
    assert await data_of(api.reload_config()) == {"revision": 7, "changed": False}
    config.differs = True
    assert await data_of(api.reload_config()) == {"revision": 7, "changed": True}
    config.refusal = ConfigError([Problem("rule r1", "chat", "missing")])
    assert "rule r1" in await failure_of(api.reload_config())


def calls_of(api: MonitorAPI) -> list[Awaitable[Fields]]:
    """Every call, with something for each argument that it must have."""
    calls = []
    for name in sorted(vars(MonitorAPI)):
        if not name.startswith("_"):
            call = getattr(api, name)
            wanted = [p for p in inspect.signature(call).parameters.values() if p.default is p.empty]
            calls.append(call(**{parameter.name: "something" for parameter in wanted}))
    return calls


async def test_without_a_console_every_call_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WXAUTO_MGT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    calls = calls_of(monitor_api)
    assert len(calls) >= 12
    for call in calls:
        assert await failure_of(call) == f"No console runs with the data folder {tmp_path}. Start it first"


async def _elsewhere(method: str, _arguments: Mapping[str, object]) -> Fields:
    return {"success": True, "data": f"{method} elsewhere", "timestamp": START}


async def test_proxy_answers_by_the_bound_application_until_it_is_unbound(api: LocalMonitorAPI) -> None:
    proxy = MonitorAPIProxy(elsewhere=_elsewhere)
    proxy.bind(api)
    for call in calls_of(proxy):
        reply = await call
        assert not reply["success"] or "elsewhere" not in str(reply["data"])
    proxy.unbind(api)
    assert await data_of(proxy.get_service_status()) == "get_service_status elsewhere"


async def test_second_application_cannot_take_the_proxy(api: LocalMonitorAPI) -> None:
    proxy = MonitorAPIProxy(elsewhere=_elsewhere)
    proxy.bind(api)
    with pytest.raises(BugError):
        proxy.bind(MonitorAPI())
    proxy.unbind(MonitorAPI())
    assert (await data_of(proxy.get_service_status())) != "get_service_status elsewhere"


async def test_another_part_may_answer_further_calls(api: LocalMonitorAPI) -> None:
    assert await data_of(api._call("greet", name="you"), "count") == "hello you"
    assert "no_such_call" in await failure_of(api._call("no_such_call"))


async def test_a_call_has_one_answer(
    api: LocalMonitorAPI, control: FakeControl, config: FakeConfig, fake_clock: FakeClock
) -> None:
    with pytest.raises(BugError, match="call_answered_twice"):
        LocalMonitorAPI(
            monitor=api._monitor,
            control=control,
            listening_loops=control.loops,
            config=config,
            clock=fake_clock,
            texts=api._texts,
            groups=({"get_statistics": greet},),
        )

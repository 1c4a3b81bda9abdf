"""Commands that ask the console: what people read, what programs read, and the exit status."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.console import TIMESTAMP, Screen, SetReplies
from tests.waiting import eventually
from wxauto_mgt.api.replies import Fields
from wxauto_mgt.cli import log_commands, service_commands, state_commands
from wxauto_mgt.cli.arguments import build_parser
from wxauto_mgt.cli.asking import CallRefused
from wxauto_mgt.cli.commands import (
    Act,
    ConsoleCommand,
    CreateToken,
    EndSilence,
    ListTokens,
    MakeSilence,
    Reload,
    Repair,
    RevokeToken,
    ShowAlerts,
    ShowErrors,
    ShowHealth,
    ShowListeners,
    ShowLogs,
    ShowMetrics,
    ShowServices,
    ShowSilences,
    ShowStatus,
)
from wxauto_mgt.cli.completion import completion_script
from wxauto_mgt.cli.terminal import ExitStatus
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

ROOT = Path(__file__).resolve().parents[2]

STATUS: Fields = {
    "service_name": "message_listener",
    "running": True,
    "paused": False,
    "started_at": TIMESTAMP,
    "uptime_seconds": 93_784.0,
    "uptime_formatted": "1d 02:03:04",
    "task_count": 12,
    "error_count": 0,
    "last_error_time": None,
    "last_error_message": None,
    "memory_usage_mb": 98.76,
    "cpu_percent": None,
}
CLIENT: Fields = {
    "instance_id": "pc1",
    "initialized": True,
    "connected": False,
    "last_check_time": TIMESTAMP,
    "error_count": 3,
    "last_error": "The server does not answer",
    "evidence": [],
}
LISTENER: Fields = {
    "instance_id": "pc1",
    "who": "张\x1b[31m三\n的群",
    "kind": "fixed",
    "active": True,
    "last_message_time": None,
    "last_check_time": TIMESTAMP,
    "message_count": 4,
    "error_count": 0,
}
ERROR: Fields = {
    "timestamp": 1.0,
    "datetime": TIMESTAMP,
    "service_name": "instance:pc1",
    "error_type": "instance_timed_out",
    "error_message": "Probing failed",
    "instance_id": "pc1",
}
DEDUCTIONS: list[Fields] = [
    {
        "part": "api_clients",
        "points": 30.0,
        "reason_code": "score.instances_not_connected",
        "params": {"connected": 0, "total": 1},
        "evidence": ["pc1"],
        "measured_at": TIMESTAMP,
    },
    {
        "part": "listeners",
        "points": 0.0,
        "reason_code": "score.no_listeners_not_applicable",
        "params": {},
        "evidence": [],
        "measured_at": TIMESTAMP,
    },
]


def report(score: float | None = 70.0, status: str = "critical") -> Fields:
    return {
        "timestamp": TIMESTAMP,
        "health_score": score,
        "overall_status": status,
        "deductions": [*DEDUCTIONS],
        "message_listener": STATUS,
        "api_clients": [CLIENT],
        "listeners": [LISTENER],
        "statistics": {"total_messages_processed": 9, "error_rate": 0.125},
        "recent_errors": [ERROR],
    }


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times are shown in the machine's zone."""
    monkeypatch.setenv("TZ", "UTC")
    if hasattr(time, "tzset"):
        time.tzset()
    yield
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()


async def test_status_in_words() -> None:
    screen = Screen(SetReplies(get_service_status=STATUS))
    assert await screen.run(ShowStatus()) == ExitStatus.OK
    assert screen.lines() == [
        "Listener service  running",
        "Started           2026-01-01 00:00:00",
        "Uptime            1d 02:03:04",
        "Background loops  12",
        "Errors            0",
        "Last error        —",
        "Memory (MB)       98.8",
        "CPU (%)           —",
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"paused": True, "running": False}, "paused"),
        ({"running": False}, "not running"),
        (
            {"running": True, "blocked_by": "disk_full"},
            "The listener service runs but takes no messages: the database or the disk cannot be written",
        ),
    ],
)
async def test_a_service_that_rests_is_told_from_one_that_does_not_run(change: Fields, expected: str) -> None:
    screen = Screen(SetReplies(get_service_status={**STATUS, **change}))
    await screen.run(ShowStatus())
    assert screen.lines()[0] == f"Listener service  {expected}"


@pytest.mark.parametrize(
    ("command", "method", "data"),
    [
        (ShowStatus(), "get_service_status", STATUS),
        (ShowHealth(), "get_health_report", report()),
        (ShowErrors(5), "get_recent_errors", [ERROR]),
        (ShowListeners(), "get_listeners_status", [LISTENER]),
        (Act("restart"), "restart_service", {"running": True, "paused": False, "started_at": TIMESTAMP}),
        (Reload(), "reload_config", {"revision": 3, "changed": True}),
        (ShowAlerts(), "get_active_alerts", [{"id": "a"}]),
        (ShowAlerts(24), "get_alert_history", [{"id": "a"}]),
        (MakeSilence("*", 60, ""), "silence", {"id": 1}),
        (EndSilence(1), "end_silence", {"id": 1}),
        (ShowSilences(), "get_silences", [{"id": 1}]),
        (ShowMetrics("cpu", 60), "get_metric_history", [{"name": "cpu"}]),
        (ShowServices(), "get_services", [{"service": "tts"}]),
        (CreateToken("bot", "read", None), "create_token", {"token": "t"}),
        (ListTokens(), "list_tokens", [{"name": "bot"}]),
        (RevokeToken("bot"), "revoke_token", {"name": "bot"}),
        (Repair("tts"), "trigger_recovery", {"recovery_id": "r1"}),
        (ShowHealth(sample=True), "write_health_sample", {"path": "p"}),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
async def test_with_json_the_data_of_the_reply_is_printed(
    command: ConsoleCommand, method: str, data: Fields
) -> None:
    screen = Screen(SetReplies(**{method: data}), as_json=True)
    await screen.run(command)
    assert json.loads(screen.out) == data


@pytest.mark.parametrize(
    ("command", "method"),
    [
        (ShowStatus(), "get_service_status"),
        (ShowHealth(), "get_health_report"),
        (Act("pause"), "pause_service"),
        (ShowLogs(follow=False, count=1), "search_logs"),
        (ShowMetrics(None, 60), "get_metric_names"),
    ],
)
async def test_a_refusal_is_passed_on(command: ConsoleCommand, method: str) -> None:
    api = SetReplies()
    api.refuse(method, "the service is stopped")
    with pytest.raises(CallRefused) as caught:
        await Screen(api).run(command)
    screen = Screen(api, as_json=True)
    assert screen.terminal.refuse(caught.value.sentence) == ExitStatus.FAILED
    assert screen.err == "the service is stopped\n"
    assert json.loads(screen.out) == {"success": False, "error": "the service is stopped"}


async def test_health_tells_what_took_points_and_who_is_concerned() -> None:
    screen = Screen(SetReplies(get_health_report=report()))
    assert await screen.run(ShowHealth()) == ExitStatus.FAILED
    assert screen.lines()[0] == "Health              70  critical"
    assert screen.lines()[5] == "Error rate          12.5%"
    assert "-30     Only 0 of 1 instances are connected to WeChat (pc1)" in screen.out
    assert "not applicable" not in screen.out
    assert "pc1       no         2026-01-01 00:00:00  3       The server does not answer" in screen.out
    assert "Probing failed" in screen.out


@pytest.mark.parametrize(
    ("score", "status", "expected"),
    [
        (92.5, "healthy", ExitStatus.OK),
        (65.0, "warning", ExitStatus.FAILED),
        (None, "unknown", ExitStatus.FAILED),
    ],
)
async def test_the_exit_status_of_health_is_its_verdict(
    score: float | None, status: str, expected: ExitStatus
) -> None:
    for as_json in (False, True):
        screen = Screen(SetReplies(get_health_report=report(score, status)), as_json=as_json)
        assert await screen.run(ShowHealth()) == expected


async def test_health_can_be_watched_over_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_commands, "REFRESH_S", 0.001)
    api = SetReplies(get_health_report=report(92.5, "healthy"))
    screen = Screen(api, as_json=True)
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(screen.run(ShowHealth(watch=True)))
        await eventually(lambda: len(screen.lines()) >= 2)
        api.refuse("get_health_report", "no console")
        await eventually(lambda: "no console" in screen.err)
        api.set("get_health_report", report(55.0, "critical"))
        await eventually(lambda: '"critical"' in screen.out)
        watching.cancel()
    first = json.loads(screen.lines()[0])
    assert first["health_score"] == 92.5


async def test_names_from_strangers_cannot_steer_the_terminal() -> None:
    screen = Screen(SetReplies(get_listeners_status=[LISTENER]), language=Language.ZH_CN)
    await screen.run(ShowListeners())
    assert screen.lines()[1].endswith("张[31m三 的群")
    assert "固定" in screen.lines()[1]


@pytest.mark.parametrize(
    ("command", "method", "expected"),
    [
        (ShowErrors(5), "get_recent_errors", "No errors"),
        (ShowListeners(), "get_listeners_status", "No chat is listened to"),
        (ShowAlerts(), "get_active_alerts", "No active alerts"),
        (ShowAlerts(1), "get_alert_history", "No alerts in that time"),
        (ShowSilences(), "get_silences", "No silences"),
        (ShowServices(), "get_services", "No service is monitored"),
        (ListTokens(), "list_tokens", "No tokens"),
        (ShowMetrics("x", 60), "get_metric_history", "No such figures"),
        (ShowMetrics(None, 60), "get_metric_names", "No such figures"),
    ],
)
async def test_nothing_is_said_in_words(command: ConsoleCommand, method: str, expected: str) -> None:
    screen = Screen(SetReplies(**{method: []}))
    assert await screen.run(command) == ExitStatus.OK
    assert screen.out == f"{expected}\n"


async def test_a_search_that_finds_nothing_says_so() -> None:
    nothing: Fields = {"logs": [], "next_cursor": None}
    screen = Screen(SetReplies(search_logs=nothing))
    assert await screen.run(ShowLogs(follow=False, count=5, words="missing")) == ExitStatus.OK
    assert screen.out == "No such records\n"


async def test_acting_tells_what_was_proved() -> None:
    state: Fields = {"running": True, "paused": False, "started_at": TIMESTAMP}
    api = SetReplies(restart_service=state, pause_service=state, resume_service=state)
    screen = Screen(api)
    for action in ("restart", "pause", "resume"):
        assert await screen.run(Act(action)) == ExitStatus.OK
    assert screen.lines()[0] == "The listener service was restarted (2026-01-01 00:00:00)"
    assert [method for method, _ in api.calls] == ["restart_service", "pause_service", "resume_service"]


async def test_reload_tells_whether_anything_changed() -> None:
    api = SetReplies()
    api.set("reload_config", {"revision": 3, "changed": True}, {"revision": 3, "changed": False})
    screen = Screen(api)
    await screen.run(Reload())
    await screen.run(Reload())
    assert [line.partition(" (")[0] for line in screen.lines()] == [
        "The new configuration is in force",
        "The configuration has not changed",
    ]


ALERT: Fields = {
    "id": "high_cpu_usage:0",
    "rule": "high_cpu_usage",
    "level": "critical",
    "state": "firing",
    "title": "CPU 太高",
    "current_value": 97.126,
    "labels": {"host": "a"},
    "timestamp": TIMESTAMP,
}


async def test_alerts_in_a_table() -> None:
    screen = Screen(SetReplies(get_active_alerts=[ALERT]))
    await screen.run(ShowAlerts())
    assert screen.lines()[1].split() == [
        *(
            "2026-01-01",
            "00:00:00",
            "Critical",
            "Firing",
            "97.13",
            "high_cpu_usage:0",
            "host=a",
            "CPU",
            "太高",
        )
    ]


async def test_a_silence_says_until_when(monkeypatch: pytest.MonkeyPatch) -> None:
    api = SetReplies(silence={"id": 4, "ends_at": TIMESTAMP}, end_silence={"id": 4})
    screen = Screen(api)
    await screen.run(MakeSilence("high_cpu_usage", 900, "why", {"host": "a"}))
    assert api.calls[0][1] == {
        "rule": "high_cpu_usage",
        "labels": {"host": "a"},
        "duration_s": 900,
        "who": "cli",
        "note": "why",
    }
    await screen.run(EndSilence(4))
    assert screen.lines() == [
        "No notices of high_cpu_usage until 2026-01-01 00:00:00 (number 4)",
        "Silence 4 has ended",
    ]
    api.set(
        "get_silences",
        [{"id": 4, "rule": "*", "labels": {"a": "b"}, "ends_at": None, "who": "", "note": "n"}],
    )
    await screen.run(ShowSilences())
    assert screen.lines()[-1].split() == ["4", "*", "a=b", "—", "—", "n"]


async def test_metrics_shows_the_newest_value_of_each() -> None:
    api = SetReplies(get_metric_names=[{"name": "a"}, {"name": "gone"}, {"name": "b"}])
    api.set(
        "get_latest_metric",
        {"name": "a", "value": 1.25, "labels": {}, "timestamp": TIMESTAMP},
        None,
        {"name": "b", "value": 7, "labels": {"target": "pc1"}, "timestamp": TIMESTAMP},
    )
    screen = Screen(api)
    await screen.run(ShowMetrics(None, 60))
    assert [line.split()[2:] for line in screen.lines()[1:]] == [["1.25", "a", "—"], ["7", "b", "target=pc1"]]


SERVICE: Fields = {
    "service": "tts",
    "status": "unhealthy",
    "critical": True,
    "description": "TTS",
    "last_check": TIMESTAMP,
    "response_time_ms": None,
    "consecutive_failures": 4,
    "message": "Connection refused",
    "figures": {"total_requests": 12},
}


async def test_services_in_a_table() -> None:
    screen = Screen(SetReplies(get_services=[SERVICE]))
    assert await screen.run(ShowServices()) == ExitStatus.OK
    assert screen.lines()[1].split() == [
        *("tts", "Unhealthy", "yes", "2026-01-01", "00:00:00", "—", "4", "12", "Connection", "refused")
    ]


def a_run(outcome: str | None) -> Fields:
    return {
        "recovery_id": "r1",
        "outcome": outcome,
        "sentence": "The service is well again",
        "steps": [{"title": "Restart", "sentence": "Restarted", "proof": {"sentence": "It answers"}}],
    }


async def test_a_repair_is_begun() -> None:
    api = SetReplies(trigger_recovery={"recovery_id": "r1", "service": "tts", "state": "running"})
    screen = Screen(api)
    assert await screen.run(Repair("tts")) == ExitStatus.OK
    assert api.calls == [("trigger_recovery", {"service": "tts", "dry_run": False})]
    assert screen.out == "The repair of tts has begun (number r1)\n"


@pytest.mark.parametrize(
    ("outcome", "expected"), [("recovered", ExitStatus.OK), ("not_recovered", ExitStatus.FAILED)]
)
async def test_a_repair_can_be_awaited(
    outcome: str, expected: ExitStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_commands, "POLL_S", 0.001)
    api = SetReplies(trigger_recovery={"recovery_id": "r1"})
    older: Fields = {**a_run("cancelled"), "recovery_id": "r0"}
    api.set("get_recovery_journal", [older], [a_run(None), older], [a_run(outcome), older])
    screen = Screen(api)
    assert await screen.run(Repair("tts", wait=True)) == expected
    assert screen.lines()[1].split() == ["Restart", "Restarted", "It", "answers"]
    assert screen.lines()[-1] == "The service is well again"


async def test_a_dry_run_tells_what_would_be_done() -> None:
    plan: Fields = {
        "service": "tts",
        "why": {"sentence": "It is healthy"},
        "steps": [{"title": "Restart", "would_act": False, "obstacle": "paused"}],
    }
    screen = Screen(SetReplies(trigger_recovery=plan))
    assert await screen.run(Repair("tts", dry_run=True)) == ExitStatus.OK
    assert screen.lines()[0] == "It is healthy"
    assert screen.lines()[2].split() == ["Restart", "no", "paused"]


async def test_a_sample_is_written_by_the_console() -> None:
    screen = Screen(SetReplies(write_health_sample={"path": "/data/logs/sample.json"}))
    assert await screen.run(ShowHealth(sample=True)) == ExitStatus.OK
    assert "/data/logs/sample.json" in screen.out


async def test_a_token_alone_goes_to_standard_output() -> None:
    api = SetReplies(create_token={"name": "bot", "token": "wxm_abc"})
    screen = Screen(api)
    assert await screen.run(CreateToken("bot", "operate", 60.0)) == ExitStatus.OK
    assert api.calls == [("create_token", {"name": "bot", "scope": "operate", "expires_in_s": 60.0})]
    assert screen.out == "wxm_abc\n"
    assert "shown this once" in screen.err


async def test_tokens_are_listed_and_revoked() -> None:
    token: Fields = {
        "name": "bot",
        "prefix": "wxm_ab",
        "scope": "read",
        "created_at": TIMESTAMP,
        "expires_at": None,
        "last_used_at": None,
    }
    screen = Screen(SetReplies(list_tokens=[token], revoke_token={"name": "bot"}))
    await screen.run(ListTokens())
    await screen.run(RevokeToken("bot"))
    assert screen.lines()[1].split() == ["bot", "read", "wxm_ab", "2026-01-01", "00:00:00", "—", "—"]
    assert screen.lines()[2] == "The token bot is useless now"


def record(second: int, message: str, level: str = "INFO", **more: str | None) -> Fields:
    return {
        "timestamp": f"2026-01-01T00:00:{second:02}+00:00",
        "level": level,
        "category": "HEALTH",
        "message": message,
        "exception": None,
        **more,
    }


async def test_logs_come_oldest_first() -> None:
    logs = [
        record(2, "second", instance_id="pc1"),
        record(1, "first", "ERROR", exception="Traceback\n  here"),
    ]
    screen = Screen(SetReplies(search_logs={"logs": [*logs], "next_cursor": None}))
    await screen.run(ShowLogs(follow=False, count=2, words="a b"))
    assert screen.lines() == [
        "2026-01-01 00:00:01 ERROR    HEALTH   first",
        "    Traceback",
        "      here",
        "2026-01-01 00:00:02 INFO     HEALTH   [pc1] second",
    ]
    as_json = Screen(screen.api, as_json=True)
    await as_json.run(ShowLogs(follow=False, count=2))
    assert json.loads(as_json.out) == logs


async def test_followed_logs_show_each_record_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_commands, "POLL_S", 0.001)
    api = SetReplies()
    first, second, twin, third = (
        record(1, "first"),
        record(2, "second"),
        record(2, "at the same time"),
        record(3, "third"),
    )
    api.set(
        "search_logs",
        {"logs": [first], "next_cursor": None},
        {"logs": [twin], "next_cursor": "7"},  # more than a page came at once
        {"logs": [second, first], "next_cursor": None},
        {"logs": [third, twin, second], "next_cursor": None},
    )
    screen = Screen(api)
    async with asyncio.TaskGroup() as group:
        following = group.create_task(screen.run(ShowLogs(follow=True, count=1)))
        await eventually(lambda: "third" in screen.out)
        api.refuse("search_logs", "no console")
        await eventually(lambda: "no console" in screen.err)
        calls = len(api.calls)
        await eventually(lambda: len(api.calls) > calls + 3)
        following.cancel()
    assert [line.partition("HEALTH   ")[2] for line in screen.lines()] == [
        "first",
        "second",
        "at the same time",
        "third",
    ]
    assert screen.err.count("no console") == 1
    assert api.calls[1][1]["since"] == first["timestamp"]


def bash_completes(line: str, script: str) -> list[str]:
    words = line.split(" ")
    program = (
        f"{script}\nCOMP_WORDS=({' '.join(words[:-1])} '{words[-1]}')\nCOMP_CWORD={len(words) - 1}\n"
        '_wxauto_mgt_complete\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(sys.platform == "win32" or not os.path.exists("/bin/bash"), reason="needs bash")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("wxauto-mgt stat", ["status"]),
        ("wxauto-mgt config ", ["check", "import", "export"]),
        ("wxauto-mgt config export --for", ["--format"]),
        ("wxauto-mgt config export --format yaml --with", ["--with-secrets"]),
        ("wxauto-mgt --json health --w", ["--watch"]),
        ("wxauto-mgt completion z", ["zsh"]),
        ("wxauto-mgt nonsense re", ["restart", "reload", "resume"]),
    ],
)
def test_bash_completes_words(line: str, expected: list[str]) -> None:
    script = completion_script("bash", build_parser(Catalogue(Language.EN)))
    assert set(expected) <= set(bash_completes(line, script))
    assert all(word.startswith(line.split(" ")[-1]) for word in bash_completes(line, script))


@pytest.mark.parametrize("shell", ["zsh", "powershell"])
def test_other_shells_get_the_same_words(shell: str) -> None:
    script = completion_script(shell, build_parser(Catalogue(Language.EN)))
    assert "' config'" in script
    assert "check import export" in script
    assert "{name}" not in script

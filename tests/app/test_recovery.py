"""Repairs of a whole console: a real service in its own process fails in every way, the journal tells."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.recovery.little_service import LittleService
from tests.environment import FREE_PORT
from tests.waiting import eventually
from wxauto_mgt.app import Application
from wxauto_mgt.core.alerting.model import RepairWanted
from wxauto_mgt.core.config.model import JSON, Put
from wxauto_mgt.core.recovery.model import RunOutcome, RunRecord

UNHEALTHY = "tts was .* and is unhealthy"
NOT_RECOVERED = "repair ended: tts, not_recovered"
MEND = {"action": "call_endpoint", "url": "http://127.0.0.1:{port}/mend"}
USELESS = {"action": "call_endpoint", "url": "http://127.0.0.1:{port}/useless", "timeout_s": 0.3}
WAIT = {"action": "wait_until_stable", "passes": 2, "tries": 200, "pause_s": 0.02, "failures_at_most": 200}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LittleService]:
    folder = tmp_path / "service"
    folder.mkdir()
    service = LittleService(folder)
    yield service
    service.close()


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[Application]:
    console = await Application.open(data_dir=tmp_path / "data", environment=dict(FREE_PORT))
    fast: dict[str, JSON] = {
        "check_interval": 0.1,
        "grace_s": 0.0,
        "max_retries": 3,
        "restart_cooldown": 0.2,
        "recovery": {"max_attempts": 2},
    }
    checks: dict[str, JSON] = {"timeout_s": 0.3}
    await console.config.apply(
        [Put("settings", "heartbeat", fast), Put("settings", "health_checks", checks)], who="test"
    )
    await console.start()
    yield console
    assert await console.stop() == ()


async def watch(console: Application, service: LittleService, *repairs: Any, **more: Any) -> None:
    document: dict[str, JSON] = {
        "name": "tts",
        "port": service.port,
        "check": {"type": "http", "url": "http://127.0.0.1:{port}/health"},
        "repairs": list(repairs),
        **more,
    }
    await console.config.apply([Put("service", "tts", document)], who="test")


def state_of(console: Application) -> str:
    services = console.checks.board.report().services
    return services["tts"].status.value if "tts" in services else ""


async def ended(console: Application, count: int = 1) -> list[RunRecord]:
    async def runs_that_ended() -> list[RunRecord]:
        runs = [run for run in await console.recovery.recoverer.runs("tts") if run.outcome is not None]
        return runs if len(runs) >= count else []

    found: list[RunRecord] = await eventually(runs_that_ended, timeout_s=30)
    return found


def api_of(console: Application) -> Any:
    """The facade; tests look into its replies without asking the type of each part."""
    return console.api


@pytest.mark.expects_log(UNHEALTHY)
async def test_a_service_that_answers_200_with_an_error_body_is_mended_and_proved(
    console: Application, service: LittleService
) -> None:
    service.start("error")
    await watch(console, service, USELESS, MEND)
    [run] = await ended(console)
    assert run.outcome is RunOutcome.RECOVERED
    assert service.calls() == ["/useless", "/mend"]

    reply = await api_of(console).get_recovery_journal("tts")
    [told] = reply["data"]
    assert (told["trigger"], told["who"], told["outcome"]) == ("failures", "heartbeat", "recovered")
    assert told["before"]["outcome"] == "failed"
    assert [step["proof"]["outcome"] for step in told["steps"]] == ["failed", "ok"]
    assert told["steps"][1]["evidence"]["status"] == 200
    await eventually(lambda: state_of(console) == "healthy", timeout_s=10)

    status = (await api_of(console).get_recovery_status())["data"]
    assert status["enabled"]
    assert status["config"] == {
        "check_interval": 0.1,
        "failure_threshold": 3,
        "max_attempts": 2,
        "restart_cooldown": 0.2,
    }
    tts = status["services"]["tts"]
    assert (tts["state"], tts["attempts"], tts["why"]["code"]) == ("idle", 1, "healthy")
    assert tts["last_recovery"]


@pytest.mark.expects_log(UNHEALTHY)
async def test_one_that_hangs_and_comes_back_by_itself_is_not_said_to_be_repaired(
    console: Application, service: LittleService
) -> None:
    service.start()
    service.hangs()
    await watch(console, service, WAIT, USELESS)

    async def waits() -> bool:
        runs = await console.recovery.recoverer.runs("tts")
        return bool(runs and runs[0].steps)

    begun: Any = waits
    await eventually(begun, timeout_s=30)
    service.goes_on()
    [run] = await ended(console)
    assert run.outcome is RunOutcome.RECOVERED_BY_ITSELF
    assert [step.action for step in run.steps] == ["wait_until_stable"]
    assert service.calls() == [], "it was not touched once it was back"


@pytest.mark.expects_log(UNHEALTHY)
@pytest.mark.expects_log(NOT_RECOVERED)
async def test_one_that_hangs_ends_each_step_at_its_limit(
    console: Application, service: LittleService
) -> None:
    service.start()
    service.hangs()
    await watch(console, service, USELESS)
    run = (await ended(console))[-1]
    [step] = run.steps
    assert step.reason_code == "timed_out"
    assert run.outcome is RunOutcome.NOT_RECOVERED


@pytest.mark.expects_log(UNHEALTHY)
@pytest.mark.expects_log(NOT_RECOVERED)
async def test_one_that_crashed_and_never_comes_back_exhausts_its_budget_until_a_person_helps(
    console: Application, service: LittleService
) -> None:
    service.start()
    service.crashes()
    await watch(console, service, MEND)
    runs = await ended(console, 2)
    assert [run.outcome for run in runs] == [RunOutcome.NOT_RECOVERED] * 2
    assert {step.reason_code for run in runs for step in run.steps} == {"endpoint_unreachable"}
    tts = (await api_of(console).get_recovery_status())["data"]["services"]["tts"]
    assert (tts["state"], tts["why"]["code"]) == ("exhausted", "exhausted")
    titles = "SELECT title FROM notification ORDER BY id"
    told = [row["title"] for row in await console.db.fetch_all(titles)]
    assert told == ["recovery.notice.not_recovered.title", "recovery.notice.needs_person.title"]

    service.start()
    await eventually(lambda: state_of(console) == "healthy", timeout_s=10)

    async def told_that_it_is_well() -> bool:
        rows = await console.db.fetch_all(titles)
        return str(rows[-1]["title"]) == "recovery.notice.well_again.title"

    is_told: Any = told_that_it_is_well
    await eventually(is_told, timeout_s=10)
    assert len(await ended(console, 2)) == 2, "nothing more was done"


@pytest.mark.expects_log(UNHEALTHY)
async def test_a_person_triggers_and_cancels_and_sees_why(
    console: Application, service: LittleService
) -> None:
    service.start("error")
    await watch(console, service, {**WAIT, "delay_s": 600.0})
    await eventually(lambda: state_of(console) == "unhealthy", timeout_s=10)
    api = api_of(console)

    async def runs() -> bool:
        return bool((await api.get_recovery_status())["data"]["services"]["tts"]["state"] == "running")

    is_running: Any = runs
    await eventually(is_running, timeout_s=10)
    again = await api.trigger_recovery("tts")
    assert not again["success"]
    cancelled = await api.cancel_recovery("tts")
    assert cancelled["data"]["cancelled"]
    [run] = (await api.get_recovery_journal("tts"))["data"][-1:]
    assert run["outcome"] == "cancelled"
    plan = (await api.trigger_recovery("tts", dry_run=True))["data"]
    assert [step["action"] for step in plan["steps"]] == ["wait_until_stable"]
    assert not (await api.trigger_recovery("nothing"))["success"]
    assert not (await api.get_recovery_journal(limit=0))["success"]


async def test_an_alert_whose_rule_names_a_service_has_it_repaired(
    console: Application, service: LittleService
) -> None:
    service.start("error")
    slow: dict[str, JSON] = {"check_interval": 0.1, "grace_s": 0.0, "max_retries": 100}
    await console.config.apply([Put("settings", "heartbeat", slow)], who="test")
    await watch(console, service, MEND, failure_threshold=100)
    await eventually(lambda: state_of(console) == "degraded", timeout_s=10)
    console.bus.publish(RepairWanted("tts", "tts_errors", "tts_errors:1"))
    console.bus.publish(RepairWanted("tts", "tts_errors", "tts_errors:1"))
    [run] = await ended(console)
    assert (run.trigger, run.who, run.outcome) == (
        "alert:tts_errors",
        "alert:tts_errors",
        RunOutcome.RECOVERED,
    )
    assert service.calls() == ["/mend"]


@pytest.mark.expects_log("message_listener was .* and is unhealthy")
async def test_stopping_the_listener_is_no_failure_that_is_repaired(console: Application) -> None:
    await eventually(lambda: "message_listener" in console.checks.board.report().services)
    await console.listener.stop()
    status = (await api_of(console).get_recovery_status())["data"]["services"]["message_listener"]
    assert status["has_repairs"]
    await eventually(
        lambda: console.recovery.recoverer.of_service("message_listener").why.code == "stopped_by_person",
        timeout_s=10,
    )
    await eventually(
        lambda: console.checks.board.report().services["message_listener"].status.value == "unhealthy",
        timeout_s=10,
    )
    assert list(await console.recovery.recoverer.runs("message_listener")) == []


@pytest.mark.expects_log(UNHEALTHY)
@pytest.mark.parametrize("fault", ["crash", "hang"])
async def test_a_process_that_the_console_runs_is_restarted_when_it_crashes_or_hangs(
    console: Application, service: LittleService, fault: str
) -> None:
    service.becomes("ok")
    process = {"command": service.command, "restart": "never", "stop_timeout_s": 0.2}
    # On a busy machine its first start takes longer than three checks, and would be repaired.
    await console.config.apply([Put("settings", "heartbeat", {"max_retries": 100})], who="test")
    await watch(console, service, {"action": "restart_process"}, process=process, timeout_s=1.0)
    await eventually(lambda: state_of(console) == "healthy", timeout_s=30)
    await console.config.apply([Put("settings", "heartbeat", {"max_retries": 3})], who="test")
    before = console.processes.managed.status_of("tts").pid
    assert before is not None

    os.kill(before, signal.SIGKILL if fault == "crash" else signal.SIGSTOP)
    [run] = await ended(console)
    assert run.outcome is RunOutcome.RECOVERED
    [step] = run.steps
    assert (step.action, step.proof and step.proof.outcome) == ("restart_process", "ok")
    after = console.processes.managed.status_of("tts").pid
    assert after not in (None, before)
    assert service.answers()
    recovery = console.recovery.recoverer.of_service("tts")
    assert recovery.attempts == 1

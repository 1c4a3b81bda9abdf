"""Restarting a managed process, or a service of the system by a stand-in for the system's program."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import cast

import pytest

from tests.core.recovery.processes.conftest import IDLE, Bench, program
from wxauto_mgt.core.config.pydantic_sections import validate_document
from wxauto_mgt.core.recovery.actions import restart_system_service as module
from wxauto_mgt.core.recovery.actions.contract import RepairContext, RepairOutcome
from wxauto_mgt.core.recovery.actions.restart_process import RestartProcess, RestartProcessConfig
from wxauto_mgt.core.recovery.actions.restart_system_service import (
    RestartSystemService,
    RestartSystemServiceConfig,
    restart_command,
)
from wxauto_mgt.core.recovery.processes.model import ProcessState
from wxauto_mgt.errors import ConfigError
from wxauto_mgt.runtime.platform import System
from wxauto_mgt.storage.database import Database


class Context:
    def __init__(self, processes: object = None) -> None:
        self.service = "tts"
        self.processes = processes


def restart_process(bench: Bench, service: str = "") -> RestartProcess:
    context = cast("RepairContext", Context(bench.processes))
    return RestartProcess(RestartProcessConfig(service=service), context)


@pytest.fixture
async def bench(db: Database) -> AsyncIterator[Bench]:
    async with Bench(db=db) as bench:
        yield bench


async def test_a_process_is_restarted(bench: Bench) -> None:
    bench.configure("tts", program(IDLE))
    before = await bench.until(ProcessState.RUNNING)
    action = restart_process(bench)
    assert await action.precondition() is None
    result = await action.run()
    after = bench.processes.status_of("tts")
    assert (result.outcome, result.reason_code) == (RepairOutcome.DONE, "process_restarted")
    assert (result.evidence["pid_before"], result.evidence["pid"]) == (before.pid, after.pid)
    assert before.pid != after.pid


async def test_what_a_person_stopped_stays_stopped(bench: Bench) -> None:
    bench.configure("tts", program(IDLE))
    await bench.until(ProcessState.RUNNING)
    await bench.processes.stop("tts")
    result = await restart_process(bench).run()
    assert (result.outcome, result.reason_code) == (
        RepairOutcome.NOT_APPLICABLE,
        "process_stopped_by_person",
    )
    assert bench.processes.status_of("tts").state is ProcessState.STOPPED


@pytest.mark.expects_log("waits for a person")
@pytest.mark.expects_log("tts ended by itself")
async def test_a_crash_loop_is_a_persons_matter(bench: Bench) -> None:
    bench.configure("tts", program("raise SystemExit(1)"))
    await bench.until(ProcessState.GAVE_UP)
    assert (await restart_process(bench).run()).reason_code == "process_given_up"


async def test_a_service_without_a_process(bench: Bench) -> None:
    assert (await restart_process(bench, "nobody").run()).reason_code == "process_unknown"


@pytest.mark.expects_log("tts cannot be started: program_missing")
async def test_a_process_that_does_not_start_again_failed(bench: Bench) -> None:
    bench.configure("tts", program(IDLE).model_copy(update={"command": ("no-such-program",)}))
    await bench.until(ProcessState.FAILED)
    result = await restart_process(bench).run()
    assert (result.outcome, result.reason_code) == (RepairOutcome.FAILED, "process_not_restarted")
    assert (result.evidence["reason_code"], result.evidence["program"]) == (
        "program_missing",
        "no-such-program",
    )


STAND_IN = """#!{python}
import pathlib, sys
folder = pathlib.Path({folder!r})
with (folder / "calls").open("a") as calls: calls.write(" ".join(sys.argv[1:]) + "\\n")
state = folder / "state"
verb = sys.argv[1]
if verb in ("stop", "start"): state.write_text("STOPPED" if verb == "stop" else "RUNNING")
answer = folder / f"answer_{{verb}}"
code, _, text = (answer.read_text() if answer.exists() else "0 ").partition(" ")
print(text or f"        状态               : 1  {{state.read_text() if state.exists() else ''}}")
sys.exit(int(code))
"""


class StandIn:
    """`systemctl`, `sc.exe` or `launchctl` as the action finds it: notes its arguments, answers as told."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        file = folder / name
        file.write_text(STAND_IN.format(python=sys.executable, folder=str(folder)), encoding="utf-8")
        file.chmod(0o755)

    def answers(self, verb: str, code: int, text: str) -> None:
        (self.folder / f"answer_{verb}").write_text(f"{code} {text}", encoding="utf-8")

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()


Become = Callable[[System], StandIn]


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Become:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")

    def become(system: System) -> StandIn:
        monkeypatch.setattr(module, "this_system", lambda: system)
        return StandIn(tmp_path, module._PROGRAMS[system])

    return become


def restart_service(name: str = "nginx", *, of_user: bool = False) -> RestartSystemService:
    config = validate_document(
        RestartSystemServiceConfig, {"name": name, "of_user": of_user}, place="service tts"
    )
    return RestartSystemService(config, cast("RepairContext", Context()))


async def test_systemd(system: Become) -> None:
    stand_in = system(System.LINUX)
    result = await restart_service().run()
    assert (result.outcome, result.reason_code) == (RepairOutcome.DONE, "system_service_restarted")
    assert stand_in.calls == ["--no-ask-password restart nginx"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Failed to restart nginx.service: Access denied", "system_service_denied"),
        ("Failed to restart nginx.service: Interactive authentication required.", "system_service_denied"),
        ("Failed to restart nginx.service: Unit nginx.service not found.", "system_service_unknown"),
        ("Job for nginx.service failed.", "system_service_failed"),
    ],
)
async def test_systemd_refuses(system: Become, text: str, code: str) -> None:
    system(System.LINUX).answers("--no-ask-password", 1, text)
    result = await restart_service().run()
    assert (result.outcome, result.reason_code) == (RepairOutcome.FAILED, code)
    assert result.evidence == {"exit_code": 1, "output": text}


async def test_windows_stops_waits_and_starts(system: Become) -> None:
    stand_in = system(System.WINDOWS)
    assert (await restart_service("Spooler").run()).reason_code == "system_service_restarted"
    assert stand_in.calls == ["stop Spooler", "query Spooler", "start Spooler"]


@pytest.mark.parametrize(
    ("exit_code", "code", "calls"),
    [
        (5, "system_service_denied", 1),
        (1060 % 256, "system_service_failed", 1),
    ],
)
async def test_windows_refuses(system: Become, exit_code: int, code: str, calls: int) -> None:
    stand_in = system(System.WINDOWS)
    stand_in.answers("stop", exit_code, "拒绝访问。")
    assert (await restart_service("Spooler").run()).reason_code == code
    assert len(stand_in.calls) == calls


def test_launchd() -> None:
    assert restart_command(System.MACOS, "com.example.tts", of_user=False) == [
        "launchctl", "kickstart", "-k", "system/com.example.tts"
    ]  # fmt: skip
    assert restart_command(System.LINUX, "tts", of_user=True) == [
        "systemctl", "--user", "--no-ask-password", "restart", "tts"
    ]  # fmt: skip


async def test_a_machine_without_the_systems_program_says_so(system: Become) -> None:
    (system(System.LINUX).folder / "systemctl").unlink()
    result = await restart_service().run()
    assert (result.outcome, result.reason_code) == (RepairOutcome.NOT_APPLICABLE, "system_program_missing")


async def test_a_program_that_never_answers_leaves_the_outcome_unknown(
    system: Become, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_COMMAND_TIMEOUT_S", 0.2)
    file = system(System.LINUX).folder / "systemctl"
    file.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    result = await restart_service().run()
    assert (result.outcome, result.reason_code) == (RepairOutcome.UNKNOWN, "system_service_no_answer")


@pytest.mark.parametrize("name", ["-h", "a;reboot", "$(x)", "a/b", "", "a\nb", "../x", "a|b"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        restart_service(name)

"""A process runs, ends, is started again or given up, and is stopped with all that it began."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.core.recovery.processes.conftest import IDLE, QUICK, Bench, lives, pid_in, program
from tests.fakes.clock import FakeClock
from tests.waiting import eventually
from wxauto_mgt.core.recovery.processes.model import ProcessState, ProcessTimings
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.backoff import Backoff
from wxauto_mgt.storage.database import Database

RUNNING, STOPPED, WAITING = ProcessState.RUNNING, ProcessState.STOPPED, ProcessState.WAITING
ENDED = "tts ended by itself"
# Ignores the polite request, as a hung program does.
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + IDLE
CHILD = """
import subprocess, sys, pathlib
child = subprocess.Popen([sys.executable, "-c", sys.argv[2]], start_new_session=sys.argv[3] == "apart")
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
"""


def has_restarted(bench: Bench, times: int) -> bool:
    return bench.processes.status_of("tts").restarts == times


posix_only = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


async def test_it_starts_with_the_console_and_is_stopped_and_started_by_a_person(bench: Bench) -> None:
    bench.configure("tts", program(IDLE))
    status = await bench.until(RUNNING)
    assert status.pid is not None
    assert lives(status.pid)
    assert status.started_at is not None
    await bench.wrote("ready")

    stopped = await bench.processes.stop("tts")
    assert (stopped.state, stopped.pid, stopped.reason_code) == (STOPPED, None, "stopped")
    assert not lives(status.pid)
    again = await bench.processes.start("tts")
    assert again.state is RUNNING
    assert again.pid != status.pid
    assert (await bench.processes.start("tts")).pid == again.pid
    assert (await bench.processes.restart("tts")).pid not in (again.pid, None)


async def test_without_autostart_it_waits_for_a_person(bench: Bench) -> None:
    bench.configure("tts", program(IDLE, autostart=False))
    await eventually(lambda: bench.status())
    assert bench.processes.status_of("tts").state is STOPPED
    assert (await bench.processes.start("tts")).state is RUNNING


@pytest.mark.expects_log(ENDED)
@posix_only
async def test_a_killed_process_is_started_again(bench: Bench) -> None:
    bench.configure("tts", program(IDLE))
    first = await bench.until(RUNNING)
    await bench.wrote("ready")
    psutil.Process(first.pid).kill()
    await eventually(lambda: bench.processes.status_of("tts").pid not in (None, first.pid), timeout_s=20)
    assert bench.processes.status_of("tts").restarts == 1
    assert ("tts", WAITING) in bench.states


@pytest.mark.parametrize(
    ("policy", "code", "starts"), [("never", 3, 1), ("on_failure", 0, 1), ("always", 0, 2)]
)
async def test_the_policy_says_whether_it_comes_back(
    bench: Bench, tmp_path: Path, policy: str, code: int, starts: int
) -> None:
    text = """
import pathlib, sys, time
file = pathlib.Path(sys.argv[1])
with file.open("a") as count: count.write("x")
if len(file.read_text()) == 2: time.sleep(60)
sys.exit(int(sys.argv[2]))
"""
    runs = tmp_path / "runs"
    bench.configure("tts", program(text, str(runs), str(code), restart=policy))
    wanted = STOPPED if starts == 1 else RUNNING
    await eventually(lambda: runs.exists() and len(runs.read_text()) == starts, timeout_s=20)
    status = await bench.until(wanted)
    if starts == 1:
        assert (status.exit_code, status.reason_code, status.params) == (code, "ended", {"exit_code": code})


@pytest.mark.expects_log("waits for a person")
@pytest.mark.expects_log(ENDED)
async def test_a_crash_loop_is_seen_and_left_to_a_person(bench: Bench) -> None:
    bench.configure("tts", program("import sys; print('no model'); sys.exit(3)"))
    status = await bench.until(ProcessState.GAVE_UP)
    assert status.reason_code == "crash_loop"
    assert status.params == {"times": 5, "exit_code": 3}
    assert (status.restarts, status.exit_code) == (4, 3)
    assert bench.processes.output("tts") == ("no model",) * 5
    # A better configuration is as good as a person.
    bench.configure("tts", program(IDLE))
    await bench.until(RUNNING)


@pytest.mark.expects_log(ENDED)
async def test_the_pauses_between_restarts_grow_up_to_a_cap(db: Database, fake_clock: FakeClock) -> None:
    steady = Backoff(base_s=1.0, cap_s=4.0, jitter_ratio=0)
    timings = ProcessTimings(restart=steady, looks_every_s=0.005, quick_ends_at_most=100)
    pauses = []
    async with Bench(db=db, clock=fake_clock, timings=timings) as bench:
        bench.configure("tts", program("raise SystemExit(1)"))
        for restarts in range(5):
            status = await bench.until(WAITING)
            assert status.restarts == restarts
            pause_s = status.next_start_in_s or 0.0
            pauses.append(pause_s)
            await fake_clock.advance(pause_s)
            await eventually(partial(has_restarted, bench, restarts + 1), timeout_s=20)
        # One that ran for long is no crash loop: the next pause is short again.
        bench.configure("tts", program(IDLE))
        await bench.wrote("ready")
        await fake_clock.advance(timings.quick_s)
        psutil.Process(bench.processes.status_of("tts").pid).kill()
        pauses.append((await bench.until(WAITING)).next_start_in_s or 0.0)
    assert pauses == [1.0, 2.0, 4.0, 4.0, 4.0, 1.0]


@posix_only
async def test_one_that_does_not_listen_is_ended_after_its_time(bench: Bench) -> None:
    bench.configure("tts", program(STUBBORN, stop_timeout_s=0.2))
    pid = (await bench.until(RUNNING)).pid
    assert pid is not None
    await bench.wrote("ready")
    assert (await bench.processes.stop("tts")).state is STOPPED
    assert not lives(pid)


@posix_only
async def test_it_ends_politely_where_it_can(bench: Bench, tmp_path: Path) -> None:
    text = """
import pathlib, signal, sys, time
def end(*_): pathlib.Path(sys.argv[1]).write_text("goodbye"); sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
while True: time.sleep(60)
"""
    bench.configure("tts", program(text, str(tmp_path / "words")))
    await bench.wrote("ready")
    await bench.processes.stop("tts")
    assert (tmp_path / "words").read_text() == "goodbye"


@pytest.mark.parametrize("apart", ["together", "apart"])
async def test_children_do_not_outlive_a_stop(bench: Bench, tmp_path: Path, apart: str) -> None:
    bench.configure("tts", program(CHILD + IDLE, str(tmp_path / "pid"), STUBBORN, apart, stop_timeout_s=1))
    await bench.until(RUNNING)
    child = await pid_in(tmp_path / "pid")
    await bench.processes.stop("tts")
    assert not lives(child)


@pytest.mark.parametrize("apart", ["together", "apart"])
async def test_children_that_outlive_their_parent_are_ended_before_it_starts_again(
    bench: Bench, tmp_path: Path, apart: str
) -> None:
    """They would hold its port and its pipe."""
    config = program(CHILD + "print('gone')", str(tmp_path / "pid"), IDLE, apart, restart="never")
    bench.configure("tts", config)
    child = await pid_in(tmp_path / "pid")
    status = await bench.until(STOPPED)
    await eventually(lambda: bench.processes.status_of("tts").reason_code == "ended", timeout_s=20)
    assert not lives(child)
    assert "gone" in bench.processes.output("tts")
    assert status.service == "tts"


MISSING = [
    ("program_missing", {"command": ("no-such-program-here",)}),
    ("folder_missing", {"command": (sys.executable,), "cwd": "/no/such/folder"}),
    ("variable_missing", {"command": (sys.executable,), "env": {"A": "${NOT_SET_ANYWHERE}"}}),
]


@pytest.mark.expects_log("tts cannot be started: ")
@pytest.mark.parametrize(("code", "fields"), MISSING)
async def test_what_cannot_be_started_says_why_and_is_not_tried_for_ever(
    bench: Bench, code: str, fields: dict[str, object]
) -> None:
    bench.configure("tts", program("").model_copy(update=fields))
    status = await bench.until(ProcessState.FAILED)
    assert status.reason_code == code
    assert str(next(iter(status.params.values()))) in str(fields)
    assert (await bench.processes.start("tts")).state is ProcessState.FAILED


@posix_only
@pytest.mark.expects_log("tts cannot be started: program_not_allowed")
async def test_a_file_that_is_no_program_says_so(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"\x00\x01")
    bench.configure("tts", program("").model_copy(update={"command": (str(tmp_path / "model.bin"),)}))
    status = await bench.until(ProcessState.FAILED)
    assert (status.reason_code, status.params["program"]) == (
        "program_not_allowed",
        str(tmp_path / "model.bin"),
    )


@pytest.mark.expects_log("tts cannot be started now: port_held")
async def test_a_port_that_somebody_holds_is_named_and_waited_for(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        bench.configure("tts", program(IDLE), port=port)
        status = await bench.until(WAITING)
        own = psutil.Process()
        assert (status.reason_code, dict(status.params)) == (
            "port_held",
            {"port": port, "pid": own.pid, "name": own.name()},
        )
        assert status.pid is None
    await bench.until(RUNNING)


async def test_a_port_that_its_own_child_kept_does_not_keep_it_from_starting(
    bench: Bench, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = (
        "import socket, time, sys\n"
        f"s = socket.create_server(('127.0.0.1', {port}))\nprint('listens', flush=True)\ntime.sleep(60)"
    )
    bench.configure("tts", program(CHILD + IDLE, str(tmp_path / "pid"), server, "apart"), port=port)
    await bench.wrote("listens")
    child = await pid_in(tmp_path / "pid")
    status = await bench.processes.restart("tts")
    assert status.state is RUNNING
    assert not lives(child)


async def test_an_edit_restarts_only_what_runs_otherwise(bench: Bench) -> None:
    bench.configure("tts", program(IDLE))
    bench.configure("asr", program(IDLE))
    first, asr = await bench.until(RUNNING), await bench.until(RUNNING, "asr")
    bench.configure("tts", program(IDLE, restart="never"))
    await eventually(lambda: bench.processes._processes["tts"].spec == bench.specs["tts"])
    assert bench.processes.status_of("tts").pid == first.pid
    bench.configure("tts", program(IDLE, env={"A": "1"}))
    await eventually(lambda: bench.processes.status_of("tts").pid not in (None, first.pid), timeout_s=20)
    del bench.specs["tts"]
    bench.processes.refresh()
    await eventually(lambda: bench.status() is None, timeout_s=20)
    assert bench.processes.status_of("asr").pid == asr.pid
    with pytest.raises(PermanentError, match="process_unknown"):
        await bench.processes.start("tts")


async def test_it_gets_the_consoles_environment_and_its_own(bench: Bench) -> None:
    text = "import os; print(os.environ['A'], 'WXAUTO_MGT_API_TOKEN' in os.environ, os.getcwd(), flush=True)"
    bench.configure("tts", program(text, env={"A": "値"}, cwd=str(Path(sys.prefix)), restart="never"))
    await bench.wrote(f"値 False {Path(sys.prefix)}")


async def test_usage_is_measured_for_the_whole_tree(bench: Bench, tmp_path: Path) -> None:
    busy = "while True: pass"
    bench.configure("tts", program(CHILD + IDLE, str(tmp_path / "pid"), busy, "together", stop_timeout_s=0.5))
    child = await pid_in(tmp_path / "pid")

    def measured() -> bool:
        status = bench.processes.status_of("tts")
        members = {member.identity.pid: member for member in status.usage.members}
        return child in members and bool(members[child].cpu_percent)

    await eventually(measured, timeout_s=20)
    status = bench.processes.status_of("tts")
    assert [member.identity.pid for member in status.usage.members] == [status.pid, child]
    assert (status.usage.memory_mb or 0) > 5
    names = {(sample.key.name, sample.key.labels) for sample in bench.processes.metrics()}
    assert ("process_memory_usage", (("service", "tts"),)) in names


async def test_two_at_once_start_it_once(bench: Bench) -> None:
    bench.configure("tts", program(IDLE, autostart=False))
    await eventually(lambda: bench.status())
    found = await asyncio.gather(*(bench.processes.start("tts") for _ in range(5)))
    assert len({status.pid for status in found}) == 1


async def test_a_caller_that_goes_away_leaves_nothing_half_done(bench: Bench) -> None:
    bench.configure("tts", program(IDLE, autostart=False))
    await eventually(lambda: bench.status())
    call = asyncio.ensure_future(bench.processes.start("tts"))
    await asyncio.sleep(0)
    call.cancel()
    status = await bench.until(RUNNING)
    assert status.pid is not None
    assert lives(status.pid)


@posix_only
async def test_a_console_that_stops_starts_nothing_again_and_waits_once(bench: Bench) -> None:
    """A restart under way would start it once more, only to wait for its end a second time."""
    bench.configure("tts", program(STUBBORN, stop_timeout_s=0.5))
    await bench.until(RUNNING)
    await bench.wrote("ready")
    restart = asyncio.create_task(bench.processes.restart("tts"))
    await bench.until(ProcessState.STOPPING)
    await bench.processes.close()
    assert (await restart).state is STOPPED
    assert [state for _, state in bench.states].count(RUNNING) == 1
    assert bench.processes.status_of("tts").state is STOPPED


@posix_only
@pytest.mark.expects_log(ENDED)
async def test_a_signal_is_named(bench: Bench) -> None:
    bench.configure("tts", program("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"))
    status = await bench.until(WAITING)
    assert (status.reason_code, dict(status.params)) == ("ended_by_signal", {"signal": "SIGSEGV"})
    assert status.exit_code == -signal.SIGSEGV
    await bench.processes.stop("tts")
    assert QUICK.quick_ends_at_most == 5

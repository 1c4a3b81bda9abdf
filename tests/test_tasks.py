"""What a newcomer's first command depends on, as far as it can be told without a fresh machine."""

from __future__ import annotations

import ast
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import tasks

NEEDS_SIGNALS = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))


def test_an_old_python_can_read_the_file_that_tells_it_so() -> None:
    ast.parse(Path(tasks.__file__).read_text(encoding="utf-8"), feature_version=(3, 7))


def test_an_old_python_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    assert tasks.main(["test"]) == 1
    assert re.fullmatch(r"tasks\.py: Python 3\.11 or newer is needed.*\n", capsys.readouterr().err)


@pytest.mark.parametrize(("argv", "status"), [([], 2), (["--help"], 0), (["tset"], 2)])
def test_usage_names_every_task(argv: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert tasks.main(argv) == status
    shown = capsys.readouterr().out
    assert all(name in shown for name in tasks.TASKS)


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((tasks.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for lock, wanted in [
        (tasks.LOCK, project["dependencies"]),
        (tasks.DEV_LOCK, project["dependencies"] + project["optional-dependencies"]["dev"]),
    ]:
        locked = {name.lower(): version for name, version in pins(lock).items()}
        assert {pin: locked.get(pin.split("==")[0].lower()) for pin in wanted} == {
            pin: pin.split("==")[1] for pin in wanted
        }


def test_both_locks_agree() -> None:
    assert pins(tasks.LOCK).items() <= pins(tasks.DEV_LOCK).items()


def test_a_status_is_passed_on() -> None:
    assert tasks.call(sys.executable, "-c", "raise SystemExit(3)") == 3


def test_what_cannot_be_started_is_a_failure() -> None:
    status, reason = tasks.quietly(tasks.ROOT / "no-such-program")
    assert status == 127
    assert "no-such-program" in reason


@NEEDS_SIGNALS
def test_a_command_that_was_killed_did_not_succeed() -> None:
    assert tasks.call(sys.executable, "-c", "import os; os.kill(os.getpid(), 9)") == 128 + 9


STOPS_IN_ITS_OWN_TIME = """
import signal, sys, time
def stop(*_):
    time.sleep(0.5)
    sys.exit({status})
signal.signal(signal.SIG{name}, stop)
print("ready", flush=True)
time.sleep(60)
"""
CALLER = """
import sys, tasks
tasks.TASKS["child"] = lambda rest: tasks.call(sys.executable, "-c", *rest)
sys.exit(tasks.main(["child", sys.argv[1]]))
"""


@NEEDS_SIGNALS
@pytest.mark.parametrize(("status", "told"), [(0, 0), (7, 130)])
@pytest.mark.parametrize(("name", "send"), [("INT", "killpg"), ("TERM", "kill")])
def test_a_command_that_is_stopped_ends_in_its_own_time(name: str, send: str, status: int, told: int) -> None:
    """A terminal sends Ctrl-C to both; a polite kill reaches only the parent, which hands it on."""
    child = STOPS_IN_ITS_OWN_TIME.format(name=name, status=status)
    with subprocess.Popen(
        [sys.executable, "-c", CALLER, child], cwd=tasks.ROOT, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        getattr(os, send)(process.pid, getattr(signal, f"SIG{name}"))
        assert process.wait(timeout=20) == told


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, ...]]:
    """The system packages that each task asks for, without installing or running anything."""
    asked: dict[str, tuple[str, ...]] = {}
    task = ""

    def prepare(_lock: Path, packages: tuple[str, ...] = ()) -> None:
        asked[task] = asked.get(task, ()) + packages

    monkeypatch.setattr(tasks, "prepare", prepare)
    monkeypatch.setattr(tasks, "call", lambda *_command, **_options: 0)
    for task in tasks.TASKS:
        assert tasks.main([task]) == 0
    return asked


def test_servers_are_installed_for_the_tests_alone(packages: dict[str, tuple[str, ...]]) -> None:
    users = {task for task, asked in packages.items() if set(tasks.CHECKED_SERVERS) & set(asked)}
    assert users == {"test"}
    assert set(tasks.CHECKED_SERVERS) <= set(packages["test"])

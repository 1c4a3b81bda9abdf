"""The checks that look for processes and that start them, with real ones."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.core.monitoring.checks.contexts import config_of, context, said
from tests.waiting import eventually
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.monitoring.checks.command import SHOWN_CHARS, CommandCheck, CommandConfig
from wxauto_mgt.core.monitoring.checks.contract import CheckResult
from wxauto_mgt.core.monitoring.checks.process_by_name import ProcessByNameCheck, ProcessByNameConfig
from wxauto_mgt.errors import ConfigError

MARK = f"mark-of-the-tests-{os.getpid()}"
SLEEPS = "import time; print('up', flush=True); time.sleep(60)"
FAMILY = f"""
import subprocess, sys, time
nap = "import time; time.sleep(60)"
child = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1], '{MARK}'])"
subprocess.Popen([sys.executable, "-c", child, nap, "{MARK}"], start_new_session=True)
print("begun", flush=True)
time.sleep(60)
"""
"""A child in a session of its own, and its child."""


@pytest.fixture
def sleepers() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two processes with a mark of their own in their command lines."""
    begun = [subprocess.Popen([sys.executable, "-c", SLEEPS, MARK], stdout=subprocess.PIPE) for _ in range(2)]
    for process in begun:
        assert process.stdout is not None
        process.stdout.readline()
    yield begun
    for process in begun:
        process.kill()
        process.communicate()


def running(**fields: JSON) -> ProcessByNameCheck:
    return ProcessByNameCheck(config_of(ProcessByNameConfig, **fields), context())


async def test_processes_are_counted_and_measured(sleepers: list[subprocess.Popen[bytes]]) -> None:
    check = running(command_part=MARK, min_count=2)
    first, second = await check.run(), await check.run()
    assert said(first) == said(second) == ("ok", "process_runs")
    assert first.evidence["cpu_percent"] is None  # nothing to compare with yet
    assert isinstance(second.evidence["cpu_percent"], float)
    shown = {int(pid) for pid in str(second.evidence["pids"]).split(", ")}
    assert shown == {process.pid for process in sleepers}
    assert float(second.evidence["memory_mb"] or 0) > 1
    assert str(second.evidence["started_at"]).startswith("20")


async def test_too_few_and_none_are_told_apart(sleepers: list[subprocess.Popen[bytes]]) -> None:
    check = running(command_part=MARK, min_count=3)
    assert said(await check.run()) == ("failed", "process_too_few")
    for process in sleepers:
        process.kill()  # and nobody waits for them: a zombie does not run
    await asyncio.to_thread(lambda: [process.wait() for process in sleepers])
    assert said(await check.run()) == ("failed", "process_not_running")


async def test_a_name_is_whole_and_its_case_does_not_matter(
    sleepers: list[subprocess.Popen[bytes]],
) -> None:
    name = psutil.Process(sleepers[0].pid).name()
    assert said(await running(name=name.upper() + ".EXE", command_part=MARK).run()) == ("ok", "process_runs")
    assert said(await running(name=name[:-1], command_part=MARK).run()) == ("failed", "process_not_running")


def test_some_process_must_be_meant() -> None:
    with pytest.raises(ConfigError) as refused:
        running(name=" ")
    assert [problem.reason for problem in refused.value.problems] == ["process_unnamed"]


async def ran(code: str, *arguments: str, **fields: JSON) -> CheckResult:
    command: list[JSON] = [sys.executable, "-c", code, *arguments]
    config = config_of(CommandConfig, command=command, **fields)
    return await CommandCheck(
        config, context(port=7000, redact=lambda text: text.replace("hunter22", "***"))
    ).run()


@pytest.mark.parametrize(
    ("code", "fields", "expected"),
    [
        ("print('all well')", {}, ("ok", "command_succeeded")),
        ("print('all well')", {"expected_output": "well"}, ("ok", "command_succeeded")),
        ("print('not so')", {"expected_output": "well"}, ("failed", "command_output_unexpected")),
        ("raise SystemExit(3)", {}, ("failed", "command_failed")),
        ("raise SystemExit(3)", {"ok_code": 3}, ("ok", "command_succeeded")),
        ("raise SystemExit(1)", {"degraded_code": 1}, ("degraded", "command_degraded")),
    ],
)
async def test_the_exit_code_and_the_output_decide(
    code: str, fields: dict[str, JSON], expected: tuple[str, str]
) -> None:
    assert said(await ran(code, **fields)) == expected


async def test_arguments_reach_the_program_as_they_are_but_for_the_port() -> None:
    result = await ran("import sys; print(sys.argv[1:])", "$HOME; echo *", "{port}")
    assert result.evidence["output"] == "['$HOME; echo *', '7000']"


async def test_output_is_redacted_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WXAUTO_MGT_API_TOKEN", "a-token-of-ours")
    code = "import os; print(os.environ.get('WXAUTO_MGT_API_TOKEN')); print('key hunter22', flush=True)"
    result = await ran(code)
    assert result.evidence["output"] == "None\nkey ***"
    flood = await ran("print('x' * 50_000_000); print(*range(100_000), sep='\\n')", expected_output="99999")
    assert said(flood) == ("ok", "command_succeeded")
    assert len(str(flood.evidence["output"])) <= SHOWN_CHARS


async def test_when_its_time_is_over_the_whole_family_is_killed() -> None:
    result = await ran(FAMILY, MARK, time_limit_s=1.0)
    assert said(result) == ("failed", "command_timed_out")
    assert result.evidence["left_running"] == 0
    assert result.evidence["output"] == "begun"
    assert said(await running(command_part=MARK).run()) == ("failed", "process_not_running")


async def test_a_check_that_is_given_up_leaves_nothing_running() -> None:
    config = config_of(CommandConfig, command=[sys.executable, "-c", SLEEPS, MARK], time_limit_s=50)
    check = CommandCheck(config, context())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await check.run()
    await eventually(lambda: not _marked())


async def test_what_cannot_be_started_fails(tmp_path: Path) -> None:
    config = config_of(CommandConfig, command=[str(tmp_path / "gone")])
    result = await CommandCheck(config, context()).run()
    assert said(result) == ("failed", "command_not_started")
    assert result.params["cause"] == "FileNotFoundError"


def _marked() -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "status"])
        if MARK in (process.info["cmdline"] or ()) and process.info["status"] != psutil.STATUS_ZOMBIE
    ]

"""Checks by running a program of the operator's: its exit code, and what it says."""

from __future__ import annotations

import os
import secrets
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, Field

from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import ConfigModel, refuse
from wxauto_mgt.core.monitoring.checks.addresses import absolute_path, with_port
from wxauto_mgt.core.monitoring.checks.contract import CheckContext, CheckKind, CheckResult, Outcome
from wxauto_mgt.core.monitoring.checks.form_fields import shown
from wxauto_mgt.core.monitoring.checks.own_thread import OwnThread, StillRunning
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime import process_tree
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.output_pump import OutputPump

KEPT_LINES: Final = 40
SHOWN_CHARS: Final = 1000
# Far under the length to which a line is cut: half a secret at a cut would be known to no redactor.
_SHOWN_LINE_CHARS: Final = 300
_OWN_VARIABLES: Final = "WXAUTO_MGT_"  # among them our API token: nobody else's business
_LOOKS_EVERY_S: Final = 0.02
_KILL_ROUNDS: Final = 5
_KILL_WAIT_S: Final = 2.0
_SLACK_S: Final = 12.0


def _check_command(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value[0].strip() or any("\0" in part for part in value):
        raise refuse("command_empty")
    return value


def _folder_or_none(value: str) -> str:
    return absolute_path(value) if value else value


class CommandConfig(ConfigModel):
    """What is run, and what of it is right."""

    command: Annotated[tuple[str, ...], AfterValidator(_check_command)] = Field(
        min_length=1,
        max_length=100,
        json_schema_extra=shown("command", 100, widget=Widget.WORDS, has_help=True),
    )
    cwd: Annotated[str, AfterValidator(_folder_or_none)] = Field(
        default="", max_length=1000, json_schema_extra=shown("cwd", 110)
    )
    time_limit_s: float = Field(
        default=30.0,
        gt=0.0,
        le=600.0,
        json_schema_extra=shown("time_limit_s", 120, unit="unit.seconds", has_help=True),
    )
    ok_code: int = Field(default=0, json_schema_extra=shown("ok_code", 130))
    degraded_code: int | None = Field(
        default=None, json_schema_extra=shown("degraded_code", 140, widget=Widget.NUMBER, has_help=True)
    )
    expected_output: str = Field(
        default="", max_length=500, json_schema_extra=shown("expected_output", 150, has_help=True)
    )


class _Output:
    """The end of what a program writes, and whether it wrote what is expected. Fed on the pump's thread."""

    def __init__(self, expected: str) -> None:
        self._expected = expected
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.has_expected = not expected

    def take(self, lines: Sequence[bytes]) -> None:
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip("\r")
            self.has_expected = self.has_expected or self._expected in text
            self._lines.append(text)

    def text(self) -> str:
        return "\n".join(tuple(self._lines))


@dataclass(frozen=True)
class _Ended:
    """How the program ended; no code when it had to be killed."""

    exit_code: int | None
    output: str
    has_expected: bool
    left: int = 0


class CommandCheck(CheckKind[CommandConfig]):
    """Runs the program without a shell; when its time is over, it and all that it began are killed."""

    TYPE = "command"
    CONFIG: ClassVar[type[CommandConfig]] = CommandConfig

    def __init__(self, config: CommandConfig, context: CheckContext) -> None:
        super().__init__(config, context)
        self._thread = OwnThread(f"check:{context.service}")

    @property
    def least_time_s(self) -> float:
        return self.config.time_limit_s + _SLACK_S

    async def run(self) -> CheckResult:
        started_s = self.context.clock.monotonic()
        try:
            ended = await self._thread.call(self._run_program)
        except StillRunning:
            return CheckResult(Outcome.UNKNOWN, "earlier_check_hangs")
        except (OSError, ValueError) as error:
            params: dict[str, Fact] = {"program": self.config.command[0], "cause": type(error).__name__}
            return CheckResult(Outcome.FAILED, "command_not_started", params)
        return self._judge(ended, 1000 * (self.context.clock.monotonic() - started_s))

    def _judge(self, ended: _Ended, taken_ms: float) -> CheckResult:
        config = self.config
        evidence: dict[str, Fact] = {"exit_code": ended.exit_code, "output": self._shown(ended.output)}
        if ended.exit_code is None:
            evidence["left_running"] = ended.left
            params: dict[str, Fact] = {"time_limit_s": config.time_limit_s}
            return CheckResult(Outcome.FAILED, "command_timed_out", params, evidence)
        params = {"code": ended.exit_code}
        if ended.exit_code == config.degraded_code:
            return CheckResult(Outcome.DEGRADED, "command_degraded", params, evidence, taken_ms)
        if ended.exit_code != config.ok_code:
            return CheckResult(Outcome.FAILED, "command_failed", params, evidence, taken_ms)
        if not ended.has_expected:
            return CheckResult(Outcome.FAILED, "command_output_unexpected", {}, evidence, taken_ms)
        return CheckResult(Outcome.OK, "command_succeeded", params, evidence, taken_ms)

    def _shown(self, output: str) -> str:
        lines = self.context.redact(output).splitlines()
        return "\n".join(line[:_SHOWN_LINE_CHARS] for line in lines)[-SHOWN_CHARS:]

    def _run_program(self, given_up: threading.Event) -> _Ended:
        """Run it to its end or to the end of its time; on the thread."""
        config, clock = self.config, self.context.clock
        output, marker = _Output(config.expected_output), secrets.token_hex(16)
        ends_s = clock.monotonic() + config.time_limit_s
        process = process_tree.start_process(
            [with_port(part, self.context.port) for part in config.command],
            cwd=Path(config.cwd) if config.cwd else None,
            environment=_environment(os.environ),
            marker=marker,
        )
        root = process_tree.identity_of(process.pid)
        assert process.stdout is not None  # noqa: S101 - asked for
        pump = OutputPump(
            name=self.context.service, pipe=process.stdout, take=output.take, on_end=lambda: None
        )
        pump.start()
        left = 0
        try:
            is_over = _wait(process, clock, given_up, ends_s)
        finally:
            # Also when the wait itself broke off: nothing of the program may stay.
            if process.poll() is None:
                left = _kill_all(process, root, marker)
            pump.stop(_KILL_WAIT_S)
        return _Ended(None if is_over else process.returncode, output.text(), output.has_expected, left)


def _wait(process: subprocess.Popen[bytes], clock: Clock, given_up: threading.Event, ends_s: float) -> bool:
    """Wait for the end; True when the time, or the patience of whoever asked, ends first."""
    while process.poll() is None:
        if clock.monotonic() >= ends_s or given_up.wait(_LOOKS_EVERY_S):
            return True
    return False


def _kill_all(
    process: subprocess.Popen[bytes], root: process_tree.ProcessIdentity | None, marker: str
) -> int:
    """Kill the program and its descendants; returns how many are left. They may begin others meanwhile."""
    alive = process_tree.relatives(root, marker=marker)
    for _ in range(_KILL_ROUNDS):
        if not alive:
            break
        process_tree.kill(alive)
        process.poll()  # else it stays as a zombie
        alive = process_tree.relatives(root, marker=marker)
    process.kill()
    try:
        process.wait(_KILL_WAIT_S)
    except subprocess.TimeoutExpired:
        return max(1, len(alive))
    return len(process_tree.alive(alive))


def _environment(console: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in console.items() if not name.startswith(_OWN_VARIABLES)}

"""Restarts a service of the operating system (systemd, Windows, launchd) by its program, never by a shell.

Owns the argument lists and what their answers mean. It says when the rights are missing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, Field

from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import ConfigModel, refuse
from wxauto_mgt.core.monitoring.checks.own_thread import OwnThread, StillRunning
from wxauto_mgt.core.recovery.actions.contract import RepairAction, RepairContext, RepairResult
from wxauto_mgt.core.recovery.actions.form_fields import shown
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime.platform import System, this_system

# What the three systems allow; a leading dash would be an option, a slash another domain of launchd.
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@:\- ]{0,199}\Z")
_COMMAND_TIMEOUT_S: Final = 45.0
_STOPS_WITHIN_S: Final = 30.0
_LOOK_S: Final = 0.3
_SHOWN_CHARACTERS: Final = 300
# Answers of sc.exe, which are numbers in every language.
_SC_DENIED: Final = 5
_SC_RUNS_ALREADY: Final = 1056
_SC_UNKNOWN: Final = 1060
_SC_NOT_STARTED: Final = 1062
_SC_STOPPED: Final = re.compile(r"\bSTOPPED\b")
_DENIED: Final = (
    "access denied",
    "permission denied",
    "authentication required",
    "not permitted",
    "not privileged",
)
_UNKNOWN: Final = ("not found", "not loaded", "could not find", "no such process")
_PROGRAMS: Final = {System.LINUX: "systemctl", System.WINDOWS: "sc.exe", System.MACOS: "launchctl"}


def _check_name(value: str) -> str:
    if not _NAME.match(value):
        raise refuse("system_service_name")
    return value


class RestartSystemServiceConfig(ConfigModel):
    """Which one.

    Attributes:
        name: as the system calls it: `nginx`, `Spooler`, `com.example.tts`.
        of_user: one of this user instead of the whole system; Windows knows no such.
    """

    name: Annotated[str, AfterValidator(_check_name)] = Field(
        max_length=200, json_schema_extra=shown("system_service.name", 10, has_help=True)
    )
    of_user: bool = Field(
        default=False, json_schema_extra=shown("system_service.of_user", 20, widget=Widget.SWITCH)
    )


@dataclass(frozen=True)
class _Answer:
    exit_code: int
    output: str

    def says(self, words: tuple[str, ...]) -> bool:
        text = self.output.lower()
        return any(word in text for word in words)


class _TookTooLong(Exception):
    """The system's program did not come back: it may have acted."""


class RestartSystemService(RepairAction[RestartSystemServiceConfig]):
    """One restart; whether the service got well by it is the check's matter."""

    TYPE: ClassVar[str] = "restart_system_service"
    CONFIG: ClassVar[type[ConfigModel]] = RestartSystemServiceConfig
    TIMEOUT_S: ClassVar[float] = 90.0
    PROVED_WITHIN_S: ClassVar[float] = 30.0
    IS_RESTART: ClassVar[bool] = True

    def __init__(self, config: RestartSystemServiceConfig, context: RepairContext) -> None:
        super().__init__(config, context)
        self._system = this_system()
        self._thread = OwnThread(f"repair:{context.service}")

    async def precondition(self) -> RepairResult | None:
        """The system must have the program that steers its services."""
        program = _PROGRAMS[self._system]
        if shutil.which(program) is None:
            return RepairResult.not_applicable("system_program_missing", program=program)
        return None

    async def run(self) -> RepairResult:
        """Act."""
        obstacle = await self.precondition()
        if obstacle is not None:
            return obstacle
        name = self.config.name
        try:
            answer = await self._thread.call(self._restart)
        except (_TookTooLong, StillRunning):
            return RepairResult.unknown("system_service_no_answer", name=name)
        except OSError as error:
            return RepairResult.failed("system_service_failed", name=name, cause=error.strerror or "OSError")
        evidence: dict[str, Fact] = {"exit_code": answer.exit_code, "output": answer.output}
        if answer.exit_code == 0:
            return RepairResult.done("system_service_restarted", evidence=evidence, name=name)
        if self._is_denied(answer):
            return RepairResult.failed("system_service_denied", evidence=evidence, name=name)
        if self._is_unknown(answer):
            return RepairResult.failed("system_service_unknown", evidence=evidence, name=name)
        return RepairResult.failed(
            "system_service_failed",
            evidence=evidence,
            name=name,
            cause=answer.output or str(answer.exit_code),
        )

    def _restart(self, given_up: threading.Event) -> _Answer:
        if self._system is System.WINDOWS:
            return self._restart_windows(given_up)
        return _run(restart_command(self._system, self.config.name, of_user=self.config.of_user))

    def _restart_windows(self, given_up: threading.Event) -> _Answer:
        """Stop, wait until it has stopped, start: `sc` has no restart and does not wait."""
        ask = partial(_sc, self.config.name)
        stopped = ask("stop")
        if stopped.exit_code not in (0, _SC_NOT_STARTED):
            return stopped
        for _ in range(int(_STOPS_WITHIN_S / _LOOK_S)):
            if _SC_STOPPED.search(ask("query").output):
                break
            if given_up.wait(_LOOK_S):
                break  # never left stopped because somebody was impatient
        started = ask("start")
        return _Answer(0, started.output) if started.exit_code == _SC_RUNS_ALREADY else started

    def _is_denied(self, answer: _Answer) -> bool:
        if self._system is System.WINDOWS:
            return answer.exit_code == _SC_DENIED
        return answer.says(_DENIED)

    def _is_unknown(self, answer: _Answer) -> bool:
        if self._system is System.WINDOWS:
            return answer.exit_code == _SC_UNKNOWN
        return answer.says(_UNKNOWN)


def restart_command(system: System, name: str, *, of_user: bool) -> list[str]:
    """Return the one command that restarts a service; Windows needs several."""
    if system is System.MACOS:
        domain = f"gui/{os.getuid()}" if of_user else "system"
        return ["launchctl", "kickstart", "-k", f"{domain}/{name}"]
    # Without a terminal to ask for a password at, asking for one would hang.
    return ["systemctl", *(["--user"] if of_user else []), "--no-ask-password", "restart", name]


def _sc(name: str, verb: str) -> _Answer:
    return _run(["sc.exe", verb, name])


def _run(command: list[str]) -> _Answer:
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program and a checked name, never a shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_COMMAND_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _TookTooLong from error
    text = " ".join(done.stdout.decode("utf-8", "replace").split())
    return _Answer(done.returncode, text[:_SHOWN_CHARACTERS])

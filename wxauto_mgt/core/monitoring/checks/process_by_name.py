"""Checks that a program runs: enough processes of a name, or with a text in their command line."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Iterable
from typing import ClassVar, Final, Self

import psutil
from pydantic import Field, model_validator

from wxauto_mgt.core.config.model import ConfigModel, refuse
from wxauto_mgt.core.monitoring.checks.contract import CheckContext, CheckKind, CheckResult, Outcome
from wxauto_mgt.core.monitoring.checks.form_fields import shown
from wxauto_mgt.core.monitoring.checks.own_thread import OwnThread, StillRunning
from wxauto_mgt.errors import Fact

_MB: Final = 1 << 20
_PIDS_SHOWN: Final = 10
_PROGRAM: Final = ".exe"  # what Windows adds to names; people may leave it out


class ProcessByNameConfig(ConfigModel):
    """Which processes, and how many at least. Given both a name and a text, both must fit."""

    name: str = Field(default="", max_length=200, json_schema_extra=shown("process_name", 100, has_help=True))
    command_part: str = Field(
        default="", max_length=500, json_schema_extra=shown("command_part", 110, has_help=True)
    )
    min_count: int = Field(default=1, ge=1, le=1000, json_schema_extra=shown("min_count", 120))

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not (self.name.strip() or self.command_part.strip()):
            raise refuse("process_unnamed")
        return self


class ProcessByNameCheck(CheckKind[ProcessByNameConfig]):
    """Looks through all processes but the console's own, whose command line may hold the name by chance."""

    TYPE = "process"
    CONFIG: ClassVar[type[ProcessByNameConfig]] = ProcessByNameConfig

    def __init__(self, config: ProcessByNameConfig, context: CheckContext) -> None:
        super().__init__(config, context)
        self._thread = OwnThread(f"check:{context.service}")
        # CPU is measured between two looks at the same process, so they are kept.
        self._known: dict[psutil.Process, psutil.Process] = {}

    async def run(self) -> CheckResult:
        started_s = self.context.clock.monotonic()
        try:
            evidence = await self._thread.call(self._look)
        except StillRunning:
            return CheckResult(Outcome.UNKNOWN, "earlier_check_hangs")
        taken_ms = 1000 * (self.context.clock.monotonic() - started_s)
        count = len(self._known)
        params: dict[str, Fact] = {
            "what": self.config.name or self.config.command_part,
            "count": count,
            "min_count": self.config.min_count,
        }
        if count < self.config.min_count:
            reason = "process_too_few" if count else "process_not_running"
            return CheckResult(Outcome.FAILED, reason, params, evidence, taken_ms)
        return CheckResult(Outcome.OK, "process_runs", params, evidence, taken_ms)

    def _look(self, _given_up: threading.Event) -> dict[str, Fact]:
        """Find the processes; on the thread."""
        found = [process for process in psutil.process_iter() if self._fits(process)]
        # A new object for a known process would have nothing to compare its CPU time with.
        kept = [self._known.get(process, process) for process in found]
        is_new = any(process not in self._known for process in kept)
        self._known = {process: process for process in kept}
        figures = [figure for process in kept if (figure := _figures(process)) is not None]
        if not figures:
            return {"pids": ""}
        started_s = min(figure[2] for figure in figures)
        return {
            "pids": ", ".join(str(process.pid) for process in kept[:_PIDS_SHOWN]),
            # Nothing to compare with yet: not measured, rather than 0.
            "cpu_percent": None if is_new else round(sum(figure[0] for figure in figures), 1),
            "memory_mb": round(sum(figure[1] for figure in figures) / _MB, 1),
            "started_at": dt.datetime.fromtimestamp(started_s, dt.UTC).isoformat(timespec="seconds"),
        }

    def _fits(self, process: psutil.Process) -> bool:
        if process.pid == os.getpid():
            return False
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            if self.config.name and not _is_called(process.name(), self.config.name):
                return False
            part = self.config.command_part
            return not part or part in _joined(process.cmdline())
        except (psutil.Error, OSError):
            return False  # gone meanwhile, or another account's that may not be looked at


def _figures(process: psutil.Process) -> tuple[float, int, float] | None:
    """CPU since the last look in percent, memory in bytes, start; None when it may not be asked."""
    try:
        with process.oneshot():
            return process.cpu_percent(), process.memory_info().rss, process.create_time()
    except (psutil.Error, OSError):
        return None


def _is_called(actual: str, wanted: str) -> bool:
    return actual.casefold().removesuffix(_PROGRAM) == wanted.strip().casefold().removesuffix(_PROGRAM)


def _joined(parts: Iterable[str]) -> str:
    return " ".join(parts)

"""Answers the calls of `MonitorAPI` about the processes that the console runs: list, output, start, stop.

Owns the shape of a process record. The composition root builds one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from wxauto_mgt.api import arguments
from wxauto_mgt.api.answers import Answer, Answers
from wxauto_mgt.api.replies import JSON, Fields, Texts, iso_or_none
from wxauto_mgt.core.recovery.processes.model import MemberUsage, ProcessState, ProcessStatus
from wxauto_mgt.core.recovery.processes.output import LINES_KEPT
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.clock import Clock


class Processes(Protocol):
    """What is asked; every act stands in the audit log."""

    def status(self) -> tuple[ProcessStatus, ...]:
        """Return all processes, by service."""
        ...

    def output(self, service: str, limit: int) -> Sequence[str]:
        """Return the newest lines, oldest first."""
        ...

    async def start(self, service: str) -> ProcessStatus:
        """Start it unless it runs."""
        ...

    async def stop(self, service: str) -> ProcessStatus:
        """Stop it with all that it began."""
        ...

    async def restart(self, service: str) -> ProcessStatus:
        """Stop and start it."""
        ...


class ProcessCalls:
    """The calls, answered by the processes of one application."""

    def __init__(self, *, processes: Processes, clock: Clock, texts: Texts) -> None:
        self._processes = processes
        self._clock = clock
        self._texts = texts

    def answers(self) -> Answers:
        """Return the answers by the name of the call."""
        return {
            "get_processes": self._all,
            "get_process_output": self._output,
            "start_process": self._start,
            "stop_process": self._stop,
            "restart_process": self._restart,
        }

    async def _all(self) -> Answer:
        records: list[JSON] = [self._record(status) for status in self._processes.status()]
        running = sum(status.state is ProcessState.RUNNING for status in self._processes.status())
        return Answer(records, {"count": len(records), "running_count": running})

    async def _output(self, service: JSON, limit: JSON) -> Answer:
        count = arguments.whole(limit, "limit", least=1, most=LINES_KEPT)
        lines: list[JSON] = list(self._processes.output(arguments.text(service, "service"), count))
        return Answer(lines, {"count": len(lines)})

    async def _start(self, service: JSON) -> Answer:
        status = await self._processes.start(arguments.text(service, "service"))
        return self._proved(status, lambda: status.state is ProcessState.RUNNING, "process_not_started")

    async def _stop(self, service: JSON) -> Answer:
        status = await self._processes.stop(arguments.text(service, "service"))
        return self._proved(status, lambda: status.state is ProcessState.STOPPED, "process_not_stopped")

    async def _restart(self, service: JSON) -> Answer:
        status = await self._processes.restart(arguments.text(service, "service"))
        return self._proved(status, lambda: status.state is ProcessState.RUNNING, "process_not_started")

    def _proved(self, status: ProcessStatus, is_so: Callable[[], bool], error_code: str) -> Answer:
        if not is_so():
            raise PermanentError(error_code, service=status.service, why=self._why(status))
        return Answer(self._record(status))

    def _why(self, status: ProcessStatus) -> str:
        return self._texts.reason("process_reason", status.reason_code, status.params)

    def _record(self, status: ProcessStatus) -> Fields:
        started_at = status.started_at
        uptime_s = (self._clock.now() - started_at).total_seconds() if started_at else None
        return {
            "service": status.service,
            "state": status.state.value,
            "reason_code": status.reason_code,
            "message": self._why(status),
            "pid": status.pid,
            "adopted": status.is_adopted,
            "started_at": iso_or_none(started_at),
            "uptime_seconds": None if uptime_s is None else max(0.0, round(uptime_s, 3)),
            "exit_code": status.exit_code,
            "restarts": status.restarts,
            "next_start_in_s": status.next_start_in_s,
            "cpu_percent": status.usage.cpu_percent,
            "memory_mb": status.usage.memory_mb,
            "processes": [_member(member) for member in status.usage.members],
            "output_lines": status.lines,
        }


def _member(member: MemberUsage) -> Fields:
    return {
        "pid": member.identity.pid,
        "name": member.name,
        "cpu_percent": member.cpu_percent,
        "memory_mb": member.memory_mb,
    }

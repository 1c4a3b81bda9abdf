"""Checks this process by what slows everything down: a busy loop, background work that halts or leaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from wxauto_mgt.core.metrics.readings import HostFigures, ProcessFigures
from wxauto_mgt.core.metrics.task_growth import TaskLeak
from wxauto_mgt.core.monitoring.checks.contract import CheckResult, Outcome
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime.supervisor import LoopStatus

# Judgement calls: a window that answers a second late feels stuck; above 97 % a machine swaps.
LOOP_LAG_AT_MOST_MS: Final = 1000.0
MEMORY_AT_MOST_PERCENT: Final = 97.0


class ProcessCheck:
    """Judges the figures of the last sample and the background loops of this moment."""

    def __init__(
        self,
        *,
        process: Callable[[], ProcessFigures | None],
        host: Callable[[], HostFigures | None],
        loop_lag_ms: Callable[[], float | None],
        loops: Callable[[], Sequence[LoopStatus]],
        task_leak: Callable[[], TaskLeak | None],
    ) -> None:
        self._process = process
        self._host = host
        self._loop_lag_ms = loop_lag_ms
        self._loops = loops
        self._task_leak = task_leak

    async def run(self) -> CheckResult:
        """Judge; nothing is asked that could block."""
        process, host, lag_ms = self._process(), self._host(), self._loop_lag_ms()
        loops, leak = self._loops(), self._task_leak()
        halted = sorted(loop.name for loop in loops if loop.stalled or not loop.running)
        memory_percent = host.memory_percent if host else None
        evidence: dict[str, Fact] = {
            "cpu_percent": process.cpu_percent if process else None,
            "memory_mb": process.memory_mb if process else None,
            "descriptor_count": process.descriptor_count if process else None,
            "thread_count": process.thread_count if process else None,
            "host_memory_percent": memory_percent,
            "loop_lag_ms": lag_ms,
            "halted_loops": ", ".join(halted),
            "loop_restarts": sum(loop.restarts for loop in loops),
            "loop_stalls": sum(loop.stalls for loop in loops),
        }
        if halted:
            return CheckResult(Outcome.FAILED, "loops_halted", {"loops": ", ".join(halted)}, evidence)
        if lag_ms is not None and lag_ms > LOOP_LAG_AT_MOST_MS:
            return CheckResult(Outcome.FAILED, "loop_lags", {"lag_ms": round(lag_ms)}, evidence)
        if memory_percent is not None and memory_percent > MEMORY_AT_MOST_PERCENT:
            return CheckResult(
                Outcome.FAILED, "host_memory_full", {"percent": round(memory_percent, 1)}, evidence
            )
        if leak is not None:
            params = {"before": leak.before, "now": leak.now, "minutes": leak.minutes}
            return CheckResult(Outcome.DEGRADED, "tasks_leak", params, evidence)
        if process is None:
            return CheckResult(Outcome.UNKNOWN, "not_sampled_yet", {}, evidence)
        return CheckResult(Outcome.OK, "process_works", {}, evidence)

"""Checks the listener service: it runs, its loops live, and the storage takes what is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wxauto_mgt.core.monitoring.checks.contract import CheckResult, Outcome
from wxauto_mgt.core.monitoring.facts import ServiceState
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime.supervisor import LoopStatus


class ListenerCheck:
    """Judges the state of this moment; nothing is asked that could block."""

    def __init__(
        self, *, state: Callable[[], ServiceState], loops: Callable[[], Sequence[LoopStatus]]
    ) -> None:
        self._state = state
        self._loops = loops

    async def run(self) -> CheckResult:
        """Judge."""
        state, loops = self._state(), self._loops()
        halted = ", ".join(sorted(loop.name for loop in loops if loop.stalled or not loop.running))
        evidence: dict[str, Fact] = {
            "loops": len(loops),
            "halted_loops": halted,
            "started_at": state.started_at.isoformat() if state.started_at else None,
        }
        if state.is_paused:
            # What a person paused is not ill, and must not be repaired.
            return CheckResult(Outcome.UNKNOWN, "listener_paused", {}, evidence)
        if not state.is_running:
            return CheckResult(Outcome.FAILED, "listener_stopped", {}, evidence)
        if state.blocked_by is not None:
            return CheckResult(Outcome.FAILED, "listener_blocked", {"cause": state.blocked_by}, evidence)
        if halted:
            return CheckResult(Outcome.FAILED, "loops_halted", {"loops": halted}, evidence)
        return CheckResult(Outcome.OK, "listener_works", {}, evidence)

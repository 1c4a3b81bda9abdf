"""Answers the calls of `MonitorAPI` about repairs: trigger, cancel, status, journal.

Owns the shape of what is said of a repair, which other programs rely on. The composition root builds one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wxauto_mgt.api import arguments
from wxauto_mgt.api.answers import Answer, Answers
from wxauto_mgt.api.caller import current_caller
from wxauto_mgt.api.replies import JSON, Fields, Texts, iso, iso_or_none
from wxauto_mgt.core.recovery.model import (
    CheckSeen,
    DryRun,
    Reason,
    RecoveryState,
    RunOutcome,
    RunRecord,
    ServiceRecovery,
    StepRecord,
)
from wxauto_mgt.core.recovery.recoverer import Recoverer

_MOST_RUNS: Final = 1_000


class RecoveryCalls:
    """The calls, answered by the recoverer of one application.

    Args:
        check_interval_s: time between two checks of a service.
    """

    def __init__(self, *, recoverer: Recoverer, texts: Texts, check_interval_s: Callable[[], float]) -> None:
        self._recoverer = recoverer
        self._texts = texts
        self._check_interval_s = check_interval_s

    def answers(self) -> Answers:
        """Return the answers by the name of the call."""
        return {
            "trigger_recovery": self._trigger,
            "cancel_recovery": self._cancel,
            "get_recovery_status": self._status,
            "get_recovery_journal": self._journal,
        }

    async def _trigger(self, service: JSON, dry_run: JSON) -> Answer:
        name = arguments.text(service, "service")
        if arguments.truth(dry_run, "dry_run"):
            return Answer(self._plan(await self._recoverer.dry_run(name)))
        run = await self._recoverer.trigger(name, who=current_caller.get())
        return Answer({"recovery_id": run.id, "service": name, "state": RecoveryState.RUNNING.value})

    async def _cancel(self, service: JSON) -> Answer:
        name = arguments.text(service, "service")
        cancelled = await self._recoverer.cancel(name, who=current_caller.get())
        state = self._recoverer.of_service(name).state
        return Answer({"service": name, "cancelled": cancelled, "state": state.value})

    async def _status(self) -> Answer:
        limits = self._recoverer.limits
        services = self._recoverer.status()
        return Answer(
            {
                "enabled": limits.is_enabled,
                "config": {
                    "check_interval": self._check_interval_s(),
                    "failure_threshold": limits.failures,
                    "max_attempts": limits.max_attempts,
                    "restart_cooldown": limits.restart_cooldown_s,
                },
                "services": {name: self._service(recovery) for name, recovery in services.items()},
            }
        )

    async def _journal(self, service: JSON, limit: JSON) -> Answer:
        count = arguments.whole(limit, "limit", least=1, most=_MOST_RUNS)
        name = None if service is None else arguments.text(service, "service")
        runs = await self._recoverer.runs(name, limit=count)
        return Answer([self._run(run) for run in runs], {"count": len(runs)})

    def _service(self, recovery: ServiceRecovery) -> Fields:
        last = recovery.last
        return {
            "state": recovery.state.value,
            "attempts": recovery.attempts,
            "last_recovery": None if last is None else iso(last.ended_at or last.began_at),
            "last_outcome": None if last is None or last.outcome is None else last.outcome.value,
            "recovery_id": None if last is None else last.id,
            "has_repairs": recovery.has_repairs,
            "why": self._why(recovery.why),
        }

    def _plan(self, plan: DryRun) -> Fields:
        return {
            "service": plan.service,
            "state": plan.state.value,
            "dry_run": True,
            "why": self._why(plan.why),
            "steps": [
                {
                    "position": step.position,
                    "action": step.action,
                    "title": self._title(step.action),
                    "timeout_s": step.timeout_s,
                    "is_restart": step.is_restart,
                    "would_act": step.obstacle is None,
                    "obstacle": None
                    if step.obstacle is None
                    else self._texts.reason("repair", step.obstacle.code, step.obstacle.params),
                    "preview": None
                    if step.preview is None
                    else self._texts.reason("repair", step.preview.code, step.preview.params),
                    "preview_evidence": dict(step.preview_evidence),
                }
                for step in plan.steps
            ],
        }

    def _run(self, run: RunRecord) -> Fields:
        return {
            "recovery_id": run.id,
            "service": run.service,
            "trigger": run.trigger,
            "who": run.who,
            "attempt": run.attempt,
            "began_at": iso(run.began_at),
            "ended_at": iso_or_none(run.ended_at),
            "outcome": None if run.outcome is None else run.outcome.value,
            "sentence": self._sentence(run),
            "reason": None if run.reason is None else self._why(run.reason),
            "before": self._seen(run.before),
            "after": self._seen(run.after),
            "steps": [self._step(step, run) for step in run.steps],
        }

    def _step(self, step: StepRecord, run: RunRecord) -> Fields:
        undone = step.undone
        return {
            "position": step.position,
            "action": step.action,
            "title": self._title(step.action),
            "began_at": iso(step.began_at),
            "ended_at": iso_or_none(step.ended_at),
            "outcome": None if step.outcome is None else step.outcome.value,
            "sentence": self._step_sentence(step, run),
            "evidence": dict(step.evidence),
            "proof": self._seen(step.proof),
            "undone": None
            if undone is None
            else {
                "outcome": undone.outcome,
                "sentence": self._texts.reason("repair", undone.reason_code, undone.params),
            },
        }

    def _sentence(self, run: RunRecord) -> str:
        if run.outcome is None:
            return self._texts.reason("recovery_state", RecoveryState.RUNNING.value, {})
        return self._texts.reason("recovery_outcome", run.outcome.value, {})

    def _step_sentence(self, step: StepRecord, run: RunRecord) -> str:
        if step.outcome is not None:
            return self._texts.reason("repair", step.reason_code, step.params)
        cut_off = run.outcome is RunOutcome.INTERRUPTED
        return self._texts.reason("repair", "cut_off" if cut_off else "acts", {})

    def _title(self, action: str) -> str:
        return self._texts.reason("repair_type", action, {})

    def _why(self, reason: Reason) -> Fields:
        action = reason.params.get("action")
        shown = reason.params if action is None else {**reason.params, "action": self._title(str(action))}
        return {
            "code": reason.code,
            "params": dict(reason.params),
            "sentence": self._texts.reason("recovery_why", reason.code, shown),
        }

    def _seen(self, seen: CheckSeen | None) -> Fields | None:
        if seen is None:
            return None
        return {
            "outcome": seen.outcome,
            "sentence": self._texts.reason("check", seen.reason_code, seen.params),
            "evidence": dict(seen.evidence),
            "at": iso(seen.at),
        }

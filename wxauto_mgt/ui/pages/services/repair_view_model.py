"""What the services page shows of a service's repairs: the ladder, why nothing is done, the journal.

Owns words and the moment of reading; deciding and acting are the recoverer's. Called by the repair panel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from wxauto_mgt.core.recovery.actions.contract import RepairOutcome
from wxauto_mgt.core.recovery.ladder import LadderLimits
from wxauto_mgt.core.recovery.model import (
    DryRun,
    DryStep,
    RecoveryFinished,
    RecoveryStarted,
    RecoveryState,
    RecoveryStep,
    RunOutcome,
    RunRecord,
    ServiceRecovery,
    StepRecord,
)
from wxauto_mgt.ui.config_editing import WHO
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.pages.services.view_model import RECOVERY_TONES
from wxauto_mgt.ui.pages.services.wording import begun, facts_text
from wxauto_mgt.ui.pages.told import who_word
from wxauto_mgt.ui.theme.tokens import Tone

TICK_MS: Final = 1000
RUNS_SHOWN: Final = 50
STEP_TONES: Final = {
    RepairOutcome.DONE: Tone.OK,
    RepairOutcome.NOT_APPLICABLE: Tone.NEUTRAL,
    RepairOutcome.FAILED: Tone.CRITICAL,
    RepairOutcome.UNKNOWN: Tone.UNKNOWN,
}
RUN_TONES: Final = {
    RunOutcome.RECOVERED: Tone.OK,
    RunOutcome.RECOVERED_BY_ITSELF: Tone.OK,
    RunOutcome.NOT_RECOVERED: Tone.CRITICAL,
    RunOutcome.STOPPED: Tone.NEUTRAL,
    RunOutcome.CANCELLED: Tone.NEUTRAL,
    RunOutcome.INTERRUPTED: Tone.UNKNOWN,
}


class Recoverer(Protocol):
    """What the page needs of the recoverer."""

    @property
    def limits(self) -> LadderLimits:
        """What is in force."""

    def status(self) -> Mapping[str, ServiceRecovery]:
        """Where the repairs of every service stand."""

    async def dry_run(self, service: str) -> DryRun:
        """What a run would do now."""

    async def trigger(self, service: str, *, who: str) -> RunRecord:
        """Begin a run."""

    async def cancel(self, service: str, *, who: str) -> bool:
        """End the run under way."""

    async def runs(self, service: str | None = None, *, limit: int = ...) -> Sequence[RunRecord]:
        """The journal, newest first."""


@dataclass(frozen=True)
class RepairView:
    """Where the repairs of the service stand."""

    tone: Tone
    state: str
    attempts: str
    why: str
    has_repairs: bool
    is_running: bool


@dataclass(frozen=True)
class PlannedRow:
    """One step of the ladder as it would be done now."""

    position: int
    action: str
    limit: str
    tone: Tone
    note: str

    @property
    def line(self) -> str:
        """The step in one line, for a question."""
        return f"{self.position}. {self.action}" + (f" — {self.note}" if self.note else "")


@dataclass(frozen=True)
class RunRow:
    """One run of the journal with its steps in words."""

    id: str
    at: datetime
    because: str
    tone: Tone
    outcome: str
    reason: str
    lasted: str
    steps: tuple[tuple[Tone, str, str], ...]


class RepairViewModel(QObject):
    """The repairs of one service.

    Signals:
        changed: `shown` differs.
        planned: `plan` was read anew.
        journal_read: `runs` were read anew.
    """

    changed = Signal()
    planned = Signal()
    journal_read = Signal()

    def __init__(self, backstage: Backstage, *, recoverer: Recoverer) -> None:
        super().__init__()
        self._words = backstage.words
        self._recoverer = recoverer
        self._is_seen = False
        self.selected = ""
        self.shown: RepairView | None = None
        self.plan: tuple[PlannedRow, ...] = ()
        self.runs: tuple[RunRow, ...] = ()
        commands = backstage.commands
        self.planner = commands.reader(self, "repair_plan", self._read_plan)
        self.planner.succeeded.connect(self._take_plan)
        self.reader = commands.reader(self, "repair_journal", self._read_runs)
        self.reader.succeeded.connect(self._take_runs)
        self.ask = commands.command(self, "ask_repair", recoverer.dry_run)
        self.trigger = commands.command(self, "repair", self._trigger)
        self.cancel = commands.command(self, "cancel_repair", self._cancel)
        for command in (self.trigger, self.cancel):
            command.running_changed.connect(self.refresh)
        inbox = backstage.bridge.inbox(self, RecoveryStarted, RecoveryStep, RecoveryFinished)
        inbox.arrived.connect(self._take_events)
        self._words.changed.connect(self.refresh)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    def set_active(self, *, is_active: bool) -> None:
        """Read while the panel is seen."""
        self._is_seen = is_active
        if is_active:
            self.refresh()
            self._timer.start()
        else:
            self._timer.stop()

    def select(self, service_id: str) -> None:
        """Look at another service, or at none."""
        if service_id != self.selected:
            self.selected = service_id
            self.plan, self.runs = (), ()
            self.planned.emit()
            self.journal_read.emit()
            self.refresh()

    def refresh(self, _: object = None) -> None:
        """Read again what is at hand; plan and journal soon."""
        self._tick()
        if self._is_seen and self.selected:
            self.planner.refresh()
            self.reader.refresh()

    def plan_of(self, dry: DryRun) -> tuple[PlannedRow, ...]:
        """The steps of a dry run in words."""
        return tuple(self._planned(step) for step in dry.steps)

    def _tick(self) -> None:
        shown = self._read()
        if shown != self.shown:
            self.shown = shown
            self.changed.emit()

    def _take_events(self, events: list[RecoveryStarted | RecoveryStep | RecoveryFinished]) -> None:
        if any(event.service == self.selected for event in events):
            self.refresh()

    async def _trigger(self, service: str) -> None:
        await self._recoverer.trigger(service, who=WHO)

    async def _cancel(self, service: str) -> None:
        await self._recoverer.cancel(service, who=WHO)

    async def _read_plan(self) -> DryRun:
        return await self._recoverer.dry_run(self.selected)

    def _take_plan(self, dry: DryRun) -> None:
        if dry.service == self.selected:
            self.plan = self.plan_of(dry)
            self.planned.emit()

    async def _read_runs(self) -> tuple[str, Sequence[RunRecord]]:
        service = self.selected
        return service, await self._recoverer.runs(service, limit=RUNS_SHOWN)

    def _take_runs(self, read: tuple[str, Sequence[RunRecord]]) -> None:
        service, runs = read
        if service == self.selected:
            self.runs = tuple(self._run(run) for run in runs)
            self.journal_read.emit()

    def _read(self) -> RepairView | None:
        found = self._recoverer.status().get(self.selected)
        if found is None:
            return None
        words = self._words
        most = self._recoverer.limits.max_attempts
        return RepairView(
            tone=RECOVERY_TONES[found.state],
            state=begun(words(f"recovery_state.{found.state}")),
            attempts=words("services.attempts", count=found.attempts, most=most),
            why=words.reason("recovery_why", found.why.code, found.why.params),
            has_repairs=found.has_repairs,
            is_running=found.state is RecoveryState.RUNNING,
        )

    def _planned(self, step: DryStep) -> PlannedRow:
        words = self._words
        note = words("services.restarts") if step.is_restart else ""
        tone = Tone.INFO
        if step.obstacle is not None:
            tone, note = Tone.NEUTRAL, words.reason("repair", step.obstacle.code, step.obstacle.params)
        return PlannedRow(
            position=step.position,
            action=begun(words(f"repair_type.{step.action}")),
            limit=words.catalogue.duration(step.timeout_s),
            tone=tone,
            note=note,
        )

    def _run(self, run: RunRecord) -> RunRow:
        words = self._words
        tone, outcome = Tone.INFO, words("services.run_under_way")
        if run.outcome is not None:
            tone, outcome = RUN_TONES[run.outcome], words(f"recovery_outcome.{run.outcome}")
        reason = run.reason
        lasted = (run.ended_at - run.began_at).total_seconds() if run.ended_at is not None else None
        return RunRow(
            id=run.id,
            at=run.began_at,
            because=words("services.because", trigger=self._trigger_word(run), number=run.attempt),
            tone=tone,
            outcome=outcome,
            reason=words.reason("recovery_why", reason.code, reason.params) if reason is not None else "",
            lasted=words.catalogue.duration(lasted) if lasted is not None else words.number(None),
            steps=tuple(self._step(step) for step in run.steps),
        )

    def _trigger_word(self, run: RunRecord) -> str:
        words = self._words
        kind, _, name = run.trigger.partition(":")
        return words(f"services.trigger_{kind}", name=name, who=who_word(words, run.who))

    def _step(self, step: StepRecord) -> tuple[Tone, str, str]:
        words = self._words
        action = begun(words(f"repair_type.{step.action}"))
        if step.outcome is None:
            return Tone.INFO, words("services.step_acts", number=step.position, action=action), ""
        said = words.reason("repair", step.reason_code, step.params)
        line = words("services.step_line", number=step.position, action=action, said=said)
        more = (
            [words("services.step_evidence", facts=facts_text(words, step.evidence))] if step.evidence else []
        )
        if (proof := step.proof) is not None:
            seen = words.reason("check", proof.reason_code, proof.params)
            more.append(words("services.step_proof", seen=seen))
        if (undone := step.undone) is not None:
            said = words.reason("repair", undone.reason_code, undone.params)
            more.append(words("services.step_undone", said=said))
        return STEP_TONES[step.outcome], line, "\n".join(more)

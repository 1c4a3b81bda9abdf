"""The evaluator against a slow, obvious model that looks back over everything that ever happened."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from wxauto_mgt.core.alerting.evaluator import (
    NoticeKind,
    Progress,
    Result,
    Verdict,
    acknowledge,
    due,
    step,
    told,
)
from wxauto_mgt.core.alerting.model import AlertRule, AlertState, Level, NoDataPolicy

WARNING, CRITICAL = Level.WARNING, Level.CRITICAL
DURATIONS = st.sampled_from([0.0, 10.0, 20.0, 40.0])


@dataclass(frozen=True)
class Seen:
    verdict: Verdict
    is_critical: bool
    elapsed_s: float


@dataclass
class Obvious:
    """Answers every question from the whole past; knows nothing of how the evaluator counts."""

    rule: AlertRule
    seen: list[Seen] = field(default_factory=list)
    open_level: Level | None = None
    opened_at: int = 0
    is_acknowledged: bool = False
    told_level: Level | None = None
    notice_after: int | None = None
    was_flapping: bool = False

    def run_s(self, verdict: Verdict, *, critical_only: bool = False) -> float | None:
        """How long the newest results were all of a kind."""
        newest = []
        for one in reversed(self.seen):
            if one.verdict is not verdict or (critical_only and not one.is_critical):
                break
            newest.append(one)
        return sum(one.elapsed_s for one in newest[:-1]) if newest else None

    def run_length(self, verdict: Verdict) -> int:
        count = 0
        for one in reversed(self.seen[self.opened_at :]):
            if one.verdict is not verdict:
                break
            count += 1
        return count

    def take(self, one: Seen) -> None:
        self.seen.append(one)
        self.was_flapping = self.is_flapping()
        if one.verdict is Verdict.BREACH:
            self._breach()
        elif one.verdict is Verdict.CLEAR:
            clear_s = self.run_s(Verdict.CLEAR) or 0.0
            is_over = (
                clear_s >= self.rule.keep_firing_for_s
                and self.run_length(Verdict.CLEAR) >= self.rule.success_threshold
            )
            if self.open_level is not None and is_over:
                self._close()
        elif one.verdict is Verdict.NO_DATA and self.is_missing():
            if self.rule.no_data is NoDataPolicy.RESOLVE:
                self._close()
            elif self.rule.no_data is NoDataPolicy.ALERT and self.open_level is None:
                self._open(self.rule.level)

    def is_missing(self) -> bool:
        missing_s = self.run_s(Verdict.NO_DATA)
        return missing_s is not None and missing_s >= self.rule.no_data_after_s

    def state(self) -> AlertState:
        # Data that is missing for a short time leaves the state as it was: look at what was before.
        known = list(self.seen)
        while known and known[-1].verdict is Verdict.NO_DATA and not self.is_missing():
            known.pop()
        if not known:
            return AlertState.OK
        match known[-1].verdict:
            case Verdict.ERROR:
                return AlertState.ERROR
            case Verdict.NO_DATA:
                return AlertState.NO_DATA
            case Verdict.BREACH if self.open_level is not None:
                return AlertState.FIRING
            case Verdict.BREACH if known == self.seen:
                return AlertState.PENDING
            case Verdict.CLEAR if self.open_level is not None:
                return AlertState.RECOVERING
            case _:
                return AlertState.OK

    def is_flapping(self) -> bool:
        measured = [s.verdict for s in self.seen if s.verdict in (Verdict.BREACH, Verdict.CLEAR)]
        if not measured:
            return False
        if self.seen[-1].verdict not in (Verdict.BREACH, Verdict.CLEAR):
            return self.was_flapping
        newest = measured[-21:]
        changes = sum(newest[i] is not newest[i - 1] for i in range(1, len(newest)))
        return changes >= 20 * (self.rule.flap_low if self.was_flapping else self.rule.flap_high)

    def due(self) -> NoticeKind | None:
        if self.open_level is None:
            return NoticeKind.RESOLVED if self.told_level is not None and not self.was_flapping else None
        if self.is_acknowledged:
            return None
        since_s = None
        if self.notice_after is not None:
            since_s = sum(one.elapsed_s for one in self.seen[self.notice_after :])
        if self.told_level is None:
            return NoticeKind.FIRING if since_s is None or since_s >= self.rule.cooldown_s else None
        if self.open_level is CRITICAL and self.told_level is WARNING:
            return NoticeKind.FIRING
        if self.rule.repeat_s and since_s is not None and since_s >= self.rule.repeat_s:
            return None if self.was_flapping else NoticeKind.REMINDER
        return None

    def tell(self, kind: NoticeKind) -> None:
        if kind is NoticeKind.RESOLVED:
            self.told_level = None
        else:
            self.told_level, self.notice_after = self.open_level, len(self.seen)

    def _breach(self) -> None:
        critical_s = self.run_s(Verdict.BREACH, critical_only=True)
        is_critical = critical_s is not None and critical_s >= self.rule.for_s
        if self.open_level is not None:
            if is_critical and self.open_level is WARNING:
                self.open_level, self.is_acknowledged = CRITICAL, False
        elif (self.run_s(Verdict.BREACH) or 0.0) >= self.rule.for_s:
            self._open(CRITICAL if is_critical else WARNING)

    def _open(self, level: Level) -> None:
        self.open_level, self.opened_at = level, len(self.seen)

    def _close(self) -> None:
        self.open_level, self.is_acknowledged = None, False


class EvaluatorMachine(RuleBasedStateMachine):
    @initialize(
        for_s=DURATIONS,
        keep_s=DURATIONS,
        successes=st.integers(1, 4),
        no_data=st.sampled_from(NoDataPolicy),
        no_data_after_s=DURATIONS,
        cooldown_s=DURATIONS,
        repeat_s=DURATIONS,
        flap_high=st.sampled_from([0.1, 0.3, 0.5]),
    )
    def begin(
        self,
        for_s: float,
        keep_s: float,
        successes: int,
        no_data: NoDataPolicy,
        no_data_after_s: float,
        cooldown_s: float,
        repeat_s: float,
        flap_high: float,
    ) -> None:
        self.rule = AlertRule(
            id="r",
            metric_name="m",
            threshold=80.0,
            critical_threshold=95.0,
            for_s=for_s,
            keep_firing_for_s=keep_s,
            success_threshold=successes,
            no_data=no_data,
            no_data_after_s=no_data_after_s,
            cooldown_s=cooldown_s,
            repeat_s=repeat_s,
            flap_high=flap_high,
            flap_low=flap_high / 2,
        )
        self.progress = Progress()
        self.model = Obvious(self.rule)

    @rule(
        verdict=st.sampled_from(
            [Verdict.BREACH, Verdict.BREACH, Verdict.CLEAR, Verdict.NO_DATA, Verdict.ERROR]
        ),
        is_critical=st.booleans(),
        elapsed_s=st.sampled_from([0.0, 5.0, 10.0, 25.0]),
        times=st.integers(1, 4),
        is_delivering=st.booleans(),
    )
    def results(
        self, verdict: Verdict, is_critical: bool, elapsed_s: float, times: int, is_delivering: bool
    ) -> None:
        level = (CRITICAL if is_critical else WARNING) if verdict is Verdict.BREACH else None
        for _ in range(times):
            self.progress = step(self.rule, self.progress, Result(verdict, level), elapsed_s)
            self.model.take(Seen(verdict, is_critical, elapsed_s))
            if is_delivering:
                self.agrees()
                self.deliver()

    @rule()
    def deliver(self) -> None:
        kind = due(self.rule, self.progress)
        if kind is not None:
            self.progress = told(self.progress, kind)
            self.model.tell(kind)
            assert due(self.rule, self.progress) is None or self.rule.repeat_s == 0

    @rule()
    def acknowledge(self) -> None:
        if self.progress.is_open:
            self.progress = acknowledge(self.progress)
            self.model.is_acknowledged = True

    @invariant()
    def agrees(self) -> None:
        assert self.progress.state is self.model.state()
        assert self.progress.level is self.model.open_level
        assert self.progress.is_acknowledged == self.model.is_acknowledged
        assert self.progress.is_flapping == self.model.was_flapping
        assert due(self.rule, self.progress) is self.model.due()


TestEvaluator = EvaluatorMachine.TestCase
TestEvaluator.settings = settings(max_examples=120, stateful_step_count=30)

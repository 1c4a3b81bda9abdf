"""Evaluates the alert rules over the running console, keeps the alerts, hands their notices to the outbox.

Owns running time and the series; what is stored of them is the ledger's. The supervisor runs it; the facade
and the window ask it.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from operator import attrgetter
from typing import Final

from wxauto_mgt.core.alerting import evaluator, store
from wxauto_mgt.core.alerting.conditions import Conditions, FigureSource, Look
from wxauto_mgt.core.alerting.evaluator import CALM, NoticeKind, Result, Verdict
from wxauto_mgt.core.alerting.grouping import Grouping
from wxauto_mgt.core.alerting.ledger import AlertLedger, NoticeOutbox
from wxauto_mgt.core.alerting.model import (
    Acknowledgement,
    Alert,
    AlertRule,
    AlertState,
    Labels,
    Level,
    Operator,
    RepairWanted,
    alert_id,
    labels_of,
)
from wxauto_mgt.core.alerting.notices import notifications_of
from wxauto_mgt.core.alerting.settings import AlertsSettings
from wxauto_mgt.core.alerting.silences import Silence, inhibitor_of, keeper_of
from wxauto_mgt.core.alerting.tracked import Tracked, after_result, closed
from wxauto_mgt.core.metrics.model import MetricRecorded
from wxauto_mgt.core.notifications.model import Notification
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.alarm import Alarm
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.storage.database import Database

_log = logging.getLogger(__name__)

# A longer pause between two evaluations is no running time: the machine slept, or the process was stopped.
_INTERVALS_UNTIL_SUSPENDED: Final = 3.0
_SHORTEST_SUSPENSION_S: Final = 5.0
_INTERVALS_UNTIL_STALE: Final = 3.0
_SERIES_AT_A_STRETCH: Final = 200
_RECORDED_TOGETHER_S: Final = 0.05
_PAUSES_PER_LOOK: Final = 4
_STORE_TRIED_EVERY_S: Final = 1.0
_STARTED_AT: Final = attrgetter("started_at")
_SEVEREST_FIRST: Final = {level: -level.rank for level in Level}
INHIBITED: Final = "rule:"
"""How `Alert.muted_by` begins when another rule's alert is the cause."""

_Due = dict[str, NoticeKind]


class AlertEngine:
    """All alerts of one console. Use it on the loop's thread.

    Args:
        rules: the rules in force, asked at each evaluation.
        measured_every_s: how often figures are renewed; older ones are no data after three times that.
        on_notices: told after notices were committed.
        on_repair_wanted: told after an alert was committed that fires anew and whose rule names a repair.
    """

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        source: FigureSource,
        rules: Callable[[], Mapping[str, AlertRule]],
        settings: Callable[[], AlertsSettings],
        measured_every_s: Callable[[], float],
        outbox: NoticeOutbox,
        on_notices: Callable[[], None],
        on_repair_wanted: Callable[[RepairWanted], None],
        faults: FaultPoints,
    ) -> None:
        self._db = db
        self._clock = clock
        self._conditions = Conditions(source=source)
        self._rules = rules
        self._settings = settings
        self._measured_every_s = measured_every_s
        self._on_notices = on_notices
        self._on_repair_wanted = on_repair_wanted
        self._ledger = AlertLedger(db=db, outbox=outbox, faults=faults)
        self._series: dict[str, Tracked] = {}
        self._appeared: set[str] = set()
        self._fired: dict[str, str] = {}
        self._evaluated_at_s: dict[str, float] = {}
        self._silences: list[Silence] = []
        self._grouping = Grouping()
        self._running_s = 0.0
        self._looked_at_s = clock.monotonic()
        self._recorded: set[str] = set()
        self._catch_up_took_s = 0.0
        self._wake = Alarm()
        self._lock = asyncio.Lock()

    async def open(self) -> None:
        """Take over what earlier runs left.

        Raises:
            StorageError: the database cannot be read.
        """
        self._series = {tracked.id: tracked for tracked in await self._ledger.load()}
        self._silences = await store.load_silences(self._db, self._clock.now())
        self._looked_at_s = self._clock.monotonic()

    async def run(self, beat: Callable[[], None]) -> None:
        """Evaluate until cancelled: at each interval, and what a program recorded at once."""
        next_s = self._clock.monotonic()
        while True:
            beat()
            if self._clock.monotonic() >= next_s:
                next_s = self._clock.monotonic() + self._settings().evaluation_interval_s
                await self.evaluate()
            elif self._recorded:
                # What is recorded meanwhile is looked at with it, and never takes most of the loop's time.
                await self._clock.sleep(max(_RECORDED_TOGETHER_S, _PAUSES_PER_LOOK * self._catch_up_took_s))
                await self.catch_up()
            else:
                await self.notify()
            await self._wake.wait(min(next_s - self._clock.monotonic(), self._next_notice_in_s()))

    async def close(self) -> None:
        """Write the timers, so that the next run goes on where this one ends."""
        async with self._lock:
            await self._save([], {}, with_timers=True)

    def metric_recorded(self, event: MetricRecorded) -> None:
        """Look at a recorded value soon; `catch_up` does so now."""
        self._recorded.add(event.record.name)
        self._wake.ring()

    async def catch_up(self) -> None:
        """Evaluate the rules on values recorded since the last evaluation."""
        names, self._recorded = self._recorded, set()
        if names:
            began_s = self._clock.monotonic()
            await self.evaluate(names)
            self._catch_up_took_s = self._clock.monotonic() - began_s

    async def evaluate(self, metric_names: Collection[str] | None = None) -> None:
        """Evaluate every rule, or those on some metrics, and hand over the notices whose time has come."""
        async with self._lock:
            if metric_names is None:
                self._recorded.clear()
            now_s, rules = self._pass_time(), self._rules()
            self._close_orphans(rules)
            slowest_s = max(self._settings().evaluation_interval_s, self._measured_every_s())
            look = self._conditions.look(now_s=now_s, stale_after_s=_INTERVALS_UNTIL_STALE * slowest_s)
            known: dict[str, list[Tracked]] = {}
            evaluated = 0
            for tracked in self._series.values():
                known.setdefault(tracked.rule, []).append(tracked)
            for rule in rules.values():
                if metric_names is None or rule.metric_name in metric_names:
                    evaluated += self._evaluate_rule(rule, look, known.get(rule.id, ()), now_s)
                if evaluated >= _SERIES_AT_A_STRETCH:
                    evaluated = 0
                    await self._clock.sleep(0)  # a storm must not stop the window
            await self._notify(rules, now_s)

    async def notify(self) -> None:
        """Hand over the notices whose time has come, without an evaluation."""
        async with self._lock:
            await self._notify(self._rules(), self._pass_time())

    def rules(self) -> Mapping[str, AlertRule]:
        """The rules in force by id."""
        return self._rules()

    def active(self) -> tuple[Alert, ...]:
        """The alerts that are not resolved, the worst first, then the newest."""
        series = self._series.values()
        found = [t.alert for t in series if t.alert is not None and t.progress.level is not None]
        found.sort(key=_STARTED_AT, reverse=True)  # each sort keeps the order of the last
        found.sort(key=lambda alert: _SEVEREST_FIRST[alert.level])
        return tuple(found)

    async def history(self, hours: float) -> tuple[Alert, ...]:
        """The alerts that fired or were resolved in the last hours, newest first, at most 1,000."""
        since = self._clock.now() - timedelta(hours=hours)
        return tuple(await store.history(self._db, since))

    async def acknowledge(self, alert: str, *, owner: str, note: str) -> Alert:
        """Somebody takes care of an alert: nothing more is said until it gets worse or is resolved.

        Raises:
            PermanentError: no such alert is active.
            StorageError, StorageOverloaded: it could not be stored; nothing changed.
        """
        async with self._lock:
            before = self._series.get(alert)
            if before is None or before.open_alert is None:
                raise PermanentError("alert_not_active", alert=alert)
            taken = Acknowledgement(owner, note, self._clock.now())
            after = replace(
                before,
                progress=evaluator.acknowledge(before.progress),
                alert=replace(before.open_alert, acknowledged=taken),
            )
            await self._ledger.write_one(after, now_s=self._running_s)
            self._series[alert] = after
            return replace(before.open_alert, acknowledged=taken)

    def silences(self) -> tuple[Silence, ...]:
        """The silences that have not ended."""
        now = self._clock.now()
        return tuple(silence for silence in self._silences if silence.ends_at > now)

    async def silence(self, *, rule: str, labels: Labels, duration_s: float, who: str, note: str) -> Silence:
        """Keep notices back from now on, of one rule or of `*`; evaluation goes on.

        Raises:
            StorageError, StorageOverloaded: it could not be stored; nothing changed.
        """
        now = self._clock.now()
        wanted = Silence(0, rule, labels, now, now + timedelta(seconds=duration_s), who, note)
        silence_id = await self._db.run(lambda tx: store.add_silence(tx, wanted))
        silence = replace(wanted, id=silence_id)
        self._silences = [*self.silences(), silence]
        return silence

    async def end_silence(self, silence_id: int) -> None:
        """End a silence now.

        Raises:
            PermanentError: no such silence is active.
            StorageError, StorageOverloaded: it could not be stored; nothing changed.
        """
        now = self._clock.now()
        if not await self._db.run(lambda tx: store.end_silence(tx, silence_id, now)):
            raise PermanentError("silence_not_active", silence=silence_id)
        self._silences = [silence for silence in self._silences if silence.id != silence_id]
        self._wake.ring()

    def _pass_time(self) -> float:
        """Return running time: the monotonic clock without the time in which nothing ran."""
        now_s = self._clock.monotonic()
        gap_s = now_s - self._looked_at_s
        self._looked_at_s = now_s
        longest_s = _INTERVALS_UNTIL_SUSPENDED * self._settings().evaluation_interval_s
        if gap_s <= max(longest_s, _SHORTEST_SUSPENSION_S):
            self._running_s += gap_s
        return self._running_s

    def _evaluate_rule(self, rule: AlertRule, look: Look, known: Iterable[Tracked], now_s: float) -> int:
        """Take the results of one rule; returns how many there were."""
        present = set()
        for labels, result in look.evaluate(rule):
            series_id = alert_id(rule.id, labels)
            present.add(series_id)
            before = self._series.get(series_id) or Tracked(series_id, rule.id, labels)
            self._take(before, rule, result, now_s)
        self._appeared |= present
        for tracked in known:
            # Figures of an earlier run need time to come back before their absence means anything.
            is_gone = tracked.id in self._appeared or now_s >= rule.no_data_after_s
            if tracked.id not in present and is_gone and not _is_orphan(rule, tracked):
                self._take(tracked, rule, Result(Verdict.NO_DATA), now_s)
                after = self._series[tracked.id]
                if after.progress.state is AlertState.NO_DATA and after.is_at_rest(rule):
                    self._forget(tracked.id)
        return len(present)

    def _take(self, before: Tracked, rule: AlertRule, result: Result, now_s: float) -> None:
        elapsed_s = now_s - self._evaluated_at_s.get(before.id, now_s)
        self._evaluated_at_s[before.id] = now_s
        if before.progress is CALM and result.verdict is Verdict.CLEAR and before.alert is None:
            return  # as almost every series almost always is
        after = after_result(
            before,
            rule,
            result,
            elapsed_s=elapsed_s,
            now=self._clock.now(),
            new_episode=lambda: uuid.uuid4().hex,
        )
        self._series[after.id] = after
        if after is before:
            return
        if before.open_alert is None and after.open_alert is not None:
            _log.info("alert fires: %s", after.id)
            if rule.repair:
                self._fired[after.id] = rule.repair
        elif before.open_alert is not None and after.open_alert is None:
            _log.info("alert resolved: %s", after.id)

    def _close_orphans(self, rules: Mapping[str, AlertRule]) -> None:
        """End the alerts that no rule is about any more: it was removed, switched off or changed."""
        for tracked in list(self._series.values()):
            if tracked.progress.is_open and _is_orphan(rules.get(tracked.rule), tracked):
                progress = replace(evaluator.close(tracked.progress), is_flapping=False)
                self._series[tracked.id] = closed(tracked, progress, self._clock.now())

    async def _notify(self, rules: Mapping[str, AlertRule], now_s: float) -> None:
        await self._mute(rules)
        due: _Due = {}
        async for stretch in self._stretches():
            for tracked in stretch:
                if tracked.alert is not None and not tracked.alert.muted_by:
                    kind = _due(rules.get(tracked.rule), tracked)
                    if kind is not None:
                        due[tracked.id] = kind
        settings = self._settings()
        ready = self._grouping.ready(
            {self._series[series_id].rule for series_id in due},
            now_s=now_s,
            wait_s=settings.group_wait_s,
            interval_s=settings.group_interval_s,
        )
        now_told = {
            series_id: kind for series_id, kind in due.items() if self._series[series_id].rule in ready
        }
        notices = notifications_of(
            [(self._alert(series_id), kind) for series_id, kind in now_told.items()], self._clock.now()
        )
        if await self._save(notices, now_told):
            self._grouping.told(ready, now_s=now_s)
            if notices:
                self._on_notices()

    async def _stretches(self) -> AsyncIterator[Sequence[Tracked]]:
        """All series, with turns for the loop in between: a storm must not stop the window.

        The lock is held, so nobody changes them meanwhile but the one who asks.
        """
        series = tuple(self._series.values())
        for first in range(0, len(series), _SERIES_AT_A_STRETCH):
            if first:
                await self._clock.sleep(0)
            yield series[first : first + _SERIES_AT_A_STRETCH]

    async def _mute(self, rules: Mapping[str, AlertRule]) -> None:
        """Note on each alert why its notices wait, if they do."""
        now = self._clock.now()
        silences = [silence for silence in self._silences if silence.is_active(now)]
        maintenance = [window for window in self._settings().maintenance if window.is_active(now)]
        open_alerts: dict[str, list[Labels]] = {}
        async for stretch in self._stretches():
            for tracked in stretch:
                if tracked.open_alert is not None:
                    open_alerts.setdefault(tracked.rule, []).append(tracked.labels)
        async for stretch in self._stretches():
            for tracked in stretch:
                if tracked.alert is None:
                    continue
                rule = rules.get(tracked.rule)
                inhibitor = None if rule is None else inhibitor_of(rule, tracked.labels, open_alerts)
                keeper = keeper_of(tracked.rule, tracked.labels, (*silences, *maintenance))
                muted_by = keeper or ("" if inhibitor is None else f"{INHIBITED}{inhibitor}")
                if muted_by != tracked.alert.muted_by:
                    alert = replace(tracked.alert, muted_by=muted_by)
                    self._series[tracked.id] = replace(tracked, alert=alert)

    async def _save(
        self, notices: Sequence[Notification], now_told: _Due, *, with_timers: bool = False
    ) -> bool:
        """Write what changed with its notices in one transaction; tell whether that went well.

        What could not be written stays due, and is written by the next evaluation that can.
        """
        rules = self._rules()
        told: dict[str, Tracked] = {}
        changed: list[Tracked] = []
        async for stretch in self._stretches():
            for tracked in stretch:
                kind = now_told.get(tracked.id)
                if kind is not None:
                    told[tracked.id] = replace(tracked, progress=evaluator.told(tracked.progress, kind))
                now = told.get(tracked.id, tracked)
                if self._ledger.is_unsaved(
                    now, rules.get(now.rule), now_s=self._running_s, with_timers=with_timers
                ):
                    changed.append(now)
        after = self._series | told
        outlived = self._ledger.outlived(after, rules)
        if not changed and not outlived and not notices:
            return True
        lasting = [t for t in changed if not t.is_at_rest(rules.get(t.rule))]
        if not await self._ledger.write(changed, lasting, outlived, notices, now_s=self._running_s):
            return False
        self._series = after
        self._forget_resting(rules)
        self._want_repairs()
        return True

    def _want_repairs(self) -> None:
        """Ask for the repairs of what fired; where the cause is another alert, a repair would be in vain."""
        fired, self._fired = self._fired, {}
        for series_id, service in fired.items():
            tracked = self._series.get(series_id)
            alert = None if tracked is None else tracked.open_alert
            if alert is not None and not alert.muted_by.startswith(INHIBITED):
                self._on_repair_wanted(RepairWanted(service, alert.rule, alert.id))

    def _forget_resting(self, rules: Mapping[str, AlertRule]) -> None:
        """Keep no alert that is over, told and stored; a series that no rule is about goes with it."""
        for tracked in list(self._series.values()):
            rule = rules.get(tracked.rule)
            if tracked.is_at_rest(rule):
                if _is_orphan(rule, tracked):
                    self._forget(tracked.id)
                elif tracked.alert is not None:
                    self._series[tracked.id] = replace(tracked, alert=None)

    def _forget(self, series_id: str) -> None:
        del self._series[series_id]
        self._evaluated_at_s.pop(series_id, None)
        self._appeared.discard(series_id)

    def _next_notice_in_s(self) -> float:
        settings = self._settings()
        next_s = self._grouping.next_in_s(
            now_s=self._running_s, wait_s=settings.group_wait_s, interval_s=settings.group_interval_s
        )
        if self._ledger.is_failing:
            return _STORE_TRIED_EVERY_S
        return settings.evaluation_interval_s if next_s is None else next_s

    def _alert(self, series_id: str) -> Alert:
        alert = self._series[series_id].alert
        assert alert is not None  # noqa: S101 - only series with an alert are due
        return alert


def _due(rule: AlertRule | None, tracked: Tracked) -> NoticeKind | None:
    if rule is not None:
        return evaluator.due(rule, tracked.progress)
    return None if tracked.progress.told is None else NoticeKind.RESOLVED


def _is_orphan(rule: AlertRule | None, tracked: Tracked) -> bool:
    """Whether the rule of a series is not about it any more."""
    if rule is None or not rule.covers(tracked.labels):
        return True
    return rule.operator is Operator.ABSENT and tracked.labels != labels_of(rule.labels)

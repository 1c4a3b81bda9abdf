"""One series of one rule with its alert, and how a result changes both. Pure.

Owns when an alert record begins, changes and ends. The engine keeps these, the store writes them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from wxauto_mgt.core.alerting.evaluator import Progress, Result, step
from wxauto_mgt.core.alerting.model import Alert, AlertRule, AlertState, Labels
from wxauto_mgt.core.alerting.section import words_of

NO_DATA_MESSAGE = "alerts.message.no_data"


@dataclass(frozen=True)
class Tracked:
    """Where a series stands.

    Attributes:
        id: `rule:label-hash`.
        alert: the open one, or the one whose end is still to be told.
    """

    id: str
    rule: str
    labels: Labels
    progress: Progress = field(default_factory=Progress)
    alert: Alert | None = None

    @property
    def open_alert(self) -> Alert | None:
        """The alert, while it is not resolved."""
        return self.alert if self.progress.is_open else None

    def is_at_rest(self, rule: AlertRule | None) -> bool:
        """Whether nothing would be lost if the series were forgotten."""
        progress = self.progress
        since_s = progress.since_notice_s
        is_cool = since_s is None or rule is None or since_s >= rule.cooldown_s
        return (
            not progress.is_open
            and progress.told is None
            and progress.state is not AlertState.PENDING
            and not progress.is_flapping
            and is_cool
        )

    def is_told_apart(self, other: Tracked) -> bool:
        """Whether anything but timers and the value of the moment differs."""
        one, two = self.progress, other.progress
        if one is not two and (
            one.state is not two.state
            or one.level is not two.level
            or one.told is not two.told
            or one.is_flapping is not two.is_flapping
            or one.is_acknowledged is not two.is_acknowledged
            or (one.held_s is None) is not (two.held_s is None)
        ):
            return True
        return _lasting(self.alert) != _lasting(other.alert) if self.alert is not other.alert else False


def _lasting(alert: Alert | None) -> tuple[object, ...] | None:
    """What of an alert is worth a write of its own."""
    if alert is None:
        return None
    return (alert.episode, alert.state, alert.level, alert.threshold, alert.resolved_at, alert.acknowledged)


def after_result(
    before: Tracked,
    rule: AlertRule,
    result: Result,
    *,
    elapsed_s: float,
    now: datetime,
    new_episode: Callable[[], str],
) -> Tracked:
    """Take one result.

    Args:
        elapsed_s: running time since the last result of this series.
        new_episode: names the alert, should one begin.
    """
    progress = step(rule, before.progress, result, elapsed_s)
    if progress is before.progress and before.alert is None:
        return before
    return replace(before, progress=progress, alert=_alert(before, progress, rule, result, now, new_episode))


def closed(before: Tracked, progress: Progress, now: datetime) -> Tracked:
    """End the alert, if one is open; the progress is what remains."""
    alert = before.alert
    if alert is not None and alert.resolved_at is None:
        alert = replace(alert, state=AlertState.OK, resolved_at=now)
    return replace(before, progress=progress, alert=alert)


def _alert(
    before: Tracked,
    progress: Progress,
    rule: AlertRule,
    result: Result,
    now: datetime,
    new_episode: Callable[[], str],
) -> Alert | None:
    level = progress.level
    if level is None:
        return closed(before, progress, now).alert
    alert = before.open_alert
    if alert is None:
        title, message = words_of(rule)
        is_silent = progress.state is AlertState.NO_DATA
        return Alert(
            id=before.id,
            episode=new_episode(),
            rule=rule.id,
            labels=before.labels,
            level=level,
            title=title,
            message=NO_DATA_MESSAGE if is_silent else message,
            metric_name=rule.metric_name,
            value=result.value,
            threshold=rule.threshold_of(level),
            state=progress.state,
            started_at=now,
            is_flapping=progress.is_flapping,
        )
    return replace(
        alert,
        level=level,
        value=alert.value if result.value is None else result.value,
        threshold=rule.threshold_of(level),
        state=progress.state,
        acknowledged=alert.acknowledged if progress.is_acknowledged else None,
        is_flapping=progress.is_flapping,
    )

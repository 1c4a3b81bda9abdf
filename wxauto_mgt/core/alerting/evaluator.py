"""The alert of one series of one rule as a pure state machine: results in, state and due notices out.

Owns every semantic of time: `for`, keep-firing-for, cool-down, repeat, no data, flapping. Holds durations and
no instants, so a restart, a suspend or a jump of the clock cannot advance it. The engine calls it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple

from wxauto_mgt.core.alerting.model import AlertRule, AlertState, Level, NoDataPolicy

FLAP_RESULTS: Final = 21
"""Nagios' window: 21 results have 20 chances to change. Its weighting of recent ones is left out."""


class Verdict(StrEnum):
    """What one evaluation of a condition found."""

    BREACH = "breach"
    CLEAR = "clear"
    NO_DATA = "no_data"
    ERROR = "error"


class NoticeKind(StrEnum):
    """What there is to say about an alert."""

    FIRING = "firing"
    REMINDER = "reminder"
    RESOLVED = "resolved"


class Result(NamedTuple):
    """One evaluation; a tuple, for one is made for each series at each evaluation.

    Attributes:
        level: of a breach; None otherwise.
        value: what was compared, if there was something.
    """

    verdict: Verdict
    level: Level | None = None
    value: float | None = None


@dataclass(frozen=True)
class Progress:
    """Where a series stands.

    Attributes:
        level: of the open alert; None while there is none.
        held_s: how long every result was a breach; None when the last was none.
        critical_held_s: the same for breaches of the critical threshold.
        successes, clear_s: results without breach in a row, and over how long, while an alert is open.
        missing_s: how long there was no data; None when there is.
        told: level of the last firing notice that no resolved notice followed.
        since_notice_s: time since the last firing notice or reminder; None = there was none.
        recent: the newest results, True = breach, oldest first.
    """

    state: AlertState = AlertState.OK
    level: Level | None = None
    held_s: float | None = None
    critical_held_s: float | None = None
    successes: int = 0
    clear_s: float | None = None
    missing_s: float | None = None
    told: Level | None = None
    since_notice_s: float | None = None
    recent: tuple[bool, ...] = ()
    is_flapping: bool = False
    is_acknowledged: bool = False

    @property
    def is_open(self) -> bool:
        """Whether there is an alert."""
        return self.level is not None


CALM: Final = Progress(recent=(False,) * FLAP_RESULTS)
"""Where almost every series stands almost always; `step` returns this very object for it."""


def step(rule: AlertRule, before: Progress, result: Result, elapsed_s: float) -> Progress:
    """Take one result.

    Args:
        elapsed_s: running time since the last result of this series; 0 if the console did not run meanwhile.
    """
    if before is CALM and result.verdict is Verdict.CLEAR:
        return CALM
    if before.since_notice_s is not None:
        before = replace(before, since_notice_s=before.since_notice_s + elapsed_s)
    match result.verdict:
        case Verdict.BREACH:
            return _flapping(rule, _breached(rule, before, result, elapsed_s), is_breach=True)
        case Verdict.CLEAR:
            after = _flapping(rule, _cleared(rule, before, elapsed_s), is_breach=False)
            return CALM if after == CALM else after
        case Verdict.NO_DATA:
            return _missed(rule, before, elapsed_s)
        case Verdict.ERROR:
            return replace(_interrupted(before), state=AlertState.ERROR, missing_s=None)


def acknowledge(before: Progress) -> Progress:
    """Somebody takes care: nothing more is said until it gets worse or is resolved."""
    return replace(before, is_acknowledged=True)


def close(before: Progress) -> Progress:
    """End the alert, whatever the figures say."""
    return replace(
        before,
        state=AlertState.OK,
        level=None,
        held_s=None,
        critical_held_s=None,
        successes=0,
        clear_s=None,
        is_acknowledged=False,
    )


def due(rule: AlertRule, progress: Progress) -> NoticeKind | None:
    """Tell what should be said now. It stays due until `told`, so nothing that waits can be lost.

    While a series flaps it is told to fire at most once, and neither resolved nor reminded of.
    """
    if progress.level is None:
        return NoticeKind.RESOLVED if progress.told is not None and not progress.is_flapping else None
    if progress.is_acknowledged:
        return None
    since_s = progress.since_notice_s
    if progress.told is None:
        return NoticeKind.FIRING if since_s is None or since_s >= rule.cooldown_s else None
    if progress.level.rank > progress.told.rank:
        return NoticeKind.FIRING
    is_repeat_due = since_s is not None and 0 < rule.repeat_s <= since_s
    return NoticeKind.REMINDER if is_repeat_due and not progress.is_flapping else None


def told(progress: Progress, kind: NoticeKind) -> Progress:
    """Note that a notice is on its way."""
    if kind is NoticeKind.RESOLVED:
        return replace(progress, told=None)
    return replace(progress, told=progress.level, since_notice_s=0.0)


def _breached(rule: AlertRule, before: Progress, result: Result, elapsed_s: float) -> Progress:
    held_s = _longer(before.held_s, elapsed_s)
    is_critical = rule.critical_threshold is not None and result.level is Level.CRITICAL
    critical_held_s = _longer(before.critical_held_s, elapsed_s) if is_critical else None
    reached = Level.CRITICAL if critical_held_s is not None and critical_held_s >= rule.for_s else rule.level
    after = replace(
        before, held_s=held_s, critical_held_s=critical_held_s, successes=0, clear_s=None, missing_s=None
    )
    if before.level is not None:
        is_worse = reached.rank > before.level.rank
        return replace(
            after,
            state=AlertState.FIRING,
            level=reached if is_worse else before.level,
            is_acknowledged=before.is_acknowledged and not is_worse,
        )
    if held_s >= rule.for_s:
        return replace(after, state=AlertState.FIRING, level=reached)
    return replace(after, state=AlertState.PENDING)


def _cleared(rule: AlertRule, before: Progress, elapsed_s: float) -> Progress:
    after = replace(before, held_s=None, critical_held_s=None, missing_s=None)
    if not before.is_open:
        return replace(after, state=AlertState.OK)
    clear_s, successes = _longer(before.clear_s, elapsed_s), before.successes + 1
    if successes >= rule.success_threshold and clear_s >= rule.keep_firing_for_s:
        return close(after)
    return replace(after, state=AlertState.RECOVERING, clear_s=clear_s, successes=successes)


def _missed(rule: AlertRule, before: Progress, elapsed_s: float) -> Progress:
    missing_s = _longer(before.missing_s, elapsed_s)
    after = replace(_interrupted(before), missing_s=missing_s)
    if missing_s < rule.no_data_after_s:
        return replace(after, state=AlertState.OK) if before.state is AlertState.PENDING else after
    if rule.no_data is NoDataPolicy.RESOLVE:
        after = close(after)
    elif rule.no_data is NoDataPolicy.ALERT and not after.is_open:
        after = replace(after, level=rule.level)
    return replace(after, state=AlertState.NO_DATA)


def _interrupted(before: Progress) -> Progress:
    """Without a value nothing held: neither a breach nor a recovery."""
    return replace(before, held_s=None, critical_held_s=None, successes=0, clear_s=None)


def _flapping(rule: AlertRule, progress: Progress, *, is_breach: bool) -> Progress:
    recent = (*progress.recent, is_breach)[-FLAP_RESULTS:]
    changes = sum(1 for one, next_one in pairwise(recent) if one is not next_one)
    ratio = changes / (FLAP_RESULTS - 1)
    limit = rule.flap_low if progress.is_flapping else rule.flap_high
    return replace(progress, recent=recent, is_flapping=ratio >= limit)


def _longer(held_s: float | None, elapsed_s: float) -> float:
    return 0.0 if held_s is None else held_s + elapsed_s

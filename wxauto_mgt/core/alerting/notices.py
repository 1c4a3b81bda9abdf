"""What is said of alerts whose notices go out together. Pure; the engine hands it to the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from wxauto_mgt.core.alerting.evaluator import NoticeKind
from wxauto_mgt.core.alerting.model import LABEL, Alert, Level
from wxauto_mgt.core.notifications.model import Notification, NotificationKind, NotificationLevel
from wxauto_mgt.errors import Fact

_SHOWN: Final = 10
_FOUR_DIGITS: Final = 1000.0
_OVER: Final = "alerts.message.resolved"


def notifications_of(due: Sequence[tuple[Alert, NoticeKind]], now: datetime) -> list[Notification]:
    """Return at most two notices for each rule: what fires, reminders among it, and what is resolved."""
    by_group: dict[tuple[str, NotificationKind], list[Alert]] = {}
    for alert, kind in due:
        kind_told = NotificationKind.RESOLVED if kind is NoticeKind.RESOLVED else NotificationKind.FIRING
        by_group.setdefault((alert.rule, kind_told), []).append(alert)
    return [
        _one(alerts[0], kind, now) if len(alerts) == 1 else _many(rule, alerts, kind, now)
        for (rule, kind), alerts in by_group.items()
    ]


def params_of(alert: Alert) -> dict[str, Fact]:
    """Return what the templates of an alert may name."""
    return {
        "metric": alert.metric_name,
        "value": _number(alert.value),
        "threshold": _number(alert.threshold),
        "rule": alert.rule,
        "level": alert.level.value,
        "labels": labels_text(alert),
        **{f"{LABEL}{name}": value for name, value in alert.labels},
    }


def labels_text(alert: Alert) -> str:
    """Return the labels in one line."""
    return ", ".join(f"{name}={value}" for name, value in alert.labels)


def _one(alert: Alert, kind: NotificationKind, now: datetime) -> Notification:
    is_over = kind is NotificationKind.RESOLVED
    ended_at = alert.resolved_at or now
    return Notification(
        key=alert.id,
        kind=kind,
        level=NotificationLevel(alert.level.value),
        title=alert.title,
        # What the rule says of an alert is no longer true once it is over.
        message=_OVER if is_over else alert.message,
        at=ended_at if is_over else alert.started_at,
        labels={**dict(alert.labels), "rule": alert.rule},
        params={**params_of(alert), "lasted": _lasted(alert, ended_at)},
    )


def _many(rule: str, alerts: Sequence[Alert], kind: NotificationKind, now: datetime) -> Notification:
    worst: Level = max((alert.level for alert in alerts), key=lambda level: level.rank)
    shown = "; ".join(labels_text(alert) for alert in alerts[:_SHOWN])
    shared = set(alerts[0].labels).intersection(*(alert.labels for alert in alerts[1:]))
    return Notification(
        key=rule,
        kind=kind,
        level=NotificationLevel(worst.value),
        title="alerts.title.several",
        message="alerts.message.several" if len(alerts) > _SHOWN else "alerts.message.several_all",
        at=now,
        labels={**dict(sorted(shared)), "rule": rule},
        params={
            "rule": rule,
            "metric": alerts[0].metric_name,
            "count": len(alerts),
            "more": len(alerts) - _SHOWN,
            "examples": shown,
        },
    )


def _lasted(alert: Alert, until: datetime) -> str:
    """Hours, minutes and seconds; the same in every language."""
    minutes, seconds = divmod(max(0, round((until - alert.started_at).total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def _number(value: float | None) -> str:
    """Four digits, or all that stand before the point."""
    if value is None:
        return "—"
    return f"{value:.4g}" if abs(value) < _FOUR_DIGITS else f"{value:.15g}".partition(".")[0]

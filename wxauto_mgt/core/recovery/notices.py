"""What people are told of repairs. Pure; the journal writes it in the transaction of what happened."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from wxauto_mgt.core.notifications.model import Notification, NotificationKind, NotificationLevel
from wxauto_mgt.core.recovery.model import RunOutcome, RunRecord
from wxauto_mgt.errors import Fact

_AREA: Final = "recovery.notice"


def of_end(run: RunRecord, *, is_exhausted: bool, most: int, now: datetime) -> Notification | None:
    """Return what is told when a run ended: that it helped, or that a person is needed; else nothing."""
    params: dict[str, Fact] = {"service": run.service, "attempt": run.attempt, "most": most}
    if run.outcome is RunOutcome.RECOVERED:
        return _notice(
            run.service, "recovered", NotificationKind.RESOLVED, NotificationLevel.INFO, now, params
        )
    if run.outcome is not RunOutcome.NOT_RECOVERED:
        return None
    if is_exhausted:
        level = NotificationLevel.CRITICAL
        return _notice(run.service, "needs_person", NotificationKind.FIRING, level, now, params)
    level = NotificationLevel.ERROR
    return _notice(run.service, "not_recovered", NotificationKind.FIRING, level, now, params)


def of_cut_off(run: RunRecord, now: datetime) -> Notification:
    """Return what is told of a run in whose middle the console ended."""
    params: dict[str, Fact] = {"service": run.service}
    level = NotificationLevel.WARNING
    return _notice(run.service, "interrupted", NotificationKind.FIRING, level, now, params)


def of_health(service: str, now: datetime) -> Notification:
    """Return what is told when a service, of which a person was told, is well again."""
    level = NotificationLevel.INFO
    return _notice(service, "well_again", NotificationKind.RESOLVED, level, now, {"service": service})


def _notice(
    service: str,
    name: str,
    kind: NotificationKind,
    level: NotificationLevel,
    now: datetime,
    params: dict[str, Fact],
) -> Notification:
    return Notification(
        key=f"recovery:{service}",
        kind=kind,
        level=level,
        title=f"{_AREA}.{name}.title",
        message=f"{_AREA}.{name}.message",
        at=now,
        labels={"service": service},
        params=params,
    )

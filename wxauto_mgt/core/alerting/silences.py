"""Who keeps which notices back, and when: silences, maintenance windows, inhibition. Pure.

They stop delivery, never evaluation. Wall-clock times are meant here: a person says until when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field
from pydantic.config import JsonDict

from wxauto_mgt.core.alerting.model import AlertRule, Labels
from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import ConfigModel, refuse

EVERY_RULE: Final = "*"
_DAY_S: Final = 86_400.0
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_hints = FieldHints(
    labels="alerts.maintenance", helps="alerts.maintenance.help", group="settings.alerts.group.notices"
)


def _checked_time(text: str) -> str:
    try:
        time.fromisoformat(text)
    except ValueError:
        raise refuse("alert_bad_time") from None
    return text


def _checked_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise refuse("alert_unknown_zone") from None
    return text


def _checked_days(days: tuple[str, ...]) -> tuple[str, ...]:
    if any(day not in _DAYS for day in days):
        raise refuse("alert_unknown_day", known=", ".join(_DAYS))
    return days


def _day_hints() -> JsonDict:
    found = _hints("days", 50, widget=Widget.CHOICES, choices="alerts.day", has_help=True)
    found["items"] = {"type": "string", "enum": list(_DAYS)}
    return found


@dataclass(frozen=True)
class Silence:
    """Somebody wants no notices for a while.

    Attributes:
        rule: `*` = every rule.
        labels: an alert must have all of these.
    """

    id: int
    rule: str
    labels: Labels
    starts_at: datetime
    ends_at: datetime
    who: str
    note: str

    def is_active(self, now: datetime) -> bool:
        """Whether it holds at an instant."""
        return self.starts_at <= now < self.ends_at

    @property
    def key(self) -> str:
        """How an alert names what keeps its notices back."""
        return f"silence:{self.id}"

    def covers(self, rule_id: str, labels: Labels) -> bool:
        """Whether it is about an alert."""
        return self.rule in (EVERY_RULE, rule_id) and set(self.labels) <= set(labels)


class MaintenanceWindow(ConfigModel):
    """A time of the week without notices, in the zone where the people are.

    It begins at `start` of the local clock and lasts `duration_s` of real time, also when the clocks change
    in between. A start that a change of the clocks leaves out is moved as far as the clocks are.
    """

    name: str = Field(min_length=1, max_length=100, json_schema_extra=_hints("name", 10))
    start: Annotated[str, AfterValidator(_checked_time)] = Field(
        json_schema_extra=_hints("start", 20, has_help=True)
    )
    duration_s: float = Field(
        gt=0, le=7 * _DAY_S, json_schema_extra=_hints("duration_s", 30, unit="unit.seconds")
    )
    zone: Annotated[str, AfterValidator(_checked_zone)] = Field(
        default="UTC", json_schema_extra=_hints("zone", 40, has_help=True)
    )
    days: Annotated[tuple[str, ...], AfterValidator(_checked_days)] = Field(
        default=(), json_schema_extra=_day_hints()
    )
    rule: str = Field(default=EVERY_RULE, json_schema_extra=_hints("rule", 60, refers_to="alert_rule"))
    labels: dict[str, str] = Field(
        default_factory=dict, json_schema_extra=_hints("labels", 70, has_help=True)
    )

    def is_active(self, now: datetime) -> bool:
        """Whether an instant lies inside; without days it opens every day."""
        zone = ZoneInfo(self.zone)
        today = now.astimezone(zone).date()
        at = time.fromisoformat(self.start)
        for days_ago in range(2 + int(self.duration_s // _DAY_S)):
            day = today - timedelta(days=days_ago)
            if self.days and _DAYS[day.weekday()] not in self.days:
                continue
            opens_at = datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
            if opens_at <= now < opens_at + timedelta(seconds=self.duration_s):
                return True
        return False

    @property
    def key(self) -> str:
        """How an alert names what keeps its notices back."""
        return f"maintenance:{self.name}"

    def covers(self, rule_id: str, labels: Labels) -> bool:
        """Whether it is about an alert."""
        return self.rule in (EVERY_RULE, rule_id) and set(self.labels.items()) <= set(labels)


def keeper_of(rule_id: str, labels: Labels, active: Iterable[Silence | MaintenanceWindow]) -> str:
    """Return the key of the first of these that is about an alert; "" when none is."""
    return next((one.key for one in active if one.covers(rule_id, labels)), "")


def inhibitor_of(rule: AlertRule, labels: Labels, open_alerts: Mapping[str, Iterable[Labels]]) -> str | None:
    """Return the rule whose open alert makes this one's notices pointless.

    An alert inhibits those that agree with it on every label that both have: a server that is down silences
    its own WeChat, not another's.

    Args:
        open_alerts: rule -> labels of its open alerts, muted ones included: so a chain needs no order.
    """
    pairs = dict(labels)
    for other in rule.inhibited_by:
        for candidate in open_alerts.get(other, ()):
            if all(pairs.get(name, value) == value for name, value in candidate):
                return other
    return None

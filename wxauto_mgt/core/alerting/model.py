"""What alerts are made of: levels, states, labels, a rule as a person writes it, an alert as others see it.

Owns what one rule alone can be checked for; not references between rules (`section`), not evaluation.
"""

from __future__ import annotations

import hashlib
import json
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import ConfigModel, ObjectId, refuse

Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Sorted pairs of name and value."""

PLACEHOLDERS: Final = frozenset({"metric", "value", "threshold", "level", "rule", "labels"})
LABEL: Final = "label_"
"""`{label_NAME}` stands for one label's value."""
_LONGEST_S: Final = 30 * 86_400.0
_RATE_WINDOW_S: Final = 60.0
_ANOMALY_WINDOW_S: Final = 3_600.0
_ID_DIGITS: Final = 12
_BASIC: Final = "alerts.group.basic"
_CONDITION: Final = "alerts.group.condition"
_TIMING: Final = "alerts.group.timing"
_NOTICES: Final = "alerts.group.notices"
_SECONDS: Final = "unit.seconds"
_hints = FieldHints(labels="alerts.field", helps="alerts.help")


def labels_of(pairs: Mapping[str, str]) -> Labels:
    """Return labels in their one order."""
    return tuple(sorted(pairs.items()))


@lru_cache(maxsize=20_000)
def alert_id(rule_id: str, labels: Labels) -> str:
    """Name an alert: `rule:label-hash`; the same over restarts."""
    text = json.dumps(labels, ensure_ascii=False)
    return f"{rule_id}:{hashlib.sha256(text.encode()).hexdigest()[:_ID_DIGITS]}"


class Level(StrEnum):
    """How bad it is, from mild to severe."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Compares levels: the higher, the worse."""
        return _RANKS[self]


_RANKS: Final = {level: rank for rank, level in enumerate(Level)}


class AlertState(StrEnum):
    """Where one series of a rule stands."""

    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"
    NO_DATA = "no_data"
    ERROR = "error"


class Operator(StrEnum):
    """How a value is compared.

    `rate` compares the rise per second, `anomaly` how unusual the value is among those before it, `absent`
    looks for no value at all.
    """

    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    EQ = "eq"
    RATE = "rate"
    ANOMALY = "anomaly"
    ABSENT = "absent"

    def is_met(self, value: float, threshold: float) -> bool:
        """Whether a value breaches a threshold; not for `absent`."""
        match self:
            case Operator.GTE:
                return value >= threshold
            case Operator.LT:
                return value < threshold
            case Operator.LTE:
                return value <= threshold
            case Operator.EQ:
                return value == threshold
            case _:
                return value > threshold


class NoDataPolicy(StrEnum):
    """What becomes of an alert whose figures stop coming."""

    KEEP = "keep"
    RESOLVE = "resolve"
    ALERT = "alert"


def _checked_template(text: str) -> str:
    """Accept plain placeholders only: anything more could reach into objects."""
    try:
        fields = [name for _, name, spec, conversion in string.Formatter().parse(text) if name is not None]
        details = [spec or conversion for _, _, spec, conversion in string.Formatter().parse(text)]
    except ValueError:
        raise refuse("alert_bad_template") from None
    unknown = [name for name in fields if name not in PLACEHOLDERS and not name.startswith(LABEL)]
    if unknown or any(details):
        raise refuse("alert_unknown_placeholder", known=", ".join((*sorted(PLACEHOLDERS), f"{LABEL}*")))
    return text


Template = Annotated[str, AfterValidator(_checked_template)]


class AlertRule(ConfigModel):
    """One rule. Durations count the console's running time: neither downtime nor a jump of the clock."""

    id: ObjectId = Field(json_schema_extra=_hints("id", 10, group=_BASIC, has_help=True))
    name: str = Field(default="", max_length=200, json_schema_extra=_hints("name", 20, group=_BASIC))
    enabled: bool = Field(default=True, json_schema_extra=_hints("enabled", 30, group=_BASIC))
    metric_name: str = Field(
        min_length=1, max_length=200, json_schema_extra=_hints("metric_name", 40, group=_CONDITION)
    )
    labels: dict[str, str] = Field(
        default_factory=dict, json_schema_extra=_hints("labels", 50, group=_CONDITION, has_help=True)
    )
    operator: Operator = Field(
        default=Operator.GT,
        json_schema_extra=_hints("operator", 60, group=_CONDITION, choices="alerts.operator"),
    )
    threshold: float = Field(default=0.0, json_schema_extra=_hints("threshold", 70, group=_CONDITION))
    level: Level = Field(
        default=Level.WARNING, json_schema_extra=_hints("level", 80, group=_CONDITION, choices="alerts.level")
    )
    critical_threshold: float | None = Field(
        default=None, json_schema_extra=_hints("critical_threshold", 90, group=_CONDITION, has_help=True)
    )
    window_s: float | None = Field(
        default=None,
        gt=0,
        le=10_800,
        json_schema_extra=_hints("window_s", 100, group=_CONDITION, unit=_SECONDS, has_help=True),
    )
    min_count: int = Field(
        default=0, ge=0, json_schema_extra=_hints("min_count", 110, group=_CONDITION, has_help=True)
    )
    for_s: float = Field(
        default=60.0,
        ge=0,
        le=_LONGEST_S,
        json_schema_extra=_hints("for_s", 120, group=_TIMING, unit=_SECONDS, has_help=True),
    )
    keep_firing_for_s: float = Field(
        default=0.0,
        ge=0,
        le=_LONGEST_S,
        json_schema_extra=_hints("keep_firing_for_s", 130, group=_TIMING, unit=_SECONDS, has_help=True),
    )
    success_threshold: int = Field(
        default=1,
        ge=1,
        le=1000,
        json_schema_extra=_hints("success_threshold", 140, group=_TIMING, has_help=True),
    )
    no_data: NoDataPolicy = Field(
        default=NoDataPolicy.KEEP,
        json_schema_extra=_hints("no_data", 150, group=_TIMING, choices="alerts.no_data"),
    )
    no_data_after_s: float = Field(
        default=300.0,
        ge=0,
        le=_LONGEST_S,
        json_schema_extra=_hints("no_data_after_s", 160, group=_TIMING, unit=_SECONDS),
    )
    cooldown_s: float = Field(
        default=300.0,
        ge=0,
        le=_LONGEST_S,
        json_schema_extra=_hints("cooldown_s", 170, group=_NOTICES, unit=_SECONDS, has_help=True),
    )
    repeat_s: float = Field(
        default=14_400.0,
        ge=0,
        le=_LONGEST_S,
        json_schema_extra=_hints("repeat_s", 180, group=_NOTICES, unit=_SECONDS, has_help=True),
    )
    flap_high: float = Field(
        default=0.5, gt=0, le=1, json_schema_extra=_hints("flap_high", 190, group=_NOTICES, has_help=True)
    )
    flap_low: float = Field(
        default=0.25, gt=0, le=1, json_schema_extra=_hints("flap_low", 200, group=_NOTICES)
    )
    inhibited_by: tuple[str, ...] = Field(
        default=(),
        json_schema_extra=_hints("inhibited_by", 210, group=_NOTICES, widget=Widget.WORDS, has_help=True),
    )
    repair: str = Field(
        default="",
        max_length=100,
        json_schema_extra=_hints("repair", 215, group=_NOTICES, refers_to="service", has_help=True),
    )
    title: Template = Field(
        default="", max_length=500, json_schema_extra=_hints("title", 220, group=_NOTICES, has_help=True)
    )
    message: Template = Field(
        default="",
        max_length=2000,
        json_schema_extra=_hints("message", 230, group=_NOTICES, widget=Widget.MULTILINE),
    )

    @field_validator("critical_threshold")
    @classmethod
    def _beyond_threshold(cls, critical: float | None, info: ValidationInfo) -> float | None:
        operator, threshold = info.data.get("operator"), info.data.get("threshold")
        if critical is None or operator is None or threshold is None:
            return critical
        if operator in (Operator.EQ, Operator.ABSENT):
            raise refuse("alert_one_level_only")
        is_falling = operator in (Operator.LT, Operator.LTE)
        if critical >= threshold if is_falling else critical <= threshold:
            raise refuse("alert_critical_not_beyond")
        return critical

    @field_validator("flap_low")
    @classmethod
    def _below_high(cls, low: float, info: ValidationInfo) -> float:
        high = info.data.get("flap_high")
        if high is not None and low > high:
            raise refuse("alert_flap_low_above_high")
        return low

    @property
    def looks_back_s(self) -> float:
        """Over how long `rate` and `anomaly` look."""
        if self.window_s is not None:
            return self.window_s
        return _ANOMALY_WINDOW_S if self.operator is Operator.ANOMALY else _RATE_WINDOW_S

    def covers(self, labels: Labels) -> bool:
        """Whether a series belongs to the rule: it has every label that the rule names."""
        if not self.labels:
            return True
        pairs = dict(labels)
        return all(pairs.get(name) == value for name, value in self.labels.items())

    def threshold_of(self, level: Level | None) -> float:
        """The threshold whose breach means this level."""
        if level is Level.CRITICAL and self.critical_threshold is not None:
            return self.critical_threshold
        return self.threshold


@dataclass(frozen=True)
class Acknowledgement:
    """Somebody takes care of an alert."""

    owner: str
    note: str
    at: datetime


@dataclass(frozen=True)
class Alert:
    """One alert from its first firing until it is resolved.

    Attributes:
        id: `rule:label-hash`; the same for every alert of one series.
        episode: unique to this alert.
        level: the worst that it held since it fired.
        value: at the last change, or the newest while it is active; None when there is none.
        muted_by: why its notices wait: `silence:ID`, `maintenance:NAME` or `rule:ID`; "" = they do not.
    """

    id: str
    episode: str
    rule: str
    labels: Labels
    level: Level
    title: str
    message: str
    metric_name: str
    value: float | None
    threshold: float
    state: AlertState
    started_at: datetime
    resolved_at: datetime | None = None
    acknowledged: Acknowledgement | None = None
    is_flapping: bool = False
    muted_by: str = ""


@dataclass(frozen=True)
class RepairWanted:
    """An alert fires whose rule names a service to be repaired; published on the bus."""

    service: str
    rule: str
    alert: str

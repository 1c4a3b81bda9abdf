"""Checks a resource by a metric that is measured anyway: it warns at one limit and fails at another."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import Field, model_validator

from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import ConfigModel, refuse
from wxauto_mgt.core.monitoring.checks.contract import CheckKind, CheckResult, Outcome
from wxauto_mgt.core.monitoring.checks.form_fields import CHECK_GROUP
from wxauto_mgt.errors import Fact

_hints = FieldHints(labels="check_kind.resource.field", helps="check_kind.resource.help", group=CHECK_GROUP)


class Direction(StrEnum):
    """On which side of the limits trouble is."""

    ABOVE = "above"
    BELOW = "below"


class ResourceConfig(ConfigModel):
    """Which metric, and where its limits are.

    Attributes:
        metric: its name, such as `system_cpu_usage`.
        warn: from here on it is degraded; fail: from here on it failed. One of them at least.
    """

    metric: str = Field(min_length=1, max_length=200, json_schema_extra=_hints("metric", 100, has_help=True))
    direction: Direction = Field(
        default=Direction.ABOVE,
        json_schema_extra=_hints(
            "direction", 110, widget=Widget.CHOICE, choices="check_kind.resource.direction"
        ),
    )
    warn: float | None = Field(default=None, json_schema_extra=_hints("warn", 120, has_help=True))
    fail: float | None = Field(default=None, json_schema_extra=_hints("fail", 130, has_help=True))

    @model_validator(mode="after")
    def _check_limits(self) -> ResourceConfig:
        if self.warn is None and self.fail is None:
            raise refuse("resource_no_limit")
        if self.warn is not None and self.fail is not None and not self._is_beyond(self.fail, self.warn):
            raise refuse("resource_limits")
        return self

    def _is_beyond(self, value: float, limit: float) -> bool:
        return value >= limit if self.direction is Direction.ABOVE else value <= limit

    def outcome_of(self, value: float) -> tuple[Outcome, float | None]:
        """Judge a value; with the limit that it is beyond."""
        for limit, outcome in ((self.fail, Outcome.FAILED), (self.warn, Outcome.DEGRADED)):
            if limit is not None and self._is_beyond(value, limit):
                return outcome, limit
        return Outcome.OK, None


class ResourceCheck(CheckKind[ResourceConfig]):
    """Reads the newest value; measures nothing itself."""

    TYPE = "resource"
    CONFIG: ClassVar[type[ResourceConfig]] = ResourceConfig

    async def run(self) -> CheckResult:
        """Judge."""
        metric = self.config.metric
        value = self.context.figures(metric)
        params: dict[str, Fact] = {"metric": metric}
        if value is None:
            return CheckResult(Outcome.UNKNOWN, "resource_not_measured", params)
        outcome, limit = self.config.outcome_of(value)
        params["value"] = round(value, 3)
        if limit is None:
            return CheckResult(outcome, "resource_in_bounds", params, {"value": value})
        params["limit"] = limit
        return CheckResult(outcome, f"resource_{self.config.direction.value}", params, {"value": value})

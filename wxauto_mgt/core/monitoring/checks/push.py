"""Checks a service by what it, or whoever uses it, pushed of its calls. Asks nobody."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.monitoring.checks.contract import CheckContext, CheckKind, CheckResult, Outcome
from wxauto_mgt.core.monitoring.checks.form_fields import shown
from wxauto_mgt.errors import Fact


class PushConfig(ConfigModel):
    """How long silence is fine."""

    max_age_s: float = Field(
        default=300.0,
        gt=0.0,
        le=30 * 86_400,
        json_schema_extra=shown("max_age_s", 100, unit="unit.seconds", has_help=True),
    )


class PushCheck(CheckKind[PushConfig]):
    """Judges the newest outcome. Silence fails, yet not before the console listened for long enough."""

    TYPE = "push"
    CONFIG: ClassVar[type[PushConfig]] = PushConfig

    def __init__(self, config: PushConfig, context: CheckContext) -> None:
        super().__init__(config, context)
        self._since_s = context.clock.monotonic()

    async def run(self) -> CheckResult:
        clock, limit_s = self.context.clock, self.config.max_age_s
        pushed = self.context.pushed(self.context.service)
        # A clock that was set back makes an outcome of the future; it is new all the same.
        age_s = None if pushed is None else max(0.0, (clock.now() - pushed.at).total_seconds())
        if pushed is None or age_s is None or age_s > limit_s:
            params: dict[str, Fact] = {"max_age_s": limit_s}
            evidence: dict[str, Fact] = {"age_s": None if age_s is None else round(age_s, 1)}
            if clock.monotonic() - self._since_s <= limit_s:
                return CheckResult(Outcome.UNKNOWN, "push_awaited", params, evidence)
            return CheckResult(Outcome.FAILED, "push_overdue", params, evidence)
        evidence = {"age_s": round(age_s, 1), "pushed_at": pushed.at.isoformat()}
        if pushed.ok:
            return CheckResult(Outcome.OK, "push_ok", {}, evidence, pushed.duration_ms)
        params = {"cause": pushed.error_type or "-"}
        return CheckResult(Outcome.FAILED, "push_failed", params, evidence, pushed.duration_ms)

"""Waits, then looks until the service passes several times in a row: for what takes a while to come up."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.monitoring.checks.contract import CheckResult, Outcome
from wxauto_mgt.core.recovery.actions.contract import RepairAction, RepairResult
from wxauto_mgt.core.recovery.actions.form_fields import SECONDS, shown
from wxauto_mgt.errors import Fact


class WaitUntilStableConfig(ConfigModel):
    """How patient.

    Attributes:
        delay_s: before the first look.
        passes: so many in a row are wanted.
        tries: looks at most.
        pause_s: between two looks.
        failures_at_most: so many failures in a row end it early.
    """

    delay_s: float = Field(
        default=0.0, ge=0, le=600, json_schema_extra=shown("wait.delay_s", 10, unit=SECONDS)
    )
    passes: int = Field(default=3, ge=1, le=100, json_schema_extra=shown("wait.passes", 20))
    tries: int = Field(default=20, ge=1, le=1000, json_schema_extra=shown("wait.tries", 30))
    pause_s: float = Field(
        default=2.0, ge=0.01, le=600, json_schema_extra=shown("wait.pause_s", 40, unit=SECONDS)
    )
    failures_at_most: int = Field(default=20, ge=1, le=1000, json_schema_extra=shown("wait.failures", 50))


class WaitUntilStable(RepairAction[WaitUntilStableConfig]):
    """Acts on nothing; what it saw is its evidence."""

    TYPE: ClassVar[str] = "wait_until_stable"
    CONFIG: ClassVar[type[ConfigModel]] = WaitUntilStableConfig
    TIMEOUT_S: ClassVar[float] = 120.0
    PROVED_WITHIN_S: ClassVar[float] = 0.0
    ACTS: ClassVar[bool] = False

    async def run(self) -> RepairResult:
        """Wait and look; a look that measured nothing counts neither way."""
        wanted = self.config
        await self.context.clock.sleep(wanted.delay_s)
        passes = failures = looks = 0
        while looks < wanted.tries and failures < wanted.failures_at_most:
            if looks:
                await self.context.clock.sleep(wanted.pause_s)
            result = await self.context.check()
            looks += 1
            passes = passes + 1 if result.outcome in (Outcome.OK, Outcome.DEGRADED) else 0
            failures = failures + 1 if result.outcome is Outcome.FAILED else 0
            if passes >= wanted.passes:
                return RepairResult.done("stable", passes=passes, evidence=_evidence(looks, result))
        return RepairResult.failed("not_stable", looks=looks, evidence=_evidence(looks, result))


def _evidence(looks: int, last: CheckResult) -> dict[str, Fact]:
    return {"looks": looks, "last_outcome": last.outcome.value, "last_reason": last.reason_code}

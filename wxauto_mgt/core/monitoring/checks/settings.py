"""The settings group `health_checks`: how patiently is checked. How often stands in the group `heartbeat`."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from wxauto_mgt.core.config.form_hints import FieldHints
from wxauto_mgt.core.config.model import ConfigModel, SettingsGroup
from wxauto_mgt.core.monitoring.checks.streak import Thresholds

HEALTH_CHECKS: Final = "health_checks"
_TIMES: Final = "settings.health_checks.group.times"
_hints = FieldHints(labels="settings.health_checks", helps="settings.health_checks.help", group=_TIMES)


class HealthChecksSettings(ConfigModel):
    """Patience of the health checks; services may have their own."""

    timeout_s: float = Field(
        default=5.0, ge=0.05, le=300, json_schema_extra=_hints("timeout_s", 20, unit="unit.seconds")
    )
    failure_threshold: int = Field(
        default=3, ge=1, le=100, json_schema_extra=_hints("failure_threshold", 30, has_help=True)
    )
    success_threshold: int = Field(
        default=1, ge=1, le=100, json_schema_extra=_hints("success_threshold", 40, has_help=True)
    )

    def thresholds(self) -> Thresholds:
        """Return what the board judges by."""
        return Thresholds(failures=self.failure_threshold, successes=self.success_threshold)


def health_checks_settings_group() -> SettingsGroup:
    """What the configuration store needs to know about `health_checks`."""
    return SettingsGroup(name=HEALTH_CHECKS, model=HealthChecksSettings)

"""The settings group `heartbeat`: how often everything is checked, and when something is repaired.

Owns bounds, defaults and the variables that win. The composition root registers the group; the heartbeat and
the recoverer read it.
"""

from __future__ import annotations

from typing import Final

from pydantic import Field

from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import ConfigModel, SettingsGroup

HEARTBEAT: Final = "heartbeat"
ENVIRONMENT: Final = {
    "enabled": "HEARTBEAT_ENABLED",
    "check_interval": "HEARTBEAT_CHECK_INTERVAL",
    "max_retries": "HEARTBEAT_MAX_RETRIES",
    "restart_cooldown": "HEARTBEAT_RESTART_COOLDOWN",
    "auto_start": "HEARTBEAT_AUTO_START",
}
_CHECKS: Final = "settings.heartbeat.group.checks"
_REPAIRS: Final = "settings.heartbeat.group.repairs"
_SECONDS: Final = "unit.seconds"
_hints = FieldHints(labels="settings.heartbeat", helps="settings.heartbeat.help")


class RecoverySettings(ConfigModel):
    """How much is tried before a person is asked.

    Attributes:
        max_attempts: runs of a service's ladder until it was well for a while, or a person allowed more.
    """

    max_attempts: int = Field(
        default=3, ge=1, le=100, json_schema_extra=_hints("max_attempts", 80, group=_REPAIRS, has_help=True)
    )


class HeartbeatSettings(ConfigModel):
    """The schedule of the checks and the patience of the repairs; durations in seconds.

    Attributes:
        max_retries: failures in a row before a repair.
        grace_s: for so long after a start nothing is called unhealthy or repaired; None = one interval.
    """

    enabled: bool = Field(
        default=True,
        json_schema_extra=_hints("enabled", 10, group=_CHECKS, widget=Widget.SWITCH, has_help=True),
    )
    auto_start: bool = Field(
        default=True,
        json_schema_extra=_hints("auto_start", 20, group=_CHECKS, widget=Widget.SWITCH, has_help=True),
    )
    check_interval: float = Field(
        default=30.0,
        ge=0.05,
        le=3600,
        json_schema_extra=_hints("check_interval", 30, group=_CHECKS, unit=_SECONDS),
    )
    grace_s: float | None = Field(
        default=None,
        ge=0,
        le=3600,
        json_schema_extra=_hints("grace_s", 40, group=_CHECKS, unit=_SECONDS, has_help=True),
    )
    max_retries: int = Field(
        default=3, ge=1, le=100, json_schema_extra=_hints("max_retries", 60, group=_REPAIRS, has_help=True)
    )
    restart_cooldown: float = Field(
        default=300.0,
        ge=0,
        le=86_400,
        json_schema_extra=_hints("restart_cooldown", 70, group=_REPAIRS, unit=_SECONDS, has_help=True),
    )
    recovery: RecoverySettings = Field(default_factory=RecoverySettings)

    @property
    def grace_in_force_s(self) -> float:
        """How long the grace lasts."""
        # One interval: who checks every second wants to hear of a failure within seconds.
        return self.check_interval if self.grace_s is None else self.grace_s

    @property
    def max_attempts(self) -> int:
        """Runs of a service's ladder before a person is asked."""
        return self.recovery.max_attempts


def heartbeat_settings_group() -> SettingsGroup:
    """What the configuration store needs to know about `heartbeat`."""
    return SettingsGroup(name=HEARTBEAT, model=HeartbeatSettings, environment=ENVIRONMENT)

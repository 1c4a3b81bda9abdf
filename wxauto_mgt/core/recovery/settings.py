"""The settings group `heartbeat`: how often everything is checked, and when something is repaired.

Owns bounds, defaults and the variables that win. The composition root registers the group; the heartbeat and
the recoverer read it.
"""

from __future__ import annotations

from typing import Final

from pydantic import Field
from pydantic.config import JsonDict

from wxauto_mgt.core.config.form_hints import Widget, hints
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


def _of(
    name: str, group: str, order: int, *, widget: Widget | None = None, unit: str = "", has_help: bool = True
) -> JsonDict:
    help_key = f"settings.heartbeat.help.{name}" if has_help else ""
    return hints(
        f"settings.heartbeat.{name}", group=group, order=order, widget=widget, unit=unit, help_key=help_key
    )


class RecoverySettings(ConfigModel):
    """How much is tried before a person is asked.

    Attributes:
        max_attempts: runs of a service's ladder until it was well for a while, or a person allowed more.
    """

    max_attempts: int = Field(default=3, ge=1, le=100, json_schema_extra=_of("max_attempts", _REPAIRS, 80))


class HeartbeatSettings(ConfigModel):
    """The schedule of the checks and the patience of the repairs; durations in seconds.

    Attributes:
        max_retries: failures in a row before a repair.
        grace_s: for so long after a start nothing is called unhealthy or repaired; None = one interval.
    """

    enabled: bool = Field(default=True, json_schema_extra=_of("enabled", _CHECKS, 10, widget=Widget.SWITCH))
    auto_start: bool = Field(
        default=True, json_schema_extra=_of("auto_start", _CHECKS, 20, widget=Widget.SWITCH)
    )
    check_interval: float = Field(
        default=30.0,
        ge=0.05,
        le=3600,
        json_schema_extra=_of("check_interval", _CHECKS, 30, unit=_SECONDS, has_help=False),
    )
    grace_s: float | None = Field(
        default=None, ge=0, le=3600, json_schema_extra=_of("grace_s", _CHECKS, 40, unit=_SECONDS)
    )
    max_retries: int = Field(default=3, ge=1, le=100, json_schema_extra=_of("max_retries", _REPAIRS, 60))
    restart_cooldown: float = Field(
        default=300.0, ge=0, le=86_400, json_schema_extra=_of("restart_cooldown", _REPAIRS, 70, unit=_SECONDS)
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

"""The settings group `alerts`. Read at each evaluation, so that an edit is in force for the next one."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from wxauto_mgt.core.alerting.silences import MaintenanceWindow
from wxauto_mgt.core.config.form_hints import Widget, hints
from wxauto_mgt.core.config.model import ConfigModel, SettingsGroup

ALERTS: Final = "alerts"
_EVALUATION: Final = "settings.alerts.group.evaluation"
_NOTICES: Final = "settings.alerts.group.notices"
_SECONDS: Final = "unit.seconds"


class AlertsSettings(ConfigModel):
    """How often rules are evaluated, how notices are grouped, when they are kept back."""

    evaluation_interval_s: float = Field(
        default=10.0,
        ge=0.05,
        le=3600,
        json_schema_extra=hints(
            "settings.alerts.evaluation_interval_s", group=_EVALUATION, order=10, unit=_SECONDS
        ),
    )
    group_wait_s: float = Field(
        default=5.0,
        ge=0,
        le=3600,
        json_schema_extra=hints(
            "settings.alerts.group_wait_s",
            group=_NOTICES,
            order=20,
            unit=_SECONDS,
            help_key="settings.alerts.help.group_wait_s",
        ),
    )
    group_interval_s: float = Field(
        default=60.0,
        ge=0,
        le=86_400,
        json_schema_extra=hints(
            "settings.alerts.group_interval_s",
            group=_NOTICES,
            order=30,
            unit=_SECONDS,
            help_key="settings.alerts.help.group_interval_s",
        ),
    )
    maintenance: tuple[MaintenanceWindow, ...] = Field(
        default=(),
        json_schema_extra=hints(
            "settings.alerts.maintenance",
            group=_NOTICES,
            order=40,
            widget=Widget.TABLE,
            help_key="settings.alerts.help.maintenance",
        ),
    )


def alerts_settings_group() -> SettingsGroup:
    """What the configuration store needs to know about `alerts`."""
    return SettingsGroup(name=ALERTS, model=AlertsSettings)

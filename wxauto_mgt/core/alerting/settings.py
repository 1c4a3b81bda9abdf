"""The settings group `alerts`. Read at each evaluation, so that an edit is in force for the next one."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from wxauto_mgt.core.alerting.silences import MaintenanceWindow
from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import ConfigModel, SettingsGroup

ALERTS: Final = "alerts"
_EVALUATION: Final = "settings.alerts.group.evaluation"
_NOTICES: Final = "settings.alerts.group.notices"
_SECONDS: Final = "unit.seconds"
_hints = FieldHints(labels="settings.alerts", helps="settings.alerts.help")


class AlertsSettings(ConfigModel):
    """How often rules are evaluated, how notices are grouped, when they are kept back."""

    evaluation_interval_s: float = Field(
        default=10.0,
        ge=0.05,
        le=3600,
        json_schema_extra=_hints("evaluation_interval_s", 10, group=_EVALUATION, unit=_SECONDS),
    )
    group_wait_s: float = Field(
        default=5.0,
        ge=0,
        le=3600,
        json_schema_extra=_hints("group_wait_s", 20, group=_NOTICES, unit=_SECONDS, has_help=True),
    )
    group_interval_s: float = Field(
        default=60.0,
        ge=0,
        le=86_400,
        json_schema_extra=_hints("group_interval_s", 30, group=_NOTICES, unit=_SECONDS, has_help=True),
    )
    maintenance: tuple[MaintenanceWindow, ...] = Field(
        default=(),
        json_schema_extra=_hints("maintenance", 40, group=_NOTICES, widget=Widget.TABLE, has_help=True),
    )


def alerts_settings_group() -> SettingsGroup:
    """What the configuration store needs to know about `alerts`."""
    return SettingsGroup(name=ALERTS, model=AlertsSettings)

"""The settings groups `logs` and `metrics`: what an operator may set about what the console records.

They stand here because the slices that they drive lie below the configuration. The composition root registers
them and hands `policy()` down.
"""

from __future__ import annotations

from typing import Final

from pydantic import Field

from wxauto_mgt.core.config.form_hints import FieldHints, hints
from wxauto_mgt.core.config.model import ConfigModel, SettingsGroup
from wxauto_mgt.core.logs.daily_file import Retention
from wxauto_mgt.core.logs.pipeline import LogPolicy
from wxauto_mgt.core.logs.record import Category, Level
from wxauto_mgt.core.metrics.sampler import SamplingPolicy

LOGS: Final = "logs"
METRICS: Final = "metrics"
_LOGS_GROUP: Final = "logs.group"
_METRICS_GROUP: Final = "metrics.group"
_hints = FieldHints(labels="metrics.field", helps="metrics.help", group=_METRICS_GROUP)


class LogsSettings(ConfigModel):
    """What is logged and how long it is kept."""

    levels: dict[Category, Level] = Field(
        default_factory=dict,
        json_schema_extra=hints(
            "logs.field.levels", group=_LOGS_GROUP, order=10, help_key="logs.help.levels"
        ),
    )
    retention_days: int = Field(
        default=30,
        ge=1,
        le=3650,
        json_schema_extra=hints(
            "logs.field.retention_days", group=_LOGS_GROUP, order=20, unit="monitoring.unit.days"
        ),
    )
    max_total_bytes: int = Field(
        default=1 << 30,
        ge=1 << 20,
        json_schema_extra=hints(
            "logs.field.max_total_bytes",
            group=_LOGS_GROUP,
            order=30,
            unit="monitoring.unit.bytes",
            help_key="logs.help.max_total_bytes",
        ),
    )

    def policy(self) -> LogPolicy:
        """Return what the pipeline wants."""
        return LogPolicy(
            levels=self.levels,
            retention=Retention(days=self.retention_days, max_total_bytes=self.max_total_bytes),
        )


class MetricsSettings(ConfigModel):
    """How often figures are sampled and how long raw samples are kept."""

    sample_interval_s: float = Field(
        default=10.0,
        ge=0.05,
        le=3600,
        json_schema_extra=_hints("sample_interval_s", 10, unit="monitoring.unit.seconds"),
    )
    raw_retention_hours: float = Field(
        default=48.0,
        gt=0,
        le=24 * 365,
        json_schema_extra=_hints("raw_retention_hours", 20, unit="monitoring.unit.hours", has_help=True),
    )

    minute_retention_days: float = Field(
        default=30.0,
        gt=0,
        le=3650,
        json_schema_extra=_hints("minute_retention_days", 30, unit="monitoring.unit.days"),
    )
    hour_retention_days: float = Field(
        default=730.0,
        gt=0,
        le=3650,
        json_schema_extra=_hints("hour_retention_days", 40, unit="monitoring.unit.days"),
    )
    max_total_bytes: int = Field(
        default=1 << 29,
        ge=1 << 20,
        json_schema_extra=_hints("max_total_bytes", 50, unit="monitoring.unit.bytes", has_help=True),
    )

    def policy(self) -> SamplingPolicy:
        """Return what the sampler wants."""
        return SamplingPolicy(
            interval_s=self.sample_interval_s,
            raw_retention_s=self.raw_retention_hours * 3600,
            minute_retention_s=self.minute_retention_days * 86_400,
            hour_retention_s=self.hour_retention_days * 86_400,
            max_bytes=self.max_total_bytes,
        )


def logs_settings_group() -> SettingsGroup:
    """What the configuration store needs to know about `logs`."""
    return SettingsGroup(name=LOGS, model=LogsSettings)


def metrics_settings_group() -> SettingsGroup:
    """What the configuration store needs to know about `metrics`."""
    return SettingsGroup(name=METRICS, model=MetricsSettings)

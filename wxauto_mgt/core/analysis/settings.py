"""The settings group `reports`: whether, when and where to a health report goes every day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import (
    SETTINGS,
    Candidate,
    ConfigModel,
    ObjectId,
    SettingsGroup,
    place_of,
    refuse,
)
from wxauto_mgt.core.notifications.section import CHANNEL
from wxauto_mgt.errors import Problem

REPORTS: Final = "reports"
_GROUP: Final = "settings.reports.group.daily"
_hints = FieldHints(labels="settings.reports", helps="settings.reports.help", group=_GROUP)


def _checked_time(text: str) -> str:
    try:
        time.fromisoformat(text)
    except ValueError:
        raise refuse("alert_bad_time") from None
    return text


class ReportsSettings(ConfigModel):
    """The daily health report.

    Attributes:
        daily_at: `HH:MM` in the machine's zone.
        channels: ids; none means every channel that takes reports.
    """

    daily_enabled: bool = Field(
        default=False, json_schema_extra=_hints("daily_enabled", 10, widget=Widget.SWITCH)
    )
    daily_at: Annotated[str, AfterValidator(_checked_time)] = Field(
        default="09:00", json_schema_extra=_hints("daily_at", 20)
    )
    channels: tuple[ObjectId, ...] = Field(
        default=(), json_schema_extra=_hints("channels", 30, refers_to=CHANNEL, has_help=True)
    )


def reports_settings_group() -> SettingsGroup:
    """What the configuration store needs to know about `reports`."""
    return SettingsGroup(name=REPORTS, model=ReportsSettings, check=_check_channels)


def _check_channels(candidate: Candidate) -> Iterable[Problem]:
    settings: ReportsSettings = candidate.settings(REPORTS)
    for position, channel in enumerate(settings.channels):
        if not candidate.has(CHANNEL, channel):
            place = place_of(SETTINGS, REPORTS)
            yield Problem(place, f"channels.{position}", "unknown_channel", {"channel": channel})

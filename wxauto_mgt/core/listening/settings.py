"""The settings group `listening`. Read at each use, so that an edit is in force for the next round."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from wxauto_mgt.core.config.form_hints import FieldHints
from wxauto_mgt.core.config.model import ConfigModel, SettingsGroup

LISTENING: Final = "listening"
_PACE: Final = "settings.listening.group.pace"
_WINDOWS: Final = "settings.listening.group.windows"
_SECONDS: Final = "unit.seconds"
_hints = FieldHints(labels="settings.listening", helps="settings.listening.help")


class ListeningSettings(ConfigModel):
    """How often instances are read and probed, and how many chats get a window of their own."""

    poll_interval_s: float = Field(
        default=1, gt=0, le=3600, json_schema_extra=_hints("poll_interval_s", 10, group=_PACE, unit=_SECONDS)
    )
    main_poll_interval_s: float = Field(
        default=5,
        gt=0,
        le=3600,
        json_schema_extra=_hints("main_poll_interval_s", 20, group=_PACE, unit=_SECONDS, has_help=True),
    )
    probe_interval_s: float = Field(
        default=5, gt=0, le=3600, json_schema_extra=_hints("probe_interval_s", 30, group=_PACE, unit=_SECONDS)
    )
    read_timeout_s: float = Field(
        default=60,
        gt=0,
        le=3600,
        json_schema_extra=_hints("read_timeout_s", 40, group=_PACE, unit=_SECONDS, has_help=True),
    )
    timeout_minutes: float = Field(
        default=30,
        gt=0,
        le=100_000,
        json_schema_extra=_hints("timeout_minutes", 50, group=_WINDOWS, unit="unit.minutes", has_help=True),
    )
    max_listeners_per_instance: int = Field(
        default=30,
        ge=0,
        le=1000,
        json_schema_extra=_hints("max_listeners_per_instance", 60, group=_WINDOWS, has_help=True),
    )
    answer_suspected_replays: bool = Field(
        default=False, json_schema_extra=_hints("answer_suspected_replays", 70, group=_WINDOWS, has_help=True)
    )


def listening_settings_group() -> SettingsGroup:
    """What the configuration store needs to know about this group."""
    return SettingsGroup(name=LISTENING, model=ListeningSettings)

"""The settings group `listening`. Read at each use, so that an edit is in force for the next round."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from wxauto_mgt.core.config.form_hints import hints
from wxauto_mgt.core.config.model import ConfigModel, SettingsGroup

LISTENING: Final = "listening"
_PACE: Final = "settings.listening.group.pace"
_WINDOWS: Final = "settings.listening.group.windows"
_SECONDS: Final = "unit.seconds"


class ListeningSettings(ConfigModel):
    """How often instances are read and probed, and how many chats get a window of their own."""

    poll_interval_s: float = Field(
        default=1,
        gt=0,
        le=3600,
        json_schema_extra=hints("settings.listening.poll_interval_s", group=_PACE, order=10, unit=_SECONDS),
    )
    main_poll_interval_s: float = Field(
        default=5,
        gt=0,
        le=3600,
        json_schema_extra=hints(
            "settings.listening.main_poll_interval_s",
            group=_PACE,
            order=20,
            unit=_SECONDS,
            help_key="settings.listening.help.main_poll_interval_s",
        ),
    )
    probe_interval_s: float = Field(
        default=5,
        gt=0,
        le=3600,
        json_schema_extra=hints("settings.listening.probe_interval_s", group=_PACE, order=30, unit=_SECONDS),
    )
    read_timeout_s: float = Field(
        default=60,
        gt=0,
        le=3600,
        json_schema_extra=hints(
            "settings.listening.read_timeout_s",
            group=_PACE,
            order=40,
            unit=_SECONDS,
            help_key="settings.listening.help.read_timeout_s",
        ),
    )
    timeout_minutes: float = Field(
        default=30,
        gt=0,
        le=100_000,
        json_schema_extra=hints(
            "settings.listening.timeout_minutes",
            group=_WINDOWS,
            order=50,
            unit="unit.minutes",
            help_key="settings.listening.help.timeout_minutes",
        ),
    )
    max_listeners_per_instance: int = Field(
        default=30,
        ge=0,
        le=1000,
        json_schema_extra=hints(
            "settings.listening.max_listeners_per_instance",
            group=_WINDOWS,
            order=60,
            help_key="settings.listening.help.max_listeners_per_instance",
        ),
    )
    answer_suspected_replays: bool = Field(
        default=False,
        json_schema_extra=hints(
            "settings.listening.answer_suspected_replays",
            group=_WINDOWS,
            order=70,
            help_key="settings.listening.help.answer_suspected_replays",
        ),
    )


def listening_settings_group() -> SettingsGroup:
    """What the configuration store needs to know about this group."""
    return SettingsGroup(name=LISTENING, model=ListeningSettings)

"""The settings group `messages`."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from wxauto_mgt.core.config.form_hints import hints
from wxauto_mgt.core.config.model import ConfigModel, SettingsGroup

MESSAGES: Final = "messages"


class MessageSettings(ConfigModel):
    """How long messages are kept."""

    message_retention_days: int = Field(
        default=180,
        ge=0,
        le=36500,
        json_schema_extra=hints(
            "settings.messages.message_retention_days",
            group="settings.messages.group.keeping",
            order=10,
            unit="unit.days",
            help_key="settings.messages.help.message_retention_days",
        ),
    )


def messages_settings_group() -> SettingsGroup:
    """What the configuration store needs to know about this group."""
    return SettingsGroup(name=MESSAGES, model=MessageSettings)

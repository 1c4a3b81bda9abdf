"""The settings group `notifications`: retries, grouping of storms, how long the history is kept."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from wxauto_mgt.core.config.form_hints import FieldHints
from wxauto_mgt.core.config.model import ConfigModel, SettingsGroup
from wxauto_mgt.runtime.backoff import Backoff

NOTIFICATIONS: Final = "notifications"
_GROUP: Final = "notifications.group"
_CAP_S: Final = 600.0
_hints = FieldHints(labels="notifications.field", helps="notifications.help", group=_GROUP)


class NotificationsSettings(ConfigModel):
    """How the outbox is worked off."""

    retries: int = Field(default=3, ge=0, le=20, json_schema_extra=_hints("retries", 10))
    retry_base_s: float = Field(
        default=5.0,
        ge=0.01,
        le=600.0,
        json_schema_extra=_hints("retry_base_s", 20, unit="notifications.unit.seconds"),
    )
    group_over: int = Field(
        default=5, ge=1, le=1_000, json_schema_extra=_hints("group_over", 30, has_help=True)
    )
    group_interval_s: float = Field(
        default=30.0,
        ge=0.0,
        le=3_600.0,
        json_schema_extra=_hints("group_interval_s", 40, unit="notifications.unit.seconds"),
    )
    history_days: int = Field(
        default=90,
        ge=1,
        le=3_650,
        json_schema_extra=_hints("history_days", 50, unit="notifications.unit.days"),
    )

    @property
    def backoff(self) -> Backoff:
        """Pauses between the attempts."""
        return Backoff(base_s=self.retry_base_s, cap_s=_CAP_S)

    @property
    def most_attempts(self) -> int:
        """One send and the retries."""
        return 1 + self.retries


def notifications_settings_group() -> SettingsGroup:
    """Make the group for the composition root."""
    return SettingsGroup(name=NOTIFICATIONS, model=NotificationsSettings)

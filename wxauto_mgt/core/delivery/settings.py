"""The settings group `delivery`. Read at each use, so that an edit is in force for the next attempt."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from wxauto_mgt.core.config.form_hints import hints
from wxauto_mgt.core.config.model import ConfigModel, SettingsGroup
from wxauto_mgt.runtime.backoff import Backoff

DELIVERY: Final = "delivery"
_SENDING: Final = "settings.delivery.group.sending"
_RETRIES: Final = "settings.delivery.group.retries"
_SECONDS: Final = "unit.seconds"
_LONGEST_PAUSE_S: Final = 30.0


class DeliverySettings(ConfigModel):
    """How long sends, echoes and retries may take."""

    send_timeout_s: float = Field(
        default=60,
        gt=0,
        le=3600,
        json_schema_extra=hints("settings.delivery.send_timeout_s", group=_SENDING, order=10, unit=_SECONDS),
    )
    echo_timeout_s: float = Field(
        default=15,
        gt=0,
        le=3600,
        json_schema_extra=hints(
            "settings.delivery.echo_timeout_s",
            group=_SENDING,
            order=20,
            unit=_SECONDS,
            help_key="settings.delivery.help.echo_timeout_s",
        ),
    )
    ui_quarantine_s: float = Field(
        default=60,
        ge=0,
        le=3600,
        json_schema_extra=hints(
            "settings.delivery.ui_quarantine_s",
            group=_SENDING,
            order=30,
            unit=_SECONDS,
            help_key="settings.delivery.help.ui_quarantine_s",
        ),
    )
    retry_base_s: float = Field(
        default=2,
        gt=0,
        le=3600,
        json_schema_extra=hints("settings.delivery.retry_base_s", group=_RETRIES, order=40, unit=_SECONDS),
    )
    retry_budget_s: float = Field(
        default=120,
        ge=0,
        le=86400,
        json_schema_extra=hints(
            "settings.delivery.retry_budget_s",
            group=_RETRIES,
            order=50,
            unit=_SECONDS,
            help_key="settings.delivery.help.retry_budget_s",
        ),
    )

    @property
    def backoff(self) -> Backoff:
        """The pauses between attempts."""
        return Backoff(base_s=self.retry_base_s, cap_s=max(_LONGEST_PAUSE_S, self.retry_base_s))


def delivery_settings_group() -> SettingsGroup:
    """What the configuration store needs to know about this group."""
    return SettingsGroup(name=DELIVERY, model=DeliverySettings)

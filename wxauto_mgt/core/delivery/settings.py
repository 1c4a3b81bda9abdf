"""The settings group `delivery`. Read at each use, so that an edit is in force for the next attempt."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from wxauto_mgt.core.config.form_hints import FieldHints
from wxauto_mgt.core.config.model import ConfigModel, SettingsGroup
from wxauto_mgt.runtime.backoff import Backoff

DELIVERY: Final = "delivery"
_SENDING: Final = "settings.delivery.group.sending"
_RETRIES: Final = "settings.delivery.group.retries"
_SECONDS: Final = "unit.seconds"
_LONGEST_PAUSE_S: Final = 30.0
_hints = FieldHints(labels="settings.delivery", helps="settings.delivery.help")


class DeliverySettings(ConfigModel):
    """How long sends, echoes and retries may take."""

    send_timeout_s: float = Field(
        default=60,
        gt=0,
        le=3600,
        json_schema_extra=_hints("send_timeout_s", 10, group=_SENDING, unit=_SECONDS),
    )
    echo_timeout_s: float = Field(
        default=15,
        gt=0,
        le=3600,
        json_schema_extra=_hints("echo_timeout_s", 20, group=_SENDING, unit=_SECONDS, has_help=True),
    )
    ui_quarantine_s: float = Field(
        default=60,
        ge=0,
        le=3600,
        json_schema_extra=_hints("ui_quarantine_s", 30, group=_SENDING, unit=_SECONDS, has_help=True),
    )
    retry_base_s: float = Field(
        default=2, gt=0, le=3600, json_schema_extra=_hints("retry_base_s", 40, group=_RETRIES, unit=_SECONDS)
    )
    retry_budget_s: float = Field(
        default=120,
        ge=0,
        le=86400,
        json_schema_extra=_hints("retry_budget_s", 50, group=_RETRIES, unit=_SECONDS, has_help=True),
    )

    @property
    def backoff(self) -> Backoff:
        """The pauses between attempts."""
        return Backoff(base_s=self.retry_base_s, cap_s=max(_LONGEST_PAUSE_S, self.retry_base_s))


def delivery_settings_group() -> SettingsGroup:
    """What the configuration store needs to know about this group."""
    return SettingsGroup(name=DELIVERY, model=DeliverySettings)

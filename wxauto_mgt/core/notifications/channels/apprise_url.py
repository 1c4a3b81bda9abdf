"""The `apprise` channel: any service that apprise knows, by its address (https://github.com/caronc/apprise/wiki)."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, Field, SecretStr

from wxauto_mgt.core.config.form_hints import Widget, hints
from wxauto_mgt.core.config.model import ConfigModel, refuse
from wxauto_mgt.core.notifications.channels.apprise_post import Service, send_by_apprise
from wxauto_mgt.core.notifications.channels.hook_fields import GROUP
from wxauto_mgt.core.notifications.contract import Channel, Notice

_ADDRESS: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://\S+\Z")


def _check_address(value: SecretStr) -> SecretStr:
    """Only its form: asking apprise itself would load all of its services on the event loop."""
    text = value.get_secret_value()
    if not _ADDRESS.match(text) or not text.isprintable():
        raise refuse("service_address")
    return value


class AppriseConfig(ConfigModel):
    """The service's address; it holds its keys."""

    url: Annotated[SecretStr, AfterValidator(_check_address)] = Field(
        max_length=2_000,
        json_schema_extra=hints(
            "channel.field.url", group=GROUP, order=100, widget=Widget.SECRET, help_key="channel.help.url"
        ),
    )


class AppriseChannel(Channel[AppriseConfig]):
    """Hands notices to apprise."""

    TYPE = "apprise"
    CONFIG: ClassVar[type[AppriseConfig]] = AppriseConfig
    SECRET_FIELDS = ("url",)

    @property
    def time_limit_s(self) -> float:
        return 60.0

    async def send(self, notice: Notice) -> None:
        await send_by_apprise(self._service, notice)

    def _service(self) -> Service | None:
        # Imported late: it takes a second and 60 MB, and most consoles have no such channel.
        import apprise

        service: Service | None = apprise.Apprise.instantiate(
            self.config.url.get_secret_value(), suppress_exceptions=True
        )
        return service

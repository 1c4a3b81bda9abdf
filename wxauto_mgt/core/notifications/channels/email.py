"""The `email` channel: a mail to each recipient by an SMTP server, sent by apprise."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, Field, SecretStr

from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import ConfigModel, refuse
from wxauto_mgt.core.notifications.channels.apprise_post import Service, send_by_apprise
from wxauto_mgt.core.notifications.channels.hook_fields import GROUP
from wxauto_mgt.core.notifications.contract import Channel, Notice

_ADDRESS: Final = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\Z")
_HOST: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:-]*\Z")
_hints = FieldHints(labels="channel.field", helps="channel.help", group=GROUP)


def _check_address(value: str) -> str:
    if not _ADDRESS.match(value):
        raise refuse("email_address")
    return value


def _check_host(value: str) -> str:
    if not _HOST.match(value):
        raise refuse("host_name")
    return value


Address = Annotated[str, AfterValidator(_check_address)]


class Security(StrEnum):
    """How the connection is secured; the values are apprise's."""

    INSECURE = "insecure"
    STARTTLS = "starttls"
    SSL = "ssl"

    @property
    def usual_port(self) -> int:
        """The port where none is given."""
        return {Security.INSECURE: 25, Security.STARTTLS: 587, Security.SSL: 465}[self]


class EmailConfig(ConfigModel):
    """The server, whose account, and to whom."""

    host: Annotated[str, AfterValidator(_check_host)] = Field(
        max_length=255, json_schema_extra=_hints("host", 100)
    )
    port: int = Field(default=0, ge=0, le=65_535, json_schema_extra=_hints("port", 110, has_help=True))
    security: Security = Field(
        default=Security.SSL,
        json_schema_extra=_hints("security", 120, widget=Widget.CHOICE, choices="channel.security"),
    )
    username: str = Field(default="", max_length=255, json_schema_extra=_hints("username", 130))
    password: SecretStr = Field(
        default=SecretStr(""),
        max_length=500,
        json_schema_extra=_hints("password", 140, widget=Widget.SECRET, has_help=True),
    )
    sender: Address = Field(max_length=255, json_schema_extra=_hints("sender", 150))
    recipients: tuple[Address, ...] = Field(
        min_length=1, max_length=50, json_schema_extra=_hints("recipients", 160, widget=Widget.WORDS)
    )


class EmailChannel(Channel[EmailConfig]):
    """Sends plain text; taken when the server took the mail for all recipients."""

    TYPE = "email"
    CONFIG: ClassVar[type[EmailConfig]] = EmailConfig
    SECRET_FIELDS = ("password",)

    @property
    def time_limit_s(self) -> float:
        return 90.0

    async def send(self, notice: Notice) -> None:
        await send_by_apprise(self._service, notice)

    def _service(self) -> Service | None:
        # Imported late: it takes a second and 60 MB, and many consoles send no mail.
        from apprise import NotifyFormat
        from apprise.plugins.email.base import NotifyEmail

        config = self.config
        service: Service = NotifyEmail(  # type: ignore[no-untyped-call]  # apprise annotates little
            smtp_host=config.host,
            host=config.host,
            port=config.port or config.security.usual_port,
            user=config.username or None,
            password=config.password.get_secret_value() or None,
            secure=config.security is not Security.INSECURE,
            secure_mode=config.security.value,
            from_addr=config.sender,
            targets=list(config.recipients),
            format=NotifyFormat.TEXT,
        )
        return service

"""What the channels that post to an address share: its field, and texts cut to what the far side takes."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr

from wxauto_mgt.core.config.form_hints import Widget, hints
from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.notifications.http_post import check_hook_url

GROUP: Final = "channel.group.target"
_CUT_MARK: Final = "…"


class HookConfig(ConfigModel):
    """An address that whoever knows it can post to: a secret as a whole."""

    webhook_url: Annotated[SecretStr, AfterValidator(check_hook_url)] = Field(
        max_length=2_000,
        json_schema_extra=hints(
            "channel.field.webhook_url",
            group=GROUP,
            order=100,
            widget=Widget.SECRET,
            help_key="channel.help.webhook_url",
        ),
    )


class SignedHookConfig(HookConfig):
    """An address with a secret that requests are signed by, where the robot asks for that."""

    secret: SecretStr = Field(
        default=SecretStr(""),
        max_length=200,
        json_schema_extra=hints(
            "channel.field.secret",
            group=GROUP,
            order=110,
            widget=Widget.SECRET,
            help_key="channel.help.secret",
        ),
    )


def cut(text: str, limit_bytes: int) -> str:
    """Return the text, shortened at its end to so many bytes of UTF-8."""
    raw = text.encode()
    if len(raw) <= limit_bytes:
        return text
    kept = raw[: limit_bytes - len(_CUT_MARK.encode())]
    return kept.decode(errors="ignore") + _CUT_MARK

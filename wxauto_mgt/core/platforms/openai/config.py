"""Configuration of the `openai` platform."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr

from wxauto_mgt.core.config.form_hints import Widget, hints
from wxauto_mgt.core.config.model import ConfigModel, refuse
from wxauto_mgt.core.instances.model import check_base_url

_SERVER: Final = "platform.openai.group.server"
_ANSWER: Final = "platform.openai.group.answer"


def _sendable_key(key: SecretStr) -> SecretStr:
    """A key travels in a header: refuse what would break it. Empty is fine, local servers need none."""
    text = key.get_secret_value()
    if not text.isascii() or not text.isprintable() or text != text.strip():
        raise refuse("api_key_characters")
    return key


def _not_blank(text: str) -> str:
    if not text.strip():
        raise refuse("missing")
    return text.strip()


class OpenAIConfig(ConfigModel):
    """Where the server is and how it is asked; what is null is left to the server."""

    base_url: Annotated[str, AfterValidator(check_base_url)] = Field(
        max_length=500,
        json_schema_extra=hints(
            "platform.openai.field.base_url",
            group=_SERVER,
            order=10,
            widget=Widget.URL,
            help_key="platform.openai.help.base_url",
        ),
    )
    api_key: Annotated[SecretStr, AfterValidator(_sendable_key)] = Field(
        default=SecretStr(""),
        max_length=500,
        json_schema_extra=hints(
            "platform.openai.field.api_key",
            group=_SERVER,
            order=20,
            widget=Widget.SECRET,
            help_key="platform.openai.help.api_key",
        ),
    )
    model: Annotated[str, AfterValidator(_not_blank)] = Field(
        max_length=200, json_schema_extra=hints("platform.openai.field.model", group=_SERVER, order=30)
    )
    timeout_s: float = Field(
        default=60.0,
        gt=0.0,
        le=600.0,
        json_schema_extra=hints(
            "platform.openai.field.timeout_s", group=_SERVER, order=40, unit="unit.seconds"
        ),
    )
    system_prompt: str = Field(
        default="",
        max_length=20_000,
        json_schema_extra=hints(
            "platform.openai.field.system_prompt",
            group=_ANSWER,
            order=50,
            widget=Widget.MULTILINE,
            help_key="platform.openai.help.system_prompt",
        ),
    )
    temperature: float | None = Field(
        default=None,
        ge=0.0,
        le=2.0,
        json_schema_extra=hints(
            "platform.openai.field.temperature",
            group=_ANSWER,
            order=60,
            widget=Widget.NUMBER,
            help_key="platform.openai.help.temperature",
        ),
    )
    max_tokens: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        json_schema_extra=hints(
            "platform.openai.field.max_tokens",
            group=_ANSWER,
            order=70,
            widget=Widget.NUMBER,
            help_key="platform.openai.help.max_tokens",
        ),
    )
    history_turns: int = Field(
        default=10,
        ge=0,
        le=50,
        json_schema_extra=hints(
            "platform.openai.field.history_turns",
            group=_ANSWER,
            order=80,
            help_key="platform.openai.help.history_turns",
        ),
    )

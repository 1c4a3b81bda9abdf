"""Configuration of the `openai` platform."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr

from wxauto_mgt.core.config.field_checks import sendable
from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import ConfigModel, refuse
from wxauto_mgt.core.instances.model import check_base_url

_SERVER: Final = "platform.openai.group.server"
_ANSWER: Final = "platform.openai.group.answer"
_hints = FieldHints(labels="platform.openai.field", helps="platform.openai.help")


def _not_blank(text: str) -> str:
    if not text.strip():
        raise refuse("missing")
    return text.strip()


class OpenAIConfig(ConfigModel):
    """Where the server is and how it is asked; what is null is left to the server."""

    base_url: Annotated[str, AfterValidator(check_base_url)] = Field(
        max_length=500,
        json_schema_extra=_hints("base_url", 10, group=_SERVER, widget=Widget.URL, has_help=True),
    )
    api_key: Annotated[SecretStr, AfterValidator(sendable)] = Field(
        default=SecretStr(""),
        max_length=500,
        json_schema_extra=_hints("api_key", 20, group=_SERVER, widget=Widget.SECRET, has_help=True),
    )
    model: Annotated[str, AfterValidator(_not_blank)] = Field(
        max_length=200, json_schema_extra=_hints("model", 30, group=_SERVER)
    )
    timeout_s: float = Field(
        default=60.0,
        gt=0.0,
        le=600.0,
        json_schema_extra=_hints("timeout_s", 40, group=_SERVER, unit="unit.seconds"),
    )
    system_prompt: str = Field(
        default="",
        max_length=20_000,
        json_schema_extra=_hints("system_prompt", 50, group=_ANSWER, widget=Widget.MULTILINE, has_help=True),
    )
    temperature: float | None = Field(
        default=None,
        ge=0.0,
        le=2.0,
        json_schema_extra=_hints("temperature", 60, group=_ANSWER, widget=Widget.NUMBER, has_help=True),
    )
    max_tokens: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        json_schema_extra=_hints("max_tokens", 70, group=_ANSWER, widget=Widget.NUMBER, has_help=True),
    )
    history_turns: int = Field(
        default=10, ge=0, le=50, json_schema_extra=_hints("history_turns", 80, group=_ANSWER, has_help=True)
    )

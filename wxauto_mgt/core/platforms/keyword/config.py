"""Configuration of the `keyword` platform."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from pydantic import Field, ValidationInfo, field_validator

from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import ConfigModel, refuse
from wxauto_mgt.errors import PatternRefused
from wxauto_mgt.runtime.user_regex import UserRegex

MAX_REPLY_TIME_S: Final = 600.0

_GROUP: Final = "platform.keyword.group.rules"
_hints = FieldHints(labels="platform.keyword.field", helps="platform.keyword.help", group=_GROUP)


class MatchType(StrEnum):
    """How a keyword is compared with a message's text."""

    EXACT = "exact"
    CONTAINS = "contains"
    FUZZY = "fuzzy"
    REGEX = "regex"


class KeywordRule(ConfigModel):
    """Keywords and what is answered to them; times are seconds."""

    match_type: MatchType = Field(
        default=MatchType.CONTAINS,
        json_schema_extra=_hints("match_type", 10, choices="platform.keyword.match_type", has_help=True),
    )
    keywords: tuple[str, ...] = Field(
        min_length=1, json_schema_extra=_hints("keywords", 20, widget=Widget.WORDS)
    )
    replies: tuple[str, ...] = Field(
        min_length=1, json_schema_extra=_hints("replies", 30, widget=Widget.WORDS, has_help=True)
    )
    random: bool = Field(default=False, json_schema_extra=_hints("random", 40, has_help=True))
    min_reply_time: float = Field(
        default=0.0,
        ge=0.0,
        le=MAX_REPLY_TIME_S,
        json_schema_extra=_hints("min_reply_time", 50, unit="unit.seconds"),
    )
    max_reply_time: float = Field(
        default=0.0,
        ge=0.0,
        le=MAX_REPLY_TIME_S,
        validate_default=True,
        json_schema_extra=_hints(
            "max_reply_time", 60, unit="unit.seconds", help_key="platform.keyword.help.reply_time"
        ),
    )

    @field_validator("keywords")
    @classmethod
    def _usable_keywords(cls, keywords: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for keyword in keywords:
            if not keyword.strip():
                raise refuse("keyword_empty")
            if info.data.get("match_type") is MatchType.REGEX:
                try:
                    UserRegex(keyword)
                except PatternRefused as refusal:
                    raise refuse(refusal.code, **refusal.facts) from None
        return keywords

    @field_validator("replies")
    @classmethod
    def _replies_with_text(cls, replies: tuple[str, ...]) -> tuple[str, ...]:
        if not all(reply.strip() for reply in replies):
            raise refuse("reply_empty")
        return replies

    @field_validator("max_reply_time")
    @classmethod
    def _not_below_the_least(cls, longest: float, info: ValidationInfo) -> float:
        shortest = info.data.get("min_reply_time", 0.0)
        if longest < shortest:
            raise refuse("max_below_min", minimum=shortest)
        return longest


class KeywordConfig(ConfigModel):
    """Rules, tried in their order; the first that matches answers."""

    rules: tuple[KeywordRule, ...] = Field(
        min_length=1, json_schema_extra=_hints("rules", 10, widget=Widget.TABLE, has_help=True)
    )

"""Configuration of the `keyword` platform."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from pydantic import Field, ValidationInfo, field_validator

from wxauto_mgt.core.config.form_hints import Widget, hints
from wxauto_mgt.core.config.model import ConfigModel, refuse
from wxauto_mgt.errors import PatternRefused
from wxauto_mgt.runtime.user_regex import UserRegex

MAX_REPLY_TIME_S: Final = 600.0

_GROUP: Final = "platform.keyword.group.rules"


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
        json_schema_extra=hints(
            "platform.keyword.field.match_type",
            group=_GROUP,
            order=10,
            choices="platform.keyword.match_type",
            help_key="platform.keyword.help.match_type",
        ),
    )
    keywords: tuple[str, ...] = Field(
        min_length=1,
        json_schema_extra=hints(
            "platform.keyword.field.keywords", group=_GROUP, order=20, widget=Widget.WORDS
        ),
    )
    replies: tuple[str, ...] = Field(
        min_length=1,
        json_schema_extra=hints(
            "platform.keyword.field.replies",
            group=_GROUP,
            order=30,
            widget=Widget.WORDS,
            help_key="platform.keyword.help.replies",
        ),
    )
    random: bool = Field(
        default=False,
        json_schema_extra=hints(
            "platform.keyword.field.random", group=_GROUP, order=40, help_key="platform.keyword.help.random"
        ),
    )
    min_reply_time: float = Field(
        default=0.0,
        ge=0.0,
        le=MAX_REPLY_TIME_S,
        json_schema_extra=hints(
            "platform.keyword.field.min_reply_time", group=_GROUP, order=50, unit="unit.seconds"
        ),
    )
    max_reply_time: float = Field(
        default=0.0,
        ge=0.0,
        le=MAX_REPLY_TIME_S,
        validate_default=True,
        json_schema_extra=hints(
            "platform.keyword.field.max_reply_time",
            group=_GROUP,
            order=60,
            unit="unit.seconds",
            help_key="platform.keyword.help.reply_time",
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
        min_length=1,
        json_schema_extra=hints(
            "platform.keyword.field.rules",
            group=_GROUP,
            order=10,
            widget=Widget.TABLE,
            help_key="platform.keyword.help.rules",
        ),
    )

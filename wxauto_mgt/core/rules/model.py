"""A rule as a person writes it: conditions, action, reply options; checked as far as one rule alone can be.

References to other objects are checked by `section.py`. Documents, forms and the matcher use this model.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import ConfigModel, ObjectId, refuse
from wxauto_mgt.core.rules.patterns import (
    Pattern,
    folded_name,
    read_content_pattern,
    read_name_pattern,
)
from wxauto_mgt.core.wire import ChatKind
from wxauto_mgt.errors import PatternRefused

EVERY_INSTANCE: Final = "*"
MAX_DELAY_S: Final = 600.0
MAX_PRIORITY: Final = 1_000_000

_BASIC: Final = "rules.group.basic"
_WHEN: Final = "rules.group.conditions"
_THEN: Final = "rules.group.action"
_REPLY: Final = "rules.group.reply"
_hints = FieldHints(labels="rules.field", helps="rules.help")


class RuleAction(StrEnum):
    """What happens to a matching message."""

    DELIVER = "deliver"
    IGNORE = "ignore"


class ChatKindCondition(StrEnum):
    """Which kind of chat a rule is for; an unknown kind satisfies only `any`."""

    ANY = "any"
    GROUP = "group"
    FRIEND = "friend"

    def accepts(self, kind: ChatKind) -> bool:
        """Whether a chat of this kind satisfies the condition."""
        return self is ChatKindCondition.ANY or self.value == kind.value


class ContentMatch(StrEnum):
    """Whether one keyword of a list suffices or all must occur."""

    ANY = "any"
    ALL = "all"


def _checked_by(read: Callable[[str], Pattern]) -> Callable[[str], str]:
    def check(text: str) -> str:
        try:
            read(text)
        except PatternRefused as refusal:
            raise refuse(refusal.code, **refusal.facts) from None
        return text.strip()

    return check


NamePattern = Annotated[str, AfterValidator(_checked_by(read_name_pattern))]
ContentPattern = Annotated[str, AfterValidator(_checked_by(read_content_pattern))]


class RuleConfig(ConfigModel):
    """One rule. First match wins; rules are tried by priority, high first, equal ones by id."""

    id: ObjectId = Field(json_schema_extra=_hints("id", 10, group=_BASIC, has_help=True))
    name: str = Field(default="", max_length=100, json_schema_extra=_hints("name", 20, group=_BASIC))
    enabled: bool = Field(default=True, json_schema_extra=_hints("enabled", 30, group=_BASIC))
    priority: int = Field(
        default=0,
        ge=-MAX_PRIORITY,
        le=MAX_PRIORITY,
        json_schema_extra=_hints("priority", 40, group=_BASIC, has_help=True),
    )
    instance: str = Field(
        default=EVERY_INSTANCE,
        json_schema_extra=_hints("instance", 50, group=_WHEN, widget=Widget.REFERENCE, refers_to="instance"),
    )
    chat: NamePattern = Field(default="*", json_schema_extra=_hints("chat", 60, group=_WHEN, has_help=True))
    chat_kind: ChatKindCondition = Field(
        default=ChatKindCondition.ANY,
        json_schema_extra=_hints("chat_kind", 70, group=_WHEN, choices="rules.chat_kind", has_help=True),
    )
    sender: NamePattern = Field(
        default="*", json_schema_extra=_hints("sender", 80, group=_WHEN, has_help=True)
    )
    content: ContentPattern = Field(
        default="*", json_schema_extra=_hints("content", 90, group=_WHEN, has_help=True)
    )
    content_match: ContentMatch = Field(
        default=ContentMatch.ANY,
        json_schema_extra=_hints("content_match", 100, group=_WHEN, choices="rules.content_match"),
    )
    only_at: bool = Field(default=False, json_schema_extra=_hints("only_at", 110, group=_WHEN, has_help=True))
    at_names: tuple[str, ...] = Field(
        default=(),
        validate_default=True,
        json_schema_extra=_hints("at_names", 120, group=_WHEN, widget=Widget.WORDS, has_help=True),
    )
    action: RuleAction = Field(
        default=RuleAction.DELIVER,
        json_schema_extra=_hints("action", 130, group=_THEN, choices="rules.action"),
    )
    platforms: tuple[str, ...] = Field(
        default=(),
        validate_default=True,
        json_schema_extra=_hints(
            "platforms", 140, group=_THEN, widget=Widget.REFERENCES, refers_to="platform"
        ),
    )
    at_sender: bool = Field(
        default=False, json_schema_extra=_hints("at_sender", 150, group=_REPLY, has_help=True)
    )
    quote: bool = Field(default=False, json_schema_extra=_hints("quote", 160, group=_REPLY, has_help=True))
    typing: bool = Field(default=False, json_schema_extra=_hints("typing", 170, group=_REPLY, has_help=True))
    delay_s: float = Field(
        default=0.0,
        ge=0.0,
        le=MAX_DELAY_S,
        json_schema_extra=_hints("delay_s", 180, group=_REPLY, has_help=True, unit="unit.seconds"),
    )

    @field_validator("at_names")
    @classmethod
    def _clean_at_names(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        cleaned = tuple(folded_name(name.strip().removeprefix("@")) for name in names)
        if not all(cleaned):
            raise refuse("at_name_empty")
        # Upstream does not tell under which names the account appears in groups: only the operator knows.
        if info.data.get("only_at") and not cleaned:
            raise refuse("at_names_missing")
        return cleaned

    @field_validator("platforms")
    @classmethod
    def _one_platform(cls, platforms: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not platforms and info.data.get("action", RuleAction.DELIVER) is RuleAction.DELIVER:
            raise refuse("platform_missing")
        if len(platforms) > 1:
            raise refuse("platform_chain_not_yet")
        return platforms

    @property
    def platform(self) -> str | None:
        """The platform that a matching message goes to; None for a rule that ignores."""
        return self.platforms[0] if self.action is RuleAction.DELIVER else None

    @property
    def order_key(self) -> tuple[int, str]:
        """Sorts rules into the order in which they are tried."""
        return (-self.priority, self.id)

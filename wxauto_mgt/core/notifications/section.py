"""What the configuration store needs to know about channels; each type's own fields stand under `config`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field, JsonValue

from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import ConfigModel, ConfigSection, ObjectId
from wxauto_mgt.core.config.typed_section import typed_section
from wxauto_mgt.core.notifications.hours import HoursOfDay, check_hours
from wxauto_mgt.core.notifications.model import NotificationKind, NotificationLevel
from wxauto_mgt.core.notifications.templates import check_template
from wxauto_mgt.core.notifications.types import ChannelTypes

CHANNEL: Final = "channel"
DOCUMENT_KEY: Final = "channels"

_BASIC: Final = "channel.group.basic"
_ROUTING: Final = "channel.group.routing"
_WORDS: Final = "channel.group.words"
_hints = FieldHints(labels="channel.field", helps="channel.help")


class ChannelLanguage(StrEnum):
    """The language of a channel's notices; `auto` is the console's."""

    AUTO = "auto"
    ZH_CN = "zh_CN"
    EN = "en"


@dataclass(frozen=True)
class ChannelConfig:
    """One channel as configured, its own fields parsed by its type's model.

    Attributes:
        labels: a notification goes here only if it has all of them; a value may be several, by commas.
        active_hours: outside of them firing notices pass this channel by.
        quiet_hours: inside of them only notices of `quiet_min_level` go out, the others wait for their end.
        rate_limit_per_minute: notices in any 60 s; 0 = any number.
    """

    id: str
    name: str
    type: str
    enabled: bool
    config: ConfigModel
    min_level: NotificationLevel = NotificationLevel.WARNING
    kinds: tuple[NotificationKind, ...] = (NotificationKind.FIRING, NotificationKind.RESOLVED)
    labels: Mapping[str, str] = field(default_factory=dict)
    active_hours: HoursOfDay | None = None
    quiet_hours: HoursOfDay | None = None
    quiet_min_level: NotificationLevel = NotificationLevel.CRITICAL
    rate_limit_per_minute: int = 20
    language: ChannelLanguage = ChannelLanguage.AUTO
    title_template: str = ""
    message_template: str = ""

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or self.id


class _ChannelDocument(ConfigModel):
    """The fields that all types share."""

    id: ObjectId = Field(json_schema_extra=_hints("id", 10, group=_BASIC))
    name: str = Field(default="", max_length=100, json_schema_extra=_hints("name", 20, group=_BASIC))
    type: str = Field(
        json_schema_extra=_hints("type", 30, group=_BASIC, widget=Widget.CHOICE, choices="channel.type")
    )
    enabled: bool = Field(default=True, json_schema_extra=_hints("enabled", 40, group=_BASIC))
    config: dict[str, JsonValue] = Field(default_factory=dict)
    min_level: NotificationLevel = Field(
        default=NotificationLevel.WARNING,
        json_schema_extra=_hints(
            "min_level", 200, group=_ROUTING, widget=Widget.CHOICE, choices="notification.level"
        ),
    )
    kinds: tuple[NotificationKind, ...] = Field(
        default=(NotificationKind.FIRING, NotificationKind.RESOLVED),
        max_length=4,
        json_schema_extra=_hints("kinds", 210, group=_ROUTING, choices="notification.kind", has_help=True),
    )
    labels: dict[str, str] = Field(
        default_factory=dict,
        max_length=20,
        json_schema_extra=_hints("labels", 220, group=_ROUTING, has_help=True),
    )
    active_hours: Annotated[str, AfterValidator(check_hours)] = Field(
        default="", json_schema_extra=_hints("active_hours", 230, group=_ROUTING, has_help=True)
    )
    quiet_hours: Annotated[str, AfterValidator(check_hours)] = Field(
        default="", json_schema_extra=_hints("quiet_hours", 240, group=_ROUTING, has_help=True)
    )
    quiet_min_level: NotificationLevel = Field(
        default=NotificationLevel.CRITICAL,
        json_schema_extra=_hints(
            "quiet_min_level", 250, group=_ROUTING, widget=Widget.CHOICE, choices="notification.level"
        ),
    )
    rate_limit_per_minute: int = Field(
        default=20,
        ge=0,
        le=6_000,
        json_schema_extra=_hints("rate_limit_per_minute", 260, group=_ROUTING, has_help=True),
    )
    language: ChannelLanguage = Field(
        default=ChannelLanguage.AUTO,
        json_schema_extra=_hints(
            "language", 300, group=_WORDS, widget=Widget.CHOICE, choices="channel.language"
        ),
    )
    title_template: Annotated[str, AfterValidator(check_template)] = Field(
        default="",
        max_length=500,
        json_schema_extra=_hints("title_template", 310, group=_WORDS, help_key="channel.help.template"),
    )
    message_template: Annotated[str, AfterValidator(check_template)] = Field(
        default="",
        max_length=4_000,
        json_schema_extra=_hints(
            "message_template", 320, group=_WORDS, widget=Widget.MULTILINE, help_key="channel.help.template"
        ),
    )


def channel_section(types: ChannelTypes) -> ConfigSection[ChannelConfig]:
    """Make the section of the channels (`channels:` in a document)."""
    return typed_section(
        kind=CHANNEL, document_key=DOCUMENT_KEY, types=types, common=_ChannelDocument, make=_config_of
    )


def _config_of(common: _ChannelDocument, config: ConfigModel) -> ChannelConfig:
    return ChannelConfig(
        id=common.id,
        name=common.name,
        type=common.type,
        enabled=common.enabled,
        config=config,
        min_level=common.min_level,
        kinds=common.kinds,
        labels=common.labels,
        active_hours=HoursOfDay.parse(common.active_hours),
        quiet_hours=HoursOfDay.parse(common.quiet_hours),
        quiet_min_level=common.quiet_min_level,
        rate_limit_per_minute=common.rate_limit_per_minute,
        language=common.language,
        title_template=common.title_template,
        message_template=common.message_template,
    )

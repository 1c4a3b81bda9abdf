"""What the configuration store needs to know about platforms; each type's own fields stand under `config`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import Field, JsonValue

from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import ConfigModel, ConfigSection, ObjectId
from wxauto_mgt.core.config.typed_section import typed_section
from wxauto_mgt.core.platforms.types import PlatformTypes

PLATFORM: Final = "platform"
DOCUMENT_KEY: Final = "platforms"
DEFAULT_CONCURRENCY: Final = 4
MAX_CONCURRENCY: Final = 64

_GROUP: Final = "platform.group.basic"
_hints = FieldHints(labels="platform.field", helps="platform.help", group=_GROUP)


@dataclass(frozen=True)
class PlatformConfig:
    """One platform as configured, its own fields parsed by its plugin's model."""

    id: str
    name: str
    type: str
    enabled: bool
    concurrency: int
    config: ConfigModel

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or self.id


class _PlatformDocument(ConfigModel):
    """The fields that all types share."""

    id: ObjectId = Field(json_schema_extra=_hints("id", 10))
    name: str = Field(default="", max_length=100, json_schema_extra=_hints("name", 20))
    type: str = Field(json_schema_extra=_hints("type", 30, widget=Widget.CHOICE, choices="platform.type"))
    enabled: bool = Field(default=True, json_schema_extra=_hints("enabled", 40))
    concurrency: int = Field(
        default=DEFAULT_CONCURRENCY,
        ge=1,
        le=MAX_CONCURRENCY,
        json_schema_extra=_hints("concurrency", 50, has_help=True),
    )
    config: dict[str, JsonValue] = Field(default_factory=dict)


def platform_section(types: PlatformTypes) -> ConfigSection[PlatformConfig]:
    """Make the section of the platforms (`platforms:` in a document)."""
    return typed_section(
        kind=PLATFORM, document_key=DOCUMENT_KEY, types=types, common=_PlatformDocument, make=_config_of
    )


def _config_of(common: _PlatformDocument, config: ConfigModel) -> PlatformConfig:
    return PlatformConfig(common.id, common.name, common.type, common.enabled, common.concurrency, config)

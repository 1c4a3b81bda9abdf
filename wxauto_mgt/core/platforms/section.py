"""What the configuration store needs to know about platforms; each type's own fields stand under `config`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import Field, JsonValue

from wxauto_mgt.core.config.form_hints import Widget, hints
from wxauto_mgt.core.config.model import (
    JSON,
    ConfigModel,
    ConfigSection,
    Document,
    ObjectId,
    place_of,
)
from wxauto_mgt.core.config.pydantic_sections import validate_document
from wxauto_mgt.core.platforms.types import PlatformTypes
from wxauto_mgt.errors import ConfigError, Problem

PLATFORM: Final = "platform"
DOCUMENT_KEY: Final = "platforms"
DEFAULT_CONCURRENCY: Final = 4
MAX_CONCURRENCY: Final = 64

_CONFIG_PREFIX: Final = "config."
_GROUP: Final = "platform.group.basic"


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

    id: ObjectId = Field(json_schema_extra=hints("platform.field.id", group=_GROUP, order=10))
    name: str = Field(
        default="", max_length=100, json_schema_extra=hints("platform.field.name", group=_GROUP, order=20)
    )
    type: str = Field(
        json_schema_extra=hints(
            "platform.field.type", group=_GROUP, order=30, widget=Widget.CHOICE, choices="platform.type"
        )
    )
    enabled: bool = Field(
        default=True, json_schema_extra=hints("platform.field.enabled", group=_GROUP, order=40)
    )
    concurrency: int = Field(
        default=DEFAULT_CONCURRENCY,
        ge=1,
        le=MAX_CONCURRENCY,
        json_schema_extra=hints(
            "platform.field.concurrency", group=_GROUP, order=50, help_key="platform.help.concurrency"
        ),
    )
    config: dict[str, JsonValue] = Field(default_factory=dict)


def platform_section(types: PlatformTypes) -> ConfigSection[PlatformConfig]:
    """Make the section of the platforms (`platforms:` in a document)."""

    def parse(document: Document) -> PlatformConfig:
        return _parse(document, types)

    def secret_fields(document: Document) -> tuple[str, ...]:
        return _secret_fields(document, types)

    def schema() -> dict[str, JSON]:
        return _schema(types)

    return ConfigSection(
        kind=PLATFORM,
        document_key=DOCUMENT_KEY,
        parse=parse,
        id_of=_id_of,
        schema=schema,
        secret_fields=secret_fields,
    )


def _parse(document: Document, types: PlatformTypes) -> PlatformConfig:
    place = place_of(PLATFORM, _id_of(document))
    problems: list[Problem] = []
    try:
        # With a wrong `config` the other fields are still looked at, and the other way round: one round of
        # corrections for the operator, not two.
        common = validate_document(_PlatformDocument, document, place=place)
    except ConfigError as error:
        common = None
        problems += error.problems
    plugin = types.get(_text(document.get("type")))
    if plugin is None:
        if isinstance(document.get("type"), str):
            expected = ", ".join(types.names())
            problems.append(Problem(place, "type", "not_one_of", {"expected": expected}))
        raise ConfigError(problems)
    own = document.get("config", {})
    config: ConfigModel | None = None
    if isinstance(own, dict):
        try:
            config = validate_document(plugin.CONFIG, own, place=place, field_prefix=_CONFIG_PREFIX)
        except ConfigError as error:
            problems += error.problems
    if common is None or config is None:
        raise ConfigError(problems)
    return PlatformConfig(common.id, common.name, common.type, common.enabled, common.concurrency, config)


def _secret_fields(document: Document, types: PlatformTypes) -> tuple[str, ...]:
    plugin = types.get(_text(document.get("type")))
    return tuple(_CONFIG_PREFIX + name for name in plugin.SECRET_FIELDS) if plugin else ()


def _schema(types: PlatformTypes) -> dict[str, JSON]:
    """The shared fields; `config` names each type's schema under `by_type`."""
    schema = _PlatformDocument.model_json_schema()
    properties = schema["properties"]
    properties["type"]["enum"] = list(types.names())
    properties["config"] = {"type": "object", "by_type": dict(types.schemas())}
    return schema


def _id_of(document: Document) -> str:
    return _text(document.get("id"))


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else ""

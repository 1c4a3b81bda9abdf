"""Sections of objects whose `type` names a plugin, with the plugin's own fields under `config`.

Owns reading such documents and the schema that forms are made from; the slice gives the common fields.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from wxauto_mgt.core.config.model import (
    JSON,
    ConfigModel,
    ConfigSection,
    Document,
    place_of,
)
from wxauto_mgt.core.config.plugin_types import PluginTypes
from wxauto_mgt.core.config.pydantic_sections import validate_document
from wxauto_mgt.errors import ConfigError, Problem

M = TypeVar("M", bound=ConfigModel)
T = TypeVar("T")

CONFIG_PREFIX: Final = "config."


def typed_section(
    *,
    kind: str,
    document_key: str,
    types: PluginTypes[Any],
    common: type[M],
    make: Callable[[M, ConfigModel], T],
) -> ConfigSection[T]:
    """Make the section of objects that differ by their type.

    Args:
        common: the fields that all types share, `id`, `type` and a `config` mapping among them.
        make: the slice's object, of its common fields and its type's own.
    """

    def parse(document: Document) -> T:
        return make(*_parse(document, types, common, place_of(kind, _id_of(document))))

    def secret_fields(document: Document) -> tuple[str, ...]:
        plugin = types.get(text_of(document.get("type")))
        return tuple(CONFIG_PREFIX + name for name in plugin.SECRET_FIELDS) if plugin else ()

    def schema() -> dict[str, JSON]:
        """The shared fields; `config` names each type's schema under `by_type`."""
        found = common.model_json_schema()
        properties = found["properties"]
        properties["type"]["enum"] = list(types.names())
        properties["config"] = {"type": "object", "by_type": dict(types.schemas())}
        return found

    return ConfigSection(
        kind=kind,
        document_key=document_key,
        parse=parse,
        id_of=_id_of,
        schema=schema,
        secret_fields=secret_fields,
    )


def _parse(document: Document, types: PluginTypes[Any], model: type[M], place: str) -> tuple[M, ConfigModel]:
    problems: list[Problem] = []
    common: M | None = None
    try:
        # With a wrong `config` the other fields are still looked at, and the other way round: one round of
        # corrections for the operator, not two.
        common = validate_document(model, document, place=place)
    except ConfigError as error:
        problems += error.problems
    plugin = types.get(text_of(document.get("type")))
    if plugin is None:
        if isinstance(document.get("type"), str):
            problems.append(unknown_type(types, place))
        raise ConfigError(problems)
    own = document.get("config", {})
    config: ConfigModel | None = None
    if isinstance(own, dict):
        try:
            config = validate_document(plugin.CONFIG, own, place=place, field_prefix=CONFIG_PREFIX)
        except ConfigError as error:
            problems += error.problems
    if common is None or config is None:
        raise ConfigError(problems)
    return common, config


def unknown_type(types: PluginTypes[Any], place: str, field: str = "type") -> Problem:
    """Say that a type is none of those that there are."""
    return Problem(place, field, "not_one_of", {"expected": ", ".join(types.names())})


def text_of(value: JSON) -> str:
    """Return a text, empty where it is none."""
    return value if isinstance(value, str) else ""


def _id_of(document: Document) -> str:
    return text_of(document.get("id"))

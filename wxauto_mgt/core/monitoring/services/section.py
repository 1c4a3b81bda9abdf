"""What the configuration store needs to know about services (`services:` in a document).

Owns reading and checking their documents; which kinds of checks, repairs and presets there are is injected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Annotated, Any, Final, Protocol, TypeVar

from pydantic import AfterValidator, Field, JsonValue

from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import (
    JSON,
    Candidate,
    ConfigModel,
    ConfigSection,
    Document,
    ObjectId,
    place_of,
    refuse,
)
from wxauto_mgt.core.config.plugin_types import PluginTypes
from wxauto_mgt.core.config.pydantic_sections import validate_document
from wxauto_mgt.core.config.typed_section import text_of, unknown_type
from wxauto_mgt.core.instances.model import INSTANCE
from wxauto_mgt.core.monitoring.services import process_config
from wxauto_mgt.core.monitoring.services.model import CheckSpec, RepairSpec, ServiceConfig
from wxauto_mgt.core.monitoring.services.names import BUILT_IN
from wxauto_mgt.core.monitoring.services.process_config import ManagedProcessConfig
from wxauto_mgt.core.platforms.section import PLATFORM
from wxauto_mgt.errors import ConfigError, Problem

SERVICE: Final = "service"
DOCUMENT_KEY: Final = "services"
PORT: Final = "{port}"
"""Stands for the service's port wherever its document has a text."""

_BASIC: Final = "service.group.basic"
_CHECK: Final = "service.group.check"
_REPAIRS: Final = "service.group.repairs"
_SECONDS: Final = "unit.seconds"
_TEMPLATES: Final = ("check", "repairs", "process")

R = TypeVar("R")
_hints = FieldHints(labels="service.field", helps="service.help", group=_BASIC)


class RepairPresets(Protocol):
    """Ready-made ladders that a document calls by name."""

    def names(self) -> tuple[str, ...]:
        """Those that there are."""
        ...

    def expand(self, name: str, params: Document, *, place: str, field_prefix: str) -> tuple[RepairSpec, ...]:
        """Take a preset apart into steps.

        Args:
            name: one of `names`.
            params: what the document says beside the name.

        Raises:
            ConfigError: a parameter is wrong; place and field as given.
        """
        ...


def _check_name(value: str) -> str:
    if value in BUILT_IN:
        raise refuse("reserved_id")
    return value


class _ServiceDocument(ConfigModel):
    """The fields that all services have; the check's and the repairs' own stand inside them."""

    name: Annotated[ObjectId, AfterValidator(_check_name)] = Field(json_schema_extra=_hints("name", 10))
    description: str = Field(default="", max_length=200, json_schema_extra=_hints("description", 20))
    enabled: bool = Field(default=True, json_schema_extra=_hints("enabled", 30))
    critical: bool = Field(default=False, json_schema_extra=_hints("critical", 40, has_help=True))
    port: int | None = Field(
        default=None, ge=1, le=65_535, json_schema_extra=_hints("port", 50, has_help=True)
    )
    depends_on: tuple[str, ...] = Field(
        default=(),
        max_length=50,
        json_schema_extra=_hints("depends_on", 60, widget=Widget.WORDS, has_help=True),
    )
    check: dict[str, JsonValue]
    interval_s: float | None = Field(
        default=None,
        ge=0.05,
        le=86_400,
        json_schema_extra=_hints("interval_s", 500, group=_CHECK, unit=_SECONDS),
    )
    timeout_s: float | None = Field(
        default=None, ge=0.05, le=300, json_schema_extra=_hints("timeout_s", 510, group=_CHECK, unit=_SECONDS)
    )
    failure_threshold: int | None = Field(
        default=None, ge=1, le=100, json_schema_extra=_hints("failure_threshold", 520, group=_CHECK)
    )
    repairs: tuple[dict[str, JsonValue], ...] = Field(
        default=(), max_length=20, json_schema_extra=_hints("repairs", 600, group=_REPAIRS)
    )
    process: ManagedProcessConfig | None = None


class _StepLimit(ConfigModel):
    """What every step may say beside its action's own fields."""

    timeout_s: float | None = Field(default=None, ge=0.05, le=3600)


def service_section(
    *, check_types: PluginTypes[Any], repair_types: PluginTypes[Any], presets: RepairPresets
) -> ConfigSection[ServiceConfig]:
    """Make the section of the services."""
    reader = _Reader(check_types, repair_types, presets)
    return ConfigSection(
        kind=SERVICE,
        document_key=DOCUMENT_KEY,
        parse=reader.parse,
        id_of=_name_of,
        schema=reader.schema,
        secret_fields=reader.secret_fields,
        check=check_dependencies,
        id_fields=("name",),
    )


class _Reader:
    """Reads documents of services with the plugins that there are."""

    def __init__(
        self, check_types: PluginTypes[Any], repair_types: PluginTypes[Any], presets: RepairPresets
    ) -> None:
        self._checks = check_types
        self._repairs = repair_types
        self._presets = presets

    def parse(self, document: Document) -> ServiceConfig:
        place = place_of(SERVICE, _name_of(document))
        problems: list[Problem] = []

        def attempt(read: Callable[[], R]) -> R | None:
            # All parts are looked at: one round of corrections for the operator, not three.
            try:
                return read()
            except ConfigError as error:
                problems.extend(error.problems)
                return None

        common = attempt(lambda: validate_document(_ServiceDocument, document, place=place))
        check = attempt(lambda: self._check(document.get("check"), place))
        steps = document.get("repairs")
        repairs = [
            attempt(partial(self._steps, step, place, f"repairs.{at}"))
            for at, step in enumerate(steps if isinstance(steps, list) else [])
        ]
        if document.get("port") is None:
            problems += [Problem(place, path, "port_missing") for path in _paths_with_port(document)]
        if common is None or check is None or problems:
            raise ConfigError(problems)
        return ServiceConfig(
            name=common.name,
            check=check,
            description=common.description,
            enabled=common.enabled,
            critical=common.critical,
            port=common.port,
            depends_on=common.depends_on,
            repairs=tuple(spec for specs in repairs for spec in specs or ()),
            process=common.process,
            interval_s=common.interval_s,
            timeout_s=common.timeout_s,
            failure_threshold=common.failure_threshold,
        )

    def secret_fields(self, document: Document) -> tuple[str, ...]:
        found: list[str] = []
        check, steps, process = (document.get(name) for name in ("check", "repairs", "process"))
        if isinstance(check, Mapping):
            found += _secrets_of(self._checks, check.get("type"), "check.")
        for at, step in enumerate(steps if isinstance(steps, list) else []):
            if isinstance(step, Mapping):
                found += _secrets_of(self._repairs, step.get("action"), f"repairs.{at}.")
        if isinstance(process, Mapping):
            found += [f"process.{name}" for name in process_config.secret_fields(process)]
        return tuple(found)

    def schema(self) -> dict[str, JSON]:
        """The common fields; `check` and each item of `repairs` name each type's schema under `by_type`."""
        found = _ServiceDocument.model_json_schema()
        properties = found["properties"]
        properties["check"] = {"type": "object", "by_type": dict(self._checks.schemas())}
        properties["repairs"]["items"] = {
            "type": "object",
            "by_type": dict(self._repairs.schemas()),
            "presets": list(self._presets.names()),
        }
        return found

    def _check(self, given: JSON, place: str) -> CheckSpec | None:
        if not isinstance(given, dict):
            return None  # said of the whole document already
        type_name, plugin = _plugin_of(self._checks, given, "type", place, "check")
        own = {name: value for name, value in given.items() if name != "type"}
        config = validate_document(plugin.CONFIG, own, place=place, field_prefix="check.")
        return CheckSpec(type_name, config)

    def _steps(self, given: JSON, place: str, field: str) -> tuple[RepairSpec, ...]:
        if not isinstance(given, dict):
            return ()  # said of the whole document already
        prefix = f"{field}."
        if "preset" in given:
            name = text_of(given["preset"])
            if name not in self._presets.names():
                expected = ", ".join(self._presets.names())
                raise ConfigError([Problem(place, f"{field}.preset", "not_one_of", {"expected": expected})])
            params = {key: value for key, value in given.items() if key != "preset"}
            return self._presets.expand(name, params, place=place, field_prefix=prefix)
        type_name, plugin = _plugin_of(self._repairs, given, "action", place, field)
        limit = validate_document(
            _StepLimit, {"timeout_s": given.get("timeout_s")}, place=place, field_prefix=prefix
        )
        own = {name: value for name, value in given.items() if name not in ("action", "timeout_s")}
        config = validate_document(plugin.CONFIG, own, place=place, field_prefix=prefix)
        return (RepairSpec(type_name, config, limit.timeout_s),)


def _plugin_of(
    types: PluginTypes[Any], given: Document, key: str, place: str, field: str
) -> tuple[str, type[Any]]:
    value = given.get(key)
    if value is None:
        raise ConfigError([Problem(place, f"{field}.{key}", "missing")])
    plugin = types.get(text_of(value))
    if plugin is None:
        raise ConfigError([unknown_type(types, place, f"{field}.{key}")])
    return text_of(value), plugin


def _secrets_of(types: PluginTypes[Any], type_name: JSON, prefix: str) -> list[str]:
    plugin = types.get(text_of(type_name))
    return [prefix + name for name in plugin.SECRET_FIELDS] if plugin else []


def _paths_with_port(document: Document) -> Iterator[str]:
    """Where a document speaks of its port."""
    waiting: list[tuple[str, JSON]] = [(name, document.get(name)) for name in _TEMPLATES]
    while waiting:
        path, value = waiting.pop(0)
        if isinstance(value, str) and PORT in value:
            yield path
        elif isinstance(value, Mapping):
            waiting += [(f"{path}.{name}", each) for name, each in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{path}.{at}", each) for at, each in enumerate(value)]


def check_dependencies(candidate: Candidate) -> Iterable[Problem]:
    """Find services that depend on one that does not exist, or on each other."""
    services: Mapping[str, ServiceConfig] = candidate.objects(SERVICE)
    for service in services.values():
        place = place_of(SERVICE, service.name)
        for at, name in enumerate(service.depends_on):
            field = f"depends_on.{at}"
            if not is_known(candidate, name):
                yield Problem(place, field, "unknown_service", {"service": name})
            elif _leads_to(services, name, service.name):
                yield Problem(place, field, "service_circle", {"service": name})


def is_known(candidate: Candidate, name: str) -> bool:
    """Whether there is a service of this name: built in, an instance, a platform or an operator's own."""
    kind, _, object_id = name.partition(":")
    is_implied = kind in (INSTANCE, PLATFORM) and candidate.has(kind, object_id)
    return name in BUILT_IN or is_implied or candidate.has(SERVICE, name)


def _leads_to(services: Mapping[str, ServiceConfig], start: str, goal: str) -> bool:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        if name not in seen and name in services:
            seen.add(name)
            waiting += services[name].depends_on
    return False


def _name_of(document: Document) -> str:
    return text_of(document.get("name"))

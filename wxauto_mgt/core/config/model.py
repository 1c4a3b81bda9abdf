"""What the slices and the configuration store agree on: sections, edits, candidates, snapshots.

Knows no object type: each slice gives its own section, made by `pydantic_sections.pydantic_section`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, Generic, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from wxauto_mgt.errors import Fact, Problem

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
Document: TypeAlias = Mapping[str, JSON]
ObjectKey: TypeAlias = tuple[str, str]

T = TypeVar("T")

SETTINGS: Final = "settings"
ID_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
RESERVED_IDS: Final = frozenset({"all"})
REFUSAL_PREFIX: Final = "problem."


def place_of(kind: str, object_id: str) -> str:
    """Name an object in a Problem; imports find the line of the object by this text."""
    return f"{kind} {object_id}"


def refuse(reason: str, **params: Fact) -> PydanticCustomError:
    """Make the error that a validator of a slice raises; it becomes a Problem with this reason.

    Args:
        reason: catalogue code; the text stands under `problem.<reason>`.
        params: facts for the sentence; never a secret.
    """
    return PydanticCustomError(f"{REFUSAL_PREFIX}{reason}", "refused", dict(params))


def check_object_id(value: str) -> str:
    """Return the id, or refuse what does not fit the pattern or is reserved."""
    if not ID_PATTERN.match(value):
        raise refuse("bad_id")
    if value in RESERVED_IDS:
        raise refuse("reserved_id")
    return value


ObjectId = Annotated[str, AfterValidator(check_object_id)]


class ConfigModel(BaseModel):
    """Base of every model that a person writes: frozen, strict, unknown keys refused.

    Lists of a document arrive in `tuple[...]` fields, strings in enums; `123` never becomes `"123"`.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, allow_inf_nan=False
    )


@dataclass(frozen=True)
class Candidate:
    """A whole configuration, parsed, before it is stored; what `check` functions look at.

    Objects whose secrets cannot be opened take part (with a placeholder for the secret), so that
    references to them hold.
    """

    objects_by_kind: Mapping[str, Mapping[str, object]]
    settings_by_group: Mapping[str, object]
    known: frozenset[ObjectKey] = frozenset()

    def objects(self, kind: str) -> Mapping[str, Any]:
        """Return the objects of a kind by id, in document order; the caller annotates the type."""
        # Any: this package cannot name the types of the slices above it.
        return self.objects_by_kind.get(kind, MappingProxyType({}))

    def settings(self, group: str) -> Any:
        """Return the settings model of a group."""
        return self.settings_by_group[group]

    def has(self, kind: str, object_id: str) -> bool:
        """Tell whether an object may be named; use this for references."""
        return object_id in self.objects(kind) or (kind, object_id) in self.known


@dataclass(frozen=True)
class Snapshot:
    """The configuration in force. Frozen; a new one replaces it after each committed edit.

    Attributes:
        revision: number of the last change; 0 = never changed.
        candidate: all objects, the unreadable ones too.
        unreadable: why an object is out of force (kind, id); its secret must be entered again, or its
            variable be set, or its document be mended.
        read_only_settings: (group, key) -> environment variable that wins over the stored value.
    """

    revision: int
    candidate: Candidate
    unreadable: Mapping[ObjectKey, Problem] = field(default_factory=dict)
    read_only_settings: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def objects(self, kind: str) -> Mapping[str, Any]:
        """Return the usable objects of a kind by id, in document order."""
        found = self.candidate.objects(kind)
        if not self.unreadable:
            return found
        return {key: value for key, value in found.items() if (kind, key) not in self.unreadable}

    def settings(self, group: str) -> Any:
        """Return the settings model of a group, environment applied."""
        return self.candidate.settings(group)

    def locked_by(self, group: str) -> dict[str, str]:
        """Return the keys of a group that the environment decides, with the variable of each."""
        return {key: variable for (name, key), variable in self.read_only_settings.items() if name == group}


def _no_secrets(_document: Document) -> tuple[str, ...]:
    return ()


def _no_check(_candidate: Candidate) -> Iterable[Problem]:
    return ()


@dataclass(frozen=True)
class ConfigSection(Generic[T]):
    """What one slice tells the configuration store about its objects.

    Attributes:
        kind: singular (`instance`); `document_key`: the list's key in documents (`instances`).
        parse: makes the slice's frozen object, secrets in clear; raises ConfigError.
        id_of: the id of a document, "" when it has none; must not raise.
        secret_fields: dotted paths of the secrets of a document (`api_key`, `config.api_key`, list
            elements by index); must not raise on a document that `parse` would refuse.
        check: problems across objects, among them references to missing objects; place by `place_of`.
        schema: JSON Schema of one document, for forms.
        id_fields: the fields that make the id; their line is shown for a duplicate.
    """

    kind: str
    document_key: str
    parse: Callable[[Document], T]
    id_of: Callable[[Document], str]
    schema: Callable[[], dict[str, JSON]]
    secret_fields: Callable[[Document], tuple[str, ...]] = _no_secrets
    check: Callable[[Candidate], Iterable[Problem]] = _no_check
    id_fields: tuple[str, ...] = ("id",)


@dataclass(frozen=True)
class SettingsGroup:
    """One group of settings, owned by the slice whose model it is.

    Attributes:
        environment: key -> environment variable that wins over the stored value and makes it read-only.
        secret_fields: keys that are sealed at rest.
        check: problems across settings and objects.
    """

    name: str
    model: type[ConfigModel]
    environment: Mapping[str, str] = field(default_factory=dict)
    secret_fields: tuple[str, ...] = ()
    check: Callable[[Candidate], Iterable[Problem]] = _no_check


@dataclass(frozen=True)
class Put:
    """Add or replace an object. A missing or null secret keeps the stored one.

    For settings (`kind` "settings", `id` the group) the keys are merged into the stored ones.
    """

    kind: str
    id: str
    document: Document


@dataclass(frozen=True)
class Delete:
    """Remove an object; a settings group goes back to its defaults."""

    kind: str
    id: str


Edit = Put | Delete


@dataclass(frozen=True)
class StoredDocument:
    """A document as forms see it: secrets null, and which of them are stored.

    Attributes:
        has_secret: dotted paths of secrets that have a stored value.
        variables: dotted path -> `${NAME}` as written, where the secret is a variable.
        unreadable: why the object is out of force, if it is.
        locked_by: key -> environment variable that wins over it; settings only.
    """

    kind: str
    id: str
    document: Document
    has_secret: frozenset[str]
    variables: Mapping[str, str]
    unreadable: Problem | None = None
    locked_by: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ImportResult:
    """What an import changed, or would change (dry run); places such as `rule r1`."""

    revision: int
    added: tuple[str, ...]
    updated: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]

    @property
    def is_change(self) -> bool:
        """Whether anything differs from what was stored."""
        return bool(self.added or self.updated or self.removed)


@dataclass(frozen=True)
class RevisionChange:
    """One object's change inside a revision; documents with their secrets masked; None = absent."""

    kind: str
    id: str
    before: Document | None
    after: Document | None
    changed_fields: tuple[str, ...]


@dataclass(frozen=True)
class Revision:
    """One committed change: who, when, what."""

    number: int
    at: datetime
    who: str
    action: str
    changes: tuple[RevisionChange, ...]

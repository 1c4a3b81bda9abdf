"""Turns stored documents into the slices' objects and checks them as a whole.

Strict for an edit: any finding refuses all of it. Lenient at a start: a broken object is out of force, the
rest runs. The service calls it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from wxauto_mgt.core.config.model import (
    JSON,
    SETTINGS,
    Candidate,
    ConfigSection,
    Document,
    ObjectKey,
    SettingsGroup,
    place_of,
)
from wxauto_mgt.core.config.pydantic_sections import validate_document
from wxauto_mgt.core.config.sealing import get_at, own_copy, set_at
from wxauto_mgt.core.secrets.box import SecretBox
from wxauto_mgt.errors import ConfigError, Problem, SecretUnreadable

_log = logging.getLogger(__name__)

# Stands for a secret that cannot be opened, so that references to its object can still be checked.
_PLACEHOLDER: Final = "unreadable"


@dataclass(frozen=True)
class PendingDocument:
    """A document on its way into the store: secrets sealed, but for those in `clear`."""

    document: Document
    clear: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Compiled:
    """A whole configuration, parsed; `documents` are what it was made of."""

    documents: Mapping[ObjectKey, Document]
    candidate: Candidate
    unreadable: Mapping[ObjectKey, Problem] = field(default_factory=dict)


class Compiler:
    """Knows the sections and settings groups of this console, and the environment.

    Raises:
        ConfigError: an environment variable that wins over a setting does not fit it.
    """

    def __init__(
        self,
        *,
        sections: Sequence[ConfigSection[Any]],
        settings_groups: Sequence[SettingsGroup],
        secrets: SecretBox,
        environment: Mapping[str, str],
    ) -> None:
        self.sections = MappingProxyType({section.kind: section for section in sections})
        self.groups = MappingProxyType({group.name: group for group in settings_groups})
        self._secrets = secrets
        self._environment = environment
        self._from_environment = {
            group.name: _environment_values(group, environment, secrets) for group in settings_groups
        }

    @property
    def read_only_settings(self) -> Mapping[tuple[str, str], str]:
        """(group, key) -> variable, for the variables that are set."""
        return {
            (name, key): self.groups[name].environment[key]
            for name, values in self._from_environment.items()
            for key in values
        }

    def knows(self, key: ObjectKey) -> bool:
        """Whether this console has a section or group for such an object."""
        kind, object_id = key
        return object_id in self.groups if kind == SETTINGS else kind in self.sections

    def secret_fields(self, key: ObjectKey, document: Document) -> tuple[str, ...]:
        """Dotted paths of the secrets of a document."""
        kind, object_id = key
        if kind == SETTINGS:
            return self.groups[object_id].secret_fields
        return self.sections[kind].secret_fields(document)

    def compile(
        self, pending: Mapping[ObjectKey, PendingDocument], *, base: Compiled | None, strict: bool
    ) -> Compiled:
        """Parse every document, or take what `base` made of the same one, and check the whole.

        Raises:
            ConfigError: only when strict; every problem found.
        """
        build = _Build(self, base, strict)
        for key, each in pending.items():
            if self.knows(key):
                build.add(key, each)
        for name in self.groups:
            if (SETTINGS, name) not in pending:
                build.add((SETTINGS, name), PendingDocument({}))
        compiled = build.finish({key: each.document for key, each in pending.items()})
        problems = self._cross_check(compiled.candidate)
        if problems and strict:
            raise ConfigError(problems)
        for problem in problems:
            _log.warning("stored configuration: %s", problem)
        return compiled

    def parse(self, key: ObjectKey, document: Document) -> object:
        """Parse one document whose secrets are in clear; raises ConfigError."""
        kind, object_id = key
        if kind != SETTINGS:
            parsed: object = self.sections[kind].parse(document)
            return parsed
        model, fixed, place = self.groups[object_id].model, self._from_environment[object_id], place_of(*key)
        if fixed:
            # What a variable hides is checked too: it comes in force once the variable is gone.
            validate_document(model, document, place=place)
        return validate_document(model, {**document, **fixed}, place=place)

    def revealed(self, key: ObjectKey, pending: PendingDocument) -> tuple[Document, Problem | None]:
        """Copy a document, secrets in clear; where one cannot be opened, a placeholder and the reason."""
        copied = own_copy(pending.document)
        failure: Problem | None = None
        for path in self.secret_fields(key, copied):
            value = get_at(copied, path)
            if not isinstance(value, str) or not value or path in pending.clear:
                continue
            try:
                set_at(copied, path, self._secrets.reveal(value, self._environment))
            except SecretUnreadable as error:
                set_at(copied, path, _PLACEHOLDER)
                failure = failure or Problem(place_of(*key), path, error.code, error.facts)
        return copied, failure

    def default_settings(self, name: str) -> object:
        """Return a group as it is when nothing is stored, environment applied."""
        return self.parse((SETTINGS, name), {})

    def _cross_check(self, candidate: Candidate) -> list[Problem]:
        problems: list[Problem] = []
        for section in self.sections.values():
            problems.extend(section.check(candidate))
        for group in self.groups.values():
            problems.extend(group.check(candidate))
        return problems


class _Build:
    """One compilation under way."""

    def __init__(self, compiler: Compiler, base: Compiled | None, strict: bool) -> None:
        self._compiler = compiler
        self._base = base
        self._strict = strict
        self._objects: dict[str, dict[str, object]] = {kind: {} for kind in compiler.sections}
        self._settings: dict[str, object] = {}
        self._unreadable: dict[ObjectKey, Problem] = {}
        self._known: set[ObjectKey] = set()
        self._problems: list[Problem] = []

    def add(self, key: ObjectKey, pending: PendingDocument) -> None:
        if self._reuse(key, pending):
            return
        document, failure = self._compiler.revealed(key, pending)
        parsed: object | None = None
        try:
            parsed = self._compiler.parse(key, document)
        except ConfigError as error:
            if failure is None:
                if self._strict:
                    self._problems.extend(error.problems)
                failure = error.problems[0]
        if failure is not None:
            if self._strict and failure not in self._problems:
                self._problems.append(failure)
            self._unreadable[key] = failure
        self._put(key, parsed)

    def _reuse(self, key: ObjectKey, pending: PendingDocument) -> bool:
        base = self._base
        if base is None or pending.clear:
            return False
        stored = base.documents.get(key, {})
        if stored is not pending.document and stored != pending.document:
            return False
        kind, object_id = key
        kept = base.candidate.settings_by_group if kind == SETTINGS else base.candidate.objects(kind)
        if object_id not in kept and key not in base.unreadable:
            return False
        if key in base.unreadable:
            self._unreadable[key] = base.unreadable[key]
        self._put(key, kept.get(object_id))
        return True

    def _put(self, key: ObjectKey, parsed: object | None) -> None:
        kind, object_id = key
        self._known.add(key)
        if kind == SETTINGS:
            # There is no running without settings: a broken group falls back to its defaults, and says so.
            self._settings[object_id] = (
                self._compiler.default_settings(object_id) if parsed is None else parsed
            )
        elif parsed is not None:
            self._objects[kind][object_id] = parsed

    def finish(self, documents: Mapping[ObjectKey, Document]) -> Compiled:
        if self._problems:
            raise ConfigError(self._problems)
        candidate = Candidate(
            MappingProxyType({kind: MappingProxyType(found) for kind, found in self._objects.items()}),
            MappingProxyType(self._settings),
            frozenset(self._known),
        )
        return Compiled(MappingProxyType(dict(documents)), candidate, MappingProxyType(self._unreadable))


def _environment_values(
    group: SettingsGroup, environment: Mapping[str, str], secrets: SecretBox
) -> dict[str, JSON]:
    """Read the variables of a group: text, so leniently (`true`, `30`); the model still checks ranges."""
    values: dict[str, JSON] = {}
    for key, variable in group.environment.items():
        text = environment.get(variable, "").strip()
        if not text:
            continue
        try:
            if key in group.secret_fields:
                values[key] = secrets.reveal(f"${{{variable}}}", environment).strip()
            else:
                annotation: Any = group.model.model_fields[key].annotation
                adapter = TypeAdapter[Any](annotation)
                values[key] = adapter.dump_python(adapter.validate_strings(text, strict=False), mode="json")
            validate_document(group.model, {key: values[key]}, place=place_of(SETTINGS, group.name))
        except (ValidationError, ConfigError):
            problem = Problem(place_of(SETTINGS, group.name), key, "bad_environment", {"variable": variable})
            raise ConfigError([problem]) from None
    return values

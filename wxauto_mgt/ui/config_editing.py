"""What pages do with the configuration: list, open, save and delete objects. No window in it.

Owns no rule: what is allowed is decided by the configuration service. Called by view-models.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import SecretStr
from PySide6.QtCore import QObject

from wxauto_mgt.core.config.model import JSON, Delete, Put, Snapshot
from wxauto_mgt.core.config.notifier import ConfigNotifier
from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.ui.bridge.events import EventBridge, Inbox
from wxauto_mgt.ui.forms.schema import FieldSpec, defaults_of, fields_of, get, merged, put

WHO: Final = "window"


@dataclass(frozen=True)
class Draft:
    """What a form opens with.

    Attributes:
        is_new: whether saving adds an object.
        id_fields: the fields that make the id.
    """

    kind: str
    document: Mapping[str, JSON]
    specs: tuple[FieldSpec, ...]
    is_new: bool
    id_fields: tuple[str, ...]
    has_secret: frozenset[str] = frozenset()
    variables: Mapping[str, str] | None = None

    @property
    def fixed(self) -> tuple[str, ...]:
        """Fields that never change once the object is stored."""
        return () if self.is_new else (*self.id_fields, "type", "check.type")


class ConfigEditing:
    """Objects of all kinds, as forms and lists see them."""

    def __init__(self, *, config: ConfigService, notifier: ConfigNotifier) -> None:
        self.config = config
        self._notifier = notifier
        self._offered: dict[str, Callable[[], list[tuple[str, str]]]] = {}

    @property
    def snapshot(self) -> Snapshot:
        """The configuration in force."""
        return self.config.snapshot

    def changes(self, bridge: EventBridge, owner: QObject, *kinds: str) -> Inbox:
        """An inbox for committed changes of some kinds."""
        return bridge.inbox_for(owner, lambda put: self._notifier.subscribe(put, kinds=kinds or None))

    def specs(self, kind: str) -> tuple[FieldSpec, ...]:
        """The fields of a kind."""
        return fields_of(self.config.sections[kind].schema())

    def new(self, kind: str, given: Mapping[str, JSON], *, more: tuple[FieldSpec, ...] = ()) -> Draft:
        """A draft of a new object: defaults, and what the page gives."""
        specs = merged(self.specs(kind), more)
        id_fields = self.config.sections[kind].id_fields
        return Draft(kind, {**defaults_of(specs), **given}, specs, is_new=True, id_fields=id_fields)

    async def stored(self, kind: str, object_id: str, *, more: tuple[FieldSpec, ...] = ()) -> Draft:
        """A draft of a stored object.

        Raises:
            PermanentError: somebody removed it meanwhile.
        """
        found = await self.config.document(kind, object_id)
        if found is None:
            raise PermanentError("object_gone", object_id=object_id)
        return Draft(
            kind,
            found.document,
            merged(self.specs(kind), more),
            is_new=False,
            id_fields=self.config.sections[kind].id_fields,
            has_secret=found.has_secret,
            variables=found.variables,
        )

    async def save(self, kind: str, document: Mapping[str, JSON]) -> None:
        """Hand one object to the service."""
        object_id = self.config.sections[kind].id_of(document)
        await self.config.apply([Put(kind, object_id, document)], who=WHO)

    async def delete(self, kind: str, object_id: str) -> None:
        """Remove one object."""
        await self.config.apply([Delete(kind, object_id)], who=WHO)

    def with_stored_secrets(
        self, kind: str, object_id: str, document: Mapping[str, JSON], paths: tuple[str, ...]
    ) -> dict[str, JSON]:
        """Fill secrets that a form leaves out with those in force; for tests of what is not saved yet."""
        whole = copy.deepcopy(dict(document))
        stored: object = self.snapshot.objects(kind).get(object_id)
        for path in paths:
            if get(whole, path) is not None:
                continue
            if isinstance(found := _at(stored, path), SecretStr):
                put(whole, path, found.get_secret_value())
            else:
                _leave_out(whole, path)
        return whole

    def free_id(self, kind: str, stem: str) -> str:
        """An id that no object of the kind has."""
        taken = set(self.snapshot.candidate.objects(kind)) | {
            known for known_kind, known in self.snapshot.candidate.known if known_kind == kind
        }
        number = 1
        while f"{stem}{number}" in taken:
            number += 1
        return f"{stem}{number}"

    def offer(self, kind: str, choices: Callable[[], list[tuple[str, str]]]) -> None:
        """Say what references may name where the configuration does not hold all of it."""
        self._offered[kind] = choices

    def choices(self, kind: str) -> list[tuple[str, str]]:
        """Objects that a reference may name, with the name to show."""
        if kind in self._offered:
            return self._offered[kind]()
        objects = self.snapshot.candidate.objects(kind)
        return [(object_id, _shown(object_id, thing)) for object_id, thing in objects.items()]


def _at(thing: object, path: str) -> object:
    for part in path.split("."):
        thing = getattr(thing, part, None)
    return thing


def _leave_out(document: dict[str, JSON], path: str) -> None:
    """Take a field out, so that its default holds: an empty secret is null in a form."""
    parent, _, name = path.rpartition(".")
    holder = get(document, parent) if parent else document
    if isinstance(holder, dict) and name in holder:
        kept = {key: value for key, value in holder.items() if key != name}
        if parent:
            put(document, parent, kept)
        else:
            del document[name]


def _shown(object_id: str, thing: object) -> str:
    name = getattr(thing, "name", "")
    return f"{name}  ({object_id})" if name and name != object_id else object_id

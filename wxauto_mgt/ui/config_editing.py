"""What pages do with the configuration: list, open, save and delete objects. No window in it.

Owns no rule: what is allowed is decided by the configuration service. Called by view-models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from wxauto_mgt.core.config.model import (
    JSON,
    Delete,
    Edit,
    ImportResult,
    Put,
    Revision,
    Snapshot,
    StoredDocument,
)
from wxauto_mgt.core.config.notifier import ConfigChanged
from wxauto_mgt.ui.bridge.events import EventBridge, Inbox
from wxauto_mgt.ui.forms.schema import FieldSpec, defaults_of, fields_of

WHO: Final = "window"


class Notifier(Protocol):
    """Announces committed changes."""

    def subscribe(
        self, callback: Callable[[ConfigChanged], None], *, kinds: Iterable[str] | None = None
    ) -> Callable[[], None]:
        """Call back for each change; the result ends it."""


class ConfigStore(Protocol):
    """What the window needs of the configuration service."""

    @property
    def snapshot(self) -> Snapshot:
        """The configuration in force."""

    async def apply(self, edits: Sequence[Edit], *, who: str) -> int:
        """Validate and store edits as a whole."""

    async def document(self, kind: str, object_id: str) -> StoredDocument:
        """A stored document, secrets left out."""

    async def import_document(
        self, text: str, *, filename: str, replace: bool, who: str, dry_run: bool = False
    ) -> ImportResult:
        """Take over a document."""

    async def export(self, *, with_secrets: bool) -> dict[str, JSON]:
        """The whole configuration as one document."""

    async def history(
        self, *, kind: str | None = None, object_id: str | None = None, limit: int = 50
    ) -> Sequence[Revision]:
        """Newest revisions first."""

    async def rollback(self, revision: int, *, who: str) -> int:
        """Bring back what a revision held."""


@dataclass(frozen=True)
class Draft:
    """What a form opens with.

    Attributes:
        is_new: whether saving adds an object.
    """

    kind: str
    document: Mapping[str, JSON]
    specs: tuple[FieldSpec, ...]
    is_new: bool
    has_secret: frozenset[str] = frozenset()
    variables: Mapping[str, str] | None = None
    unreadable: str = ""


class ConfigEditing:
    """Objects of all kinds, as forms and lists see them."""

    def __init__(
        self,
        *,
        config: ConfigStore,
        notifier: Notifier,
        schemas: Mapping[str, Callable[[], dict[str, JSON]]],
    ) -> None:
        self._config = config
        self._notifier = notifier
        self._schemas = schemas

    @property
    def snapshot(self) -> Snapshot:
        """The configuration in force."""
        return self._config.snapshot

    def changes(self, bridge: EventBridge, owner: Any, *kinds: str) -> Inbox:
        """An inbox for committed changes of some kinds."""
        return bridge.inbox_for(owner, lambda put: self._notifier.subscribe(put, kinds=kinds or None))

    def specs(self, kind: str) -> tuple[FieldSpec, ...]:
        """The fields of a kind."""
        return fields_of(self._schemas[kind]())

    def new(self, kind: str, given: Mapping[str, JSON], *, more: tuple[FieldSpec, ...] = ()) -> Draft:
        """A draft of a new object: defaults, and what the page gives."""
        specs = self.specs(kind) + more
        return Draft(kind, {**defaults_of(specs), **given}, specs, is_new=True)

    async def stored(self, kind: str, object_id: str, *, more: tuple[FieldSpec, ...] = ()) -> Draft:
        """A draft of a stored object."""
        found = await self._config.document(kind, object_id)
        return Draft(
            kind,
            found.document,
            self.specs(kind) + more,
            is_new=False,
            has_secret=found.has_secret,
            variables=found.variables,
        )

    async def save(self, kind: str, object_id: str, document: Mapping[str, JSON]) -> None:
        """Hand one object to the service."""
        await self._config.apply([Put(kind, object_id, document)], who=WHO)

    async def delete(self, kind: str, object_id: str) -> None:
        """Remove one object."""
        await self._config.apply([Delete(kind, object_id)], who=WHO)

    def free_id(self, kind: str, stem: str) -> str:
        """An id that no object of the kind has."""
        taken = set(self.snapshot.candidate.objects(kind)) | {
            known for known_kind, known in self.snapshot.candidate.known if known_kind == kind
        }
        number = 1
        while f"{stem}{number}" in taken:
            number += 1
        return f"{stem}{number}"

    def choices(self, kind: str) -> list[tuple[str, str]]:
        """Objects that a reference may name, with the name to show."""
        objects = self.snapshot.candidate.objects(kind)
        return [(object_id, _shown(object_id, thing)) for object_id, thing in objects.items()]


def _shown(object_id: str, thing: object) -> str:
    name = getattr(thing, "name", "")
    return f"{name}  ({object_id})" if name and name != object_id else object_id

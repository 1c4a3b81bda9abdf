"""A configuration being edited: the stored documents with edits applied, not yet checked, sealed or stored.

Pure but for opening stored secrets to compare them. The service builds one for each edit, import, rollback.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from wxauto_mgt.core.config.compiler import Compiler, PendingDocument
from wxauto_mgt.core.config.model import (
    SETTINGS,
    Delete,
    Document,
    Edit,
    ImportResult,
    ObjectKey,
    Put,
    place_of,
)
from wxauto_mgt.core.config.sealing import (
    get_at,
    keep_stored_secrets,
    own_copy,
    remove_at,
    sealed_values,
    set_at,
)
from wxauto_mgt.core.config.store import Change
from wxauto_mgt.core.secrets.box import SecretBox
from wxauto_mgt.errors import ConfigError, Problem, SecretUnreadable


class Draft:
    """The stored state plus edits, in their order.

    Args:
        stored: documents in force, sealed.
        merge_settings: whether a Put of settings keeps the keys that it leaves out.
    """

    def __init__(
        self,
        *,
        stored: Mapping[ObjectKey, Document],
        compiler: Compiler,
        secrets: SecretBox,
        merge_settings: bool = True,
    ) -> None:
        self._stored = stored
        self._compiler = compiler
        self._secrets = secrets
        self._merge_settings = merge_settings
        self.pending: dict[ObjectKey, PendingDocument] = {
            key: PendingDocument(document) for key, document in stored.items()
        }

    def apply(self, edits: Sequence[Edit]) -> None:
        """Apply edits; raises ConfigError for an unknown object, kind or group."""
        problems = []
        for edit in edits:
            problem = self._put(edit) if isinstance(edit, Put) else self._delete(edit)
            if problem is not None:
                problems.append(problem)
        if problems:
            raise ConfigError(problems)

    def restore(self, key: ObjectKey, document: Document | None) -> None:
        """Set an object to a former stored state, sealed secrets included; None removes it."""
        if document is None:
            self.pending.pop(key, None)
        else:
            self.pending[key] = PendingDocument(document)

    def drop_sealed(self, is_lost: Callable[[str], bool]) -> None:
        """Take sealed values for which `is_lost` is true out of their documents."""
        for key in self.sealed_places(is_lost):
            document = own_copy(self.pending[key].document)
            for path in self._compiler.secret_fields(key, document):
                if any(is_lost(sealed) for sealed in sealed_values(get_at(document, path))):
                    remove_at(document, path)
            self.pending[key] = PendingDocument(document)

    def _put(self, edit: Put) -> Problem | None:
        key = (edit.kind, edit.id)
        if not self._compiler.knows(key):
            reason = "unknown_group" if edit.kind == SETTINGS else "unknown_kind"
            return Problem(place_of(*key), "", reason)
        stored = self._stored.get(key)
        document = own_copy(edit.document)
        if edit.kind == SETTINGS:
            if stored is not None and self._merge_settings:
                document = {**own_copy(stored), **document}
        elif self._compiler.sections[edit.kind].id_of(document) != edit.id:
            return Problem(place_of(*key), "", "id_differs")
        paths = self._compiler.secret_fields(key, document)
        clear = keep_stored_secrets(document, stored, paths, self._open)
        self.pending[key] = PendingDocument(document, clear)
        return None

    def _delete(self, edit: Delete) -> Problem | None:
        if self.pending.pop((edit.kind, edit.id), None) is None and edit.kind != SETTINGS:
            return Problem(place_of(edit.kind, edit.id), "", "unknown_object")
        return None

    def _open(self, sealed: str) -> str | None:
        try:
            return self._secrets.unseal(sealed)
        except SecretUnreadable:
            return None

    @property
    def has_clear(self) -> bool:
        """Whether a secret waits to be sealed."""
        return any(each.clear for each in self.pending.values())

    def sealed_places(self, is_lost: Callable[[str], bool]) -> list[ObjectKey]:
        """Objects that hold a sealed value for which `is_lost` is true."""
        return [
            key
            for key, each in self.pending.items()
            if any(is_lost(sealed) for sealed in sealed_values(each.document))
        ]

    def changed_keys(self) -> list[ObjectKey]:
        """Objects that differ from what is stored: put ones in document order, then removed ones."""
        put = [key for key, each in self.pending.items() if self._differs(key, each)]
        return put + [key for key in self._stored if key not in self.pending]

    def _differs(self, key: ObjectKey, pending: PendingDocument) -> bool:
        stored = self._stored.get(key)
        return bool(pending.clear) or (stored is not pending.document and stored != pending.document)

    def seal(self) -> None:
        """Seal every clear secret; the box must have a key."""
        for key, each in self.pending.items():
            if not each.clear:
                continue
            document = own_copy(each.document)
            for path in each.clear:
                set_at(document, path, self._secrets.seal(str(get_at(document, path))))
            self.pending[key] = PendingDocument(document)

    def documents(self) -> dict[ObjectKey, Document]:
        """Return the documents as they are to be stored."""
        return {key: each.document for key, each in self.pending.items()}

    def changes(self) -> list[Change]:
        """Return before and after of each changed object; call it after `seal`."""
        return [
            Change(kind, object_id, self._stored.get((kind, object_id)), self._after((kind, object_id)))
            for kind, object_id in self.changed_keys()
        ]

    def _after(self, key: ObjectKey) -> Document | None:
        pending = self.pending.get(key)
        return None if pending is None else pending.document

    def result(self, revision: int, *, named: Sequence[str]) -> ImportResult:
        """Tell what differs from what was stored.

        Args:
            named: places that the document named; those that do not differ are unchanged.
        """
        changed = self.changed_keys()
        added = tuple(place_of(*key) for key in changed if key not in self._stored)
        removed = tuple(place_of(*key) for key in changed if key not in self.pending)
        updated = tuple(place_of(*key) for key in changed if key in self._stored and key in self.pending)
        unchanged = tuple(place for place in named if place not in {*added, *updated})
        return ImportResult(revision, added, updated, removed, unchanged)

"""Revisions as people read them, and the documents of a former state. Reads only; the service rolls back."""

from __future__ import annotations

from collections.abc import Mapping

from wxauto_mgt.core.config import store
from wxauto_mgt.core.config.model import JSON, Document, ObjectKey, Revision, RevisionChange
from wxauto_mgt.core.config.sealing import masked
from wxauto_mgt.storage.database import Database


async def read(
    db: Database, *, kind: str | None, object_id: str | None, before: int | None, limit: int
) -> list[Revision]:
    """Read revisions with their changes, newest first, secrets masked."""
    heads = await store.read_revisions(db, kind=kind, object_id=object_id, before=before, limit=limit)
    if not heads:
        return []
    changes: dict[int, list[RevisionChange]] = {}
    for number, change in await store.read_changes(db, first=heads[-1].number, last=heads[0].number):
        changes.setdefault(number, []).append(_shown(change))
    return [
        Revision(head.number, head.at, head.who, head.action, tuple(changes.get(head.number, ())))
        for head in heads
    ]


async def diff(db: Database, *, since: int, last: int) -> list[RevisionChange]:
    """Fold the changes after `since` up to `last` into one for each object."""
    folded: dict[ObjectKey, store.Change] = {}
    for _, change in await store.read_changes(db, first=since + 1, last=last):
        first = folded.get((change.kind, change.id), change)
        folded[change.kind, change.id] = store.Change(change.kind, change.id, first.before, change.after)
    return [_shown(change) for change in folded.values() if change.before != change.after]


async def documents_at(
    db: Database, current: Mapping[ObjectKey, Document], *, revision: int, last: int
) -> dict[ObjectKey, Document]:
    """Return the stored documents, secrets sealed, as they were at a revision."""
    documents = dict(current)
    for _, change in reversed(await store.read_changes(db, first=revision + 1, last=last)):
        if change.before is None:
            documents.pop((change.kind, change.id), None)
        else:
            documents[change.kind, change.id] = change.before
    return documents


def _shown(change: store.Change) -> RevisionChange:
    before = None if change.before is None else _masked(change.before)
    after = None if change.after is None else _masked(change.after)
    names = sorted(_differing(change.before or {}, change.after or {}))
    return RevisionChange(change.kind, change.id, before, after, tuple(names))


def _masked(document: Document) -> dict[str, JSON]:
    return {name: masked(value) for name, value in document.items()}


def _differing(before: Document, after: Document, prefix: str = "") -> set[str]:
    """Dotted paths whose values differ; mappings are looked into, lists are one value."""
    names = set()
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            names |= _differing(old, new, f"{prefix}{name}.")
        elif old != new or (name in before) != (name in after):
            names.add(f"{prefix}{name}")
    return names

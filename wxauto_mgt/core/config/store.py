"""The SQL of configuration objects, their revisions and the audit log. The only place for it.

Holds documents with sealed secrets; opens none. The service and the audit log call it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from wxauto_mgt.core.config.model import JSON, Document, ObjectKey
from wxauto_mgt.errors import RevisionMoved
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import from_us, to_us


@dataclass(frozen=True)
class StoredState:
    """All objects of one committed state, in document order."""

    revision: int
    at: datetime | None
    documents: Mapping[ObjectKey, Document]


@dataclass(frozen=True)
class Change:
    """One object before and after; None = not there."""

    kind: str
    id: str
    before: Document | None
    after: Document | None


@dataclass(frozen=True)
class RevisionRow:
    """Head of a revision."""

    number: int
    at: datetime
    who: str
    action: str


@dataclass(frozen=True)
class AuditEntry:
    """One thing that somebody did."""

    number: int
    at: datetime
    who: str
    action: str
    target: str
    params: Mapping[str, JSON]


async def read_state(db: Database) -> StoredState:
    """Read revision and objects in one statement: they belong to the same commit."""
    rows = await db.fetch_all(
        "SELECT head.number, head.at_us, o.kind, o.id, o.document"
        " FROM (SELECT coalesce(max(number), 0) AS number, max(at_us) AS at_us FROM config_revision"
        "       WHERE number = (SELECT max(number) FROM config_revision)) AS head"
        " LEFT JOIN config_object AS o ON true ORDER BY o.position"
    )
    head = rows[0]
    documents = {(row["kind"], row["id"]): _load(row["document"]) for row in rows if row["kind"] is not None}
    return StoredState(head["number"], None if head["at_us"] is None else from_us(head["at_us"]), documents)


def write_revision(
    tx: sqlite3.Connection, changes: Sequence[Change], *, base: int, at: datetime, who: str, action: str
) -> int:
    """Store changes as the revision after `base`, with its line in the audit log.

    Raises:
        RevisionMoved: `base` is not the last revision any more; nothing was written.
    """
    last = tx.execute("SELECT coalesce(max(number), 0) FROM config_revision").fetchone()[0]
    if last != base:
        raise RevisionMoved("config_revision_moved", base=base, last=last)
    number = base + 1
    tx.execute("INSERT INTO config_revision VALUES (?, ?, ?, ?)", (number, to_us(at), who, action))
    for change in changes:
        _write_object(tx, change, number)
        tx.execute(
            "INSERT INTO config_change VALUES (?, ?, ?, ?, ?)",
            (number, change.kind, change.id, _dump(change.before), _dump(change.after)),
        )
    params: dict[str, JSON] = {"revision": number, "objects": [f"{each.kind} {each.id}" for each in changes]}
    insert_audit(tx, at=at, who=who, action=f"config.{action}", target="config", params=params)
    return number


def _write_object(tx: sqlite3.Connection, change: Change, revision: int) -> None:
    if change.after is None:
        tx.execute("DELETE FROM config_object WHERE kind = ? AND id = ?", (change.kind, change.id))
        return
    tx.execute(
        "INSERT INTO config_object (kind, id, position, document, revision)"
        " VALUES (?, ?, (SELECT coalesce(max(position), 0) + 1 FROM config_object), ?, ?)"
        " ON CONFLICT (kind, id) DO UPDATE SET document = excluded.document, revision = excluded.revision",
        (change.kind, change.id, _dump(change.after), revision),
    )


async def read_revisions(
    db: Database, *, kind: str | None, object_id: str | None, before: int | None, limit: int
) -> list[RevisionRow]:
    """Read heads, newest first; of one kind or object where asked."""
    rows = await db.fetch_all(
        "SELECT number, at_us, who, action FROM config_revision AS r"
        " WHERE (?1 IS NULL OR number < ?1) AND (?2 IS NULL OR EXISTS"
        " (SELECT 1 FROM config_change AS c WHERE c.revision = r.number AND c.kind = ?2"
        "  AND (?3 IS NULL OR c.id = ?3))) ORDER BY number DESC LIMIT ?4",
        (before, kind, object_id, limit),
    )
    return [RevisionRow(row["number"], from_us(row["at_us"]), row["who"], row["action"]) for row in rows]


async def read_changes(db: Database, *, first: int, last: int) -> list[tuple[int, Change]]:
    """Read the changes of revisions `first` to `last`, oldest first."""
    rows = await db.fetch_all(
        "SELECT revision, kind, id, before, after FROM config_change"
        " WHERE revision BETWEEN ? AND ? ORDER BY revision, kind, id",
        (first, last),
    )
    return [
        (
            row["revision"],
            Change(row["kind"], row["id"], _load_or_none(row["before"]), _load_or_none(row["after"])),
        )
        for row in rows
    ]


def insert_audit(
    tx: sqlite3.Connection, *, at: datetime, who: str, action: str, target: str, params: Mapping[str, JSON]
) -> None:
    """Append one line to the audit log."""
    tx.execute(
        "INSERT INTO audit (at_us, who, action, target, params) VALUES (?, ?, ?, ?, ?)",
        (to_us(at), who, action, target, _dump(params)),
    )


async def read_audit(db: Database, *, before: int | None, limit: int) -> list[AuditEntry]:
    """Read the audit log, newest first."""
    rows = await db.fetch_all(
        "SELECT number, at_us, who, action, target, params FROM audit"
        " WHERE (?1 IS NULL OR number < ?1) ORDER BY number DESC LIMIT ?2",
        (before, limit),
    )
    return [
        AuditEntry(
            row["number"],
            from_us(row["at_us"]),
            row["who"],
            row["action"],
            row["target"],
            _load(row["params"]),
        )
        for row in rows
    ]


def _dump(document: Document | None) -> str | None:
    return None if document is None else json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _load(text: str) -> dict[str, JSON]:
    loaded: dict[str, JSON] = json.loads(text)
    return loaded


def _load_or_none(text: str | None) -> dict[str, JSON] | None:
    return None if text is None else _load(text)

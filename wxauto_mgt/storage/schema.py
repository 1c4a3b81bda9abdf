"""Numbered migrations from package files, and bringing a database up to the newest one. Holds no table.

A migration is `storage/migrations/<kind>/NNNN_name.sql`; its number becomes the database's `user_version`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from wxauto_mgt.errors import BugError
from wxauto_mgt.runtime.platform import restrict_to_owner
from wxauto_mgt.storage.connection import APPLICATION_IDS, Kind


@dataclass(frozen=True)
class Migration:
    """One step of a schema, its statements in order."""

    number: int
    name: str
    statements: tuple[str, ...]


def load_migrations(kind: Kind) -> tuple[Migration, ...]:
    """All migrations of a kind of database that this version ships, by number.

    Raises:
        BugError: a name without a number, a number used twice, or text that is not complete statements.
    """
    folder = resources.files("wxauto_mgt.storage") / "migrations" / kind
    migrations: dict[int, Migration] = {}
    for file in folder.iterdir():
        if not file.name.endswith(".sql"):
            continue
        number_text, _, name = file.name.removesuffix(".sql").partition("_")
        if not number_text.isdigit():
            raise BugError("migration_without_number", file=file.name)
        number = int(number_text)
        if number in migrations:
            raise BugError("migration_number_taken", file=file.name, other=migrations[number].name)
        migrations[number] = Migration(number, name, split_statements(file.read_text(encoding="utf-8")))
    return tuple(migrations[number] for number in sorted(migrations))


def newest_version(migrations: Sequence[Migration]) -> int:
    """The version that a database has after all of them."""
    return migrations[-1].number if migrations else 0


def split_statements(script: str) -> tuple[str, ...]:
    """Cut a script into statements; triggers and quoted semicolons stay whole.

    `executescript` cannot be used: it commits the transaction that a migration runs in.

    Raises:
        BugError: the last statement is not ended by a semicolon.
    """
    statements = []
    pending = ""
    *pieces, last = script.split(";")
    for piece in pieces:
        pending += piece + ";"
        if sqlite3.complete_statement(pending):
            statements.append(pending.strip())
            pending = ""
    rest = "\n".join(line for line in (pending + last).splitlines() if not line.lstrip().startswith("--"))
    if rest.strip():
        raise BugError("migration_incomplete", rest=rest.strip()[:80])
    return tuple(statements)


def migrate(
    connection: sqlite3.Connection, kind: Kind, migrations: Sequence[Migration], *, backup_path: Path
) -> None:
    """Apply what the database lacks, each migration in its own transaction; a failing one leaves no trace.

    A database that holds something is copied to `backup_path` first. Safe beside another process that does
    the same at this moment.

    Raises:
        sqlite3.Error: a statement failed.
        BugError: a migration broke a foreign key.
    """
    version = _user_version(connection)
    missing = [migration for migration in migrations if migration.number > version]
    if not missing:
        return
    if version > 0:
        back_up(connection, backup_path)
    # Off while tables are rebuilt; checked before each commit. It cannot be changed inside a transaction.
    connection.execute("PRAGMA foreign_keys=OFF")
    try:
        for migration in missing:
            _apply(connection, kind, migration)
    finally:
        connection.execute("PRAGMA foreign_keys=ON")


def back_up(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the database, consistent while others write; replaces an older copy only once complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # Its own name, because another process may do the same; owner-only before the first byte is in it.
    partial = target.with_name(f"{target.name}.{uuid.uuid4().hex[:8]}.partial")
    partial.touch(mode=0o600)
    try:
        restrict_to_owner(partial)
        with contextlib.closing(sqlite3.connect(partial)) as copy:
            connection.backup(copy)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _apply(connection: sqlite3.Connection, kind: Kind, migration: Migration) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _user_version(connection) >= migration.number:
            connection.execute("ROLLBACK")  # another process was faster
            return
        for statement in migration.statements:
            connection.execute(statement)
        _check_foreign_keys(connection, migration)
        connection.execute(f"PRAGMA application_id={APPLICATION_IDS[kind]}")
        connection.execute(f"PRAGMA user_version={migration.number}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _check_foreign_keys(connection: sqlite3.Connection, migration: Migration) -> None:
    broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise BugError("migration_breaks_foreign_key", migration=migration.number, table=broken[0])


def _user_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])

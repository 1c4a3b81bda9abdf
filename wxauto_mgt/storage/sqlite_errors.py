"""Translates the sqlite3 module's exceptions into the product's tree, at the one boundary to it."""

from __future__ import annotations

import sqlite3

from wxauto_mgt.errors import BugError, ConsoleError, DatabaseCorrupt, Fact, StorageError

_PRIMARY_CODE_MASK = 0xFF
"""Extended result codes carry the primary one in their low byte."""

_CODES = {
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_BUSY: "database_locked",
    sqlite3.SQLITE_LOCKED: "database_locked",
    sqlite3.SQLITE_READONLY: "database_read_only",
    sqlite3.SQLITE_PERM: "database_read_only",
    sqlite3.SQLITE_CANTOPEN: "database_cannot_open",
    sqlite3.SQLITE_IOERR: "database_failed",
    sqlite3.SQLITE_NOMEM: "database_failed",
    sqlite3.SQLITE_PROTOCOL: "database_failed",
    sqlite3.SQLITE_INTERRUPT: "database_failed",
}


def translate(error: sqlite3.Error, **facts: Fact) -> ConsoleError:
    """The product's error for a sqlite3 one: what an operator can understand, else a bug of ours.

    SQLite's own message goes along only as the cause: it may quote a statement.
    """
    primary = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE_MASK
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return DatabaseCorrupt("database_corrupt", **facts, sqlite=name)
    if primary in _CODES:
        return StorageError(_CODES[primary], **facts, sqlite=name)
    if isinstance(error, sqlite3.DatabaseError) and type(error) is sqlite3.DatabaseError:
        return StorageError("database_failed", **facts, sqlite=name)
    return BugError("statement_failed", **facts, sqlite=name)

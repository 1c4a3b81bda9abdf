from __future__ import annotations

import sqlite3

import pytest

from wxauto_mgt.errors import BugError, ConsoleError, DatabaseCorrupt, StorageError
from wxauto_mgt.storage.sqlite_errors import translate


def _all_exceptions(base: type[sqlite3.Error]) -> list[type[sqlite3.Error]]:
    return [base, *(found for child in base.__subclasses__() for found in _all_exceptions(child))]


def _error(cls: type[sqlite3.Error], code: int, name: str) -> sqlite3.Error:
    error = cls("secret text of a statement")
    error.sqlite_errorcode = code
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize("cls", _all_exceptions(sqlite3.Error))
def test_every_exception_of_the_library_has_a_place_in_our_tree(cls: type[sqlite3.Error]) -> None:
    translated = translate(cls("secret text of a statement"))
    assert isinstance(translated, (StorageError, BugError))
    assert "secret" not in str(translated)


@pytest.mark.parametrize("name", [n for n in vars(sqlite3) if n.startswith("SQLITE_IOERR")])
def test_every_kind_of_failed_disk_access_is_the_operators_business(name: str) -> None:
    error = _error(sqlite3.OperationalError, getattr(sqlite3, name), name)
    assert translate(error).code == "database_failed"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SQLITE_FULL", "disk_full"),
        ("SQLITE_BUSY", "database_locked"),
        ("SQLITE_BUSY_SNAPSHOT", "database_locked"),
        ("SQLITE_LOCKED", "database_locked"),
        ("SQLITE_READONLY_DBMOVED", "database_read_only"),
        ("SQLITE_CANTOPEN", "database_cannot_open"),
        ("SQLITE_CORRUPT_VTAB", "database_corrupt"),
        ("SQLITE_NOTADB", "database_corrupt"),
    ],
)
def test_causes_that_an_operator_can_mend_have_their_own_code(name: str, code: str) -> None:
    translated = translate(_error(sqlite3.OperationalError, getattr(sqlite3, name), name))
    assert translated.code == code
    assert translated.facts["sqlite"] == name
    assert isinstance(translated, StorageError)
    assert isinstance(translated, DatabaseCorrupt) == (code == "database_corrupt")


def test_a_wrong_statement_is_a_bug_of_ours() -> None:
    connection = sqlite3.connect(":memory:")
    translated: ConsoleError | None = None
    try:
        connection.execute("SELECT * FROM nowhere")
    except sqlite3.Error as error:
        translated = translate(error)
    finally:
        connection.close()
    assert isinstance(translated, BugError)

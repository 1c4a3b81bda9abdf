"""The SQL of the checks, and the only place for it: for our own database and for foreign ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from wxauto_mgt.storage.database import Database

if TYPE_CHECKING:
    import asyncpg

_WRITE: Final = (
    "INSERT INTO check_probe (id, at_us) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at_us = excluded.at_us"
)
_READ: Final = "SELECT at_us FROM check_probe"

# Asks only what every account may know; counts of `pg_stat_activity` would need rights.
_SERVER_FIGURES: Final = """
    SELECT current_setting('server_version') AS version,
           pg_is_in_recovery() AS in_recovery,
           (SELECT sum(numbackends) FROM pg_stat_database)::int AS connections,
           current_setting('max_connections')::int AS connections_at_most
"""
_TABLES: Final = "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
_EXAMINE: Final = "PRAGMA quick_check(1)"
_FINDING_CHARS: Final = 200
_STEPS_BETWEEN_LOOKS: Final = 10_000  # some ten thousand a millisecond


async def write_probe(db: Database, at_us: int) -> None:
    """Commit an instant.

    Raises:
        StorageError, StorageOverloaded: it was not committed.
    """

    def job(tx: sqlite3.Connection) -> None:
        tx.execute(_WRITE, (at_us,))

    await db.run(job)


async def read_probe(db: Database) -> int | None:
    """Return the instant that was committed last.

    Raises:
        StorageError: it cannot be read.
    """
    row = await db.fetch_one(_READ)
    return None if row is None else int(row["at_us"])


@dataclass(frozen=True)
class ServerFigures:
    """What a PostgreSQL server says of itself.

    Attributes:
        is_in_recovery: it is a replica, or is being restored; it takes no writes.
    """

    version: str
    is_in_recovery: bool
    connections: int
    connections_at_most: int


async def postgresql_figures(connection: asyncpg.Connection) -> ServerFigures:
    """Ask a PostgreSQL server.

    Raises:
        asyncpg.PostgresError, asyncpg.InterfaceError, OSError: no answer.
    """
    row = await connection.fetchrow(_SERVER_FIGURES)
    if row is None:
        return ServerFigures("", False, 0, 0)
    return ServerFigures(
        version=row["version"],
        is_in_recovery=row["in_recovery"],
        connections=row["connections"] or 0,
        connections_at_most=row["connections_at_most"],
    )


def count_tables(connection: sqlite3.Connection) -> int:
    """Read a foreign file's schema. Blocks.

    Raises:
        sqlite3.Error: it is locked, damaged or no database.
    """
    return int(connection.execute(_TABLES).fetchone()[0])


def quick_check(connection: sqlite3.Connection, *, is_over: Callable[[], bool]) -> str | None:
    """Examine a foreign file: empty when it is whole, else the first finding. Blocks for as long as it takes.

    Args:
        is_over: asked now and then; when it says yes the examination is broken off, and None returned.

    Raises:
        sqlite3.Error: it is locked, damaged or no database.
    """
    connection.set_progress_handler(is_over, _STEPS_BETWEEN_LOOKS)
    try:
        finding = str(connection.execute(_EXAMINE).fetchone()[0])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    return "" if finding == "ok" else finding[:_FINDING_CHARS]


@dataclass(frozen=True)
class Canary:
    """The newest canary of an instance.

    Attributes:
        token: stands in its text, and in no other.
        after_message_id: the newest message when it was sent; its echo has a higher id.
        answer: what the server said, `accepted` or `unknown`; None while it was not heard, or never will be.
    """

    instance_id: str
    token: str
    chat: str
    sent_at_us: int
    after_message_id: int
    answer: str | None = None


@dataclass(frozen=True)
class Echo:
    """The row as which a canary came back."""

    chat: str
    is_own: bool
    received_at_us: int


async def canary_of(db: Database, instance_id: str) -> Canary | None:
    """Return the newest canary of an instance.

    Raises:
        StorageError: it cannot be read.
    """
    row = await db.fetch_one(
        """
        SELECT instance_id, token, chat, sent_at_us, after_message_id, answer FROM canary
        WHERE instance_id = ?
        """,
        (instance_id,),
    )
    return None if row is None else Canary(**dict(row))


def claim_canary(
    tx: sqlite3.Connection, *, instance_id: str, token: str, chat: str, replaces: str | None, now_us: int
) -> Canary | None:
    """Write down a canary that is to be sent; None when another one replaced `replaces` meanwhile."""
    newest: int = tx.execute("SELECT coalesce(max(id), 0) FROM message").fetchone()[0]
    done = tx.execute(
        """
        INSERT INTO canary (instance_id, token, chat, sent_at_us, after_message_id, answer)
        VALUES (?1, ?2, ?3, ?4, ?5, NULL)
        ON CONFLICT (instance_id) DO UPDATE SET token = ?2, chat = ?3, sent_at_us = ?4, after_message_id = ?5,
               answer = NULL
        WHERE canary.token IS ?6
        """,
        (instance_id, token, chat, now_us, newest, replaces),
    )
    return Canary(instance_id, token, chat, now_us, newest) if done.rowcount else None


def note_canary_answer(tx: sqlite3.Connection, token: str, answer: str) -> None:
    """Write down what the server said to a canary."""
    tx.execute("UPDATE canary SET answer = ? WHERE token = ?", (answer, token))


def take_canary_back(tx: sqlite3.Connection, token: str, before: Canary | None) -> None:
    """A canary was provably not sent: the one before it is the newest again."""
    if before is None:
        tx.execute("DELETE FROM canary WHERE token = ?", (token,))
        return
    tx.execute(
        """
        UPDATE canary SET token = ?, chat = ?, sent_at_us = ?, after_message_id = ?, answer = ?
        WHERE token = ?
        """,
        (before.token, before.chat, before.sent_at_us, before.after_message_id, before.answer, token),
    )


async def echo_of(db: Database, canary: Canary) -> Echo | None:
    """Return the first row in which a canary came back, whoever is said to have written it.

    Raises:
        StorageError: it cannot be read.
    """
    row = await db.fetch_one(
        """
        SELECT c.name, m.origin, m.received_at_us FROM message m JOIN chat c ON c.id = m.chat_id
        WHERE m.instance_id = ? AND m.id > ? AND instr(m.content, ?) > 0 ORDER BY m.id LIMIT 1
        """,
        (canary.instance_id, canary.after_message_id, canary.token),
    )
    return None if row is None else Echo(row["name"], row["origin"] == "own", row["received_at_us"])

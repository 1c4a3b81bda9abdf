"""The SQL of tokens. The only place for it; holds digests, never values."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from wxauto_mgt.core.access.model import ApiToken, Scope
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import from_us, to_us


@dataclass(frozen=True)
class StoredToken:
    """A token with the SHA-256 of its value."""

    token: ApiToken
    digest: bytes


async def read_tokens(db: Database) -> list[StoredToken]:
    """Read all tokens, by name."""
    rows = await db.fetch_all("SELECT * FROM api_token ORDER BY name")
    return [
        StoredToken(
            ApiToken(
                name=row["name"],
                prefix=row["prefix"],
                scope=Scope(row["scope"]),
                created_at=from_us(row["created_at_us"]),
                created_by=row["created_by"],
                expires_at=None if row["expires_at_us"] is None else from_us(row["expires_at_us"]),
                last_used_at=None if row["last_used_at_us"] is None else from_us(row["last_used_at_us"]),
            ),
            row["digest"],
        )
        for row in rows
    ]


def insert_token(tx: sqlite3.Connection, stored: StoredToken) -> None:
    """Keep a new token."""
    token = stored.token
    tx.execute(
        "INSERT INTO api_token (name, prefix, digest, scope, created_at_us, created_by, expires_at_us)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            token.name,
            token.prefix,
            stored.digest,
            token.scope.value,
            to_us(token.created_at),
            token.created_by,
            None if token.expires_at is None else to_us(token.expires_at),
        ),
    )


def delete_token(tx: sqlite3.Connection, name: str) -> None:
    """Forget a token."""
    tx.execute("DELETE FROM api_token WHERE name = ?", (name,))


def note_uses(tx: sqlite3.Connection, last_used: Mapping[str, datetime]) -> None:
    """Write when tokens were used last."""
    tx.executemany(
        "UPDATE api_token SET last_used_at_us = ? WHERE name = ?",
        [(to_us(at), name) for name, at in last_used.items()],
    )

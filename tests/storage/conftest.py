"""A small schema of their own for the engine's tests, so that they do not depend on the slices' tables."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from wxauto_mgt.storage import database
from wxauto_mgt.storage.connection import Kind
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.schema import Migration, split_statements

BASE = "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"

UseSchema = Callable[..., None]
Open = Callable[[Path], "OpenDatabase"]


class OpenDatabase:
    """`async with` around `Database.open`, so that a failing test closes too."""

    def __init__(self, path: Path, kind: Kind = "console") -> None:
        self._path = path
        self._kind = kind

    async def __aenter__(self) -> Database:
        self._database = await Database.open(
            self._path, kind=self._kind, synchronous="FULL", backup_dir=self._path.parent / "backups"
        )
        return self._database

    async def __aexit__(self, *_: object) -> None:
        await self._database.close()


@pytest.fixture
def use_schema(monkeypatch: pytest.MonkeyPatch) -> UseSchema:
    """Replace the shipped migrations by scripts, numbered from 1."""

    def use(*scripts: str) -> None:
        migrations = tuple(
            Migration(number, f"m{number}", split_statements(script))
            for number, script in enumerate(scripts, start=1)
        )

        def load(_kind: Kind) -> tuple[Migration, ...]:
            return migrations

        monkeypatch.setattr(database, "load_migrations", load)

    use(BASE)
    return use


@pytest.fixture
async def items(tmp_path: Path, use_schema: UseSchema) -> AsyncIterator[Database]:
    """A database with the one table `item`."""
    async with OpenDatabase(tmp_path / "console.db") as database:
        yield database

"""How every connection of the product is set up, and the numbers that tell our files apart."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Literal

Kind = Literal["console", "telemetry"]
Synchronous = Literal["FULL", "NORMAL"]

APPLICATION_IDS: dict[Kind, int] = {"console": 0x57584D31, "telemetry": 0x57584D32}  # "WXM1", "WXM2"

BUSY_TIMEOUT_MS = 5000
"""How long a statement waits for another process (an import beside a running console)."""


def connect(path: Path, synchronous: Synchronous) -> sqlite3.Connection:
    """Open for reading and writing, transactions begun by hand; creates the file. For one thread."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA foreign_keys=ON")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_readonly(path: Path, *, immutable: bool = False) -> sqlite3.Connection:
    """Open an existing file for reading only.

    Args:
        immutable: take no lock and create no `-wal` or `-shm` beside it; only while nobody writes the file.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro" + ("&immutable=1" if immutable else "")
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000)
    connection.row_factory = sqlite3.Row
    return connection

"""Physical limits, measured: what SQLite, loopback HTTP and the event loop do with nothing of ours around.

Each benchmark calls these in the same run, on the same disk, with the same rows and the same replies.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp

_LISTEN_GET: Final = "/api/message/listen/get"


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def single_row_commits(folder: Path, *, commits: int) -> list[float]:
    """Seconds of each commit of one small row, `synchronous=FULL`."""
    durations = []
    with closing(_connect(folder / "commits.db")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS fact (id INTEGER PRIMARY KEY, text TEXT)")
        for number in range(commits):
            started_s = time.perf_counter()
            connection.execute("INSERT INTO fact (text) VALUES (?)", (f"row {number}",))
            durations.append(time.perf_counter() - started_s)
    return durations


def insert_rows(folder: Path, source: Path, *, group: int, limit: int) -> tuple[int, float]:
    """Insert the messages of a database into an equally indexed table without triggers, in groups.

    Returns:
        Rows, and the seconds that inserting and committing took.
    """
    with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as reader:
        schema = [
            str(sql)
            for (sql,) in reader.execute(
                "SELECT sql FROM sqlite_schema WHERE tbl_name = 'message' AND type IN ('table', 'index')"
                " AND sql IS NOT NULL ORDER BY type DESC"
            )
        ]
        rows = reader.execute("SELECT * FROM message LIMIT ?", (limit,)).fetchall()
    target = folder / "rows.db"
    target.unlink(missing_ok=True)
    with closing(_connect(target)) as connection:
        for sql in schema:
            connection.execute(sql)
        insert = f"INSERT INTO message VALUES ({', '.join('?' * len(rows[0]))})"
        started_s = time.perf_counter()
        for first in range(0, len(rows), group):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(insert, rows[first : first + group])
            connection.execute("COMMIT")
        return len(rows), time.perf_counter() - started_s


def grouped_count(path: Path) -> tuple[int, float]:
    """Count the messages of each chat over the index that covers the question; chats and seconds."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        started_s = time.perf_counter()
        counts = connection.execute(
            "SELECT chat_id, count(*) FROM message INDEXED BY message_by_chat GROUP BY chat_id"
        ).fetchall()
        return len(counts), time.perf_counter() - started_s


async def read_replies(urls: Sequence[str]) -> tuple[int, float]:
    """Read every reply with a bare aiohttp client, one connection per call, and decode its JSON.

    Returns:
        Rows, and the seconds until the last instance had nothing more.
    """

    async def drain(session: aiohttp.ClientSession, url: str) -> int:
        rows = 0
        while True:
            async with session.get(url + _LISTEN_GET) as response:
                found = _rows_in(await response.read())
            if not found:
                return rows
            rows += found

    started_s = time.perf_counter()
    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    async with aiohttp.ClientSession(connector=connector, headers={"X-API-Key": "bench"}) as session:
        rows = sum(await asyncio.gather(*(drain(session, url) for url in urls)))
    return rows, time.perf_counter() - started_s


async def read_replies_bare(urls: Sequence[str]) -> tuple[int, float]:
    """The same without an HTTP library: asyncio streams, the answer cut at its first blank line."""

    async def drain(url: str) -> int:
        parts = urlsplit(url)
        rows = 0
        while True:
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(f"GET {_LISTEN_GET} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
            answer = await reader.read(-1)
            writer.close()
            found = _rows_in(answer.partition(b"\r\n\r\n")[2])
            if not found:
                return rows
            rows += found

    started_s = time.perf_counter()
    rows = sum(await asyncio.gather(*(drain(url) for url in urls)))
    return rows, time.perf_counter() - started_s


def _rows_in(body: bytes) -> int:
    messages: dict[str, list[object]] = json.loads(body)["data"]["messages"]
    return sum(len(rows) for rows in messages.values())

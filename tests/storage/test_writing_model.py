"""Random jobs, some failing, in random company: what is stored equals what a plain list would hold."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from hypothesis import given, settings
from hypothesis import strategies as st

from wxauto_mgt.storage.writer import Writer


class End(Enum):
    FINE = auto()
    RAISES = auto()
    CONSTRAINT = auto()
    STATEMENT = auto()
    SAVEPOINT = auto()


@dataclass(frozen=True)
class Job:
    values: tuple[int, ...]
    end: End
    pauses: bool
    """Whether the caller lets the writer run before it queues the next job; decides how jobs are grouped."""


JOBS = st.lists(
    st.builds(
        Job,
        values=st.lists(st.integers(0, 9), max_size=3).map(tuple),
        end=st.sampled_from(End),
        pauses=st.booleans(),
    ),
    max_size=25,
)


def run(job: Job) -> Callable[[sqlite3.Connection], int]:
    def write(tx: sqlite3.Connection) -> int:
        for value in job.values:
            tx.execute("INSERT INTO log (value) VALUES (?)", (value,))
        if job.end is End.RAISES:
            raise LookupError
        if job.end is End.CONSTRAINT:
            tx.execute("INSERT INTO log (value) VALUES (NULL)")
        if job.end is End.STATEMENT:
            tx.execute("INSERT INTO nowhere VALUES (1)")
        if job.end is End.SAVEPOINT:  # a store may nest its own
            tx.execute("SAVEPOINT inner_job")
            tx.execute("INSERT INTO log (value) VALUES (100)")
            tx.execute("ROLLBACK TO inner_job")
            tx.execute("RELEASE inner_job")
        return len(job.values)

    return write


def connect() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE log (id INTEGER PRIMARY KEY, value INTEGER NOT NULL) STRICT")
    return connection


def stored(tx: sqlite3.Connection) -> list[int]:
    return [row[0] for row in tx.execute("SELECT value FROM log ORDER BY id")]


@settings(max_examples=60)
@given(JOBS)
async def test_the_table_holds_exactly_the_jobs_that_did_not_fail(jobs: list[Job]) -> None:
    writer = Writer(name="model", connect=connect, closed=lambda: None)
    await writer.start()
    waiting = []
    for job in jobs:
        waiting.append(asyncio.ensure_future(writer.run(run(job))))
        if job.pauses:
            await asyncio.wait(waiting[-1:])
    results = await asyncio.gather(*waiting, return_exceptions=True)
    content = await writer.run(stored)
    await writer.close()

    fine = [job for job in jobs if job.end in (End.FINE, End.SAVEPOINT)]
    assert content == [value for job in fine for value in job.values]
    for job, result in zip(jobs, results, strict=True):
        if job in fine:
            assert result == len(job.values)
        else:
            assert isinstance(result, Exception)

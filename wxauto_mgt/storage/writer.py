"""The one writer of a database: a thread with raw sqlite3 that runs waiting jobs in grouped commits.

Knows no table. Owned by `Database`; used from one event loop's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from wxauto_mgt.errors import BugError, ConsoleError, StorageError, StorageOverloaded
from wxauto_mgt.storage.sqlite_errors import translate

logger = logging.getLogger(__name__)

T = TypeVar("T")

MAX_GROUP = 500
"""Jobs per commit at most: keeps the first ones from waiting for ever; more per commit measured no faster."""
MAX_PENDING = 20_000
"""Jobs waiting at most; whoever comes then gets StorageOverloaded and must slow down."""


@dataclass
class _Request:
    """A job and its waiter. The outcome is written by the writer thread, read by the loop afterwards."""

    job: Callable[[sqlite3.Connection], Any]
    waiter: asyncio.Future[Any]
    in_transaction: bool
    result: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        if self.waiter.done():
            return  # the waiter was cancelled; the job was committed all the same
        if self.error is not None:
            self.waiter.set_exception(self.error)
        else:
            self.waiter.set_result(self.result)


class Writer:
    """Runs jobs one after the other; those that wait together share one transaction.

    Args:
        connect: called on the writer's thread; what it raises, `start` raises.
        closed: called on the writer's thread after its connection was closed.
    """

    def __init__(
        self,
        *,
        name: str,
        connect: Callable[[], sqlite3.Connection],
        closed: Callable[[], None],
        max_pending: int = MAX_PENDING,
    ) -> None:
        self._connect = connect
        self._closed = closed
        self._max_pending = max_pending
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._pending = 0
        self._closing = False
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        # A daemon: a process that ends without closing must not hang here; WAL survives a death in a commit.
        self._thread = threading.Thread(target=self._work, name=f"writer {name}", daemon=True)

    async def start(self) -> None:
        """Open the connection; returns when jobs can run."""
        self._thread.start()
        try:
            await asyncio.shield(self._ready)
        except asyncio.CancelledError:
            self._requests.put(None)
            raise
        except Exception:
            self._thread.join()
            raise

    async def run(self, job: Callable[[sqlite3.Connection], T], *, in_transaction: bool = True) -> T:
        """Queue a job and wait until it is committed; see `Database.run`."""
        if self._closing:
            raise StorageError("database_closed")
        if self._pending >= self._max_pending:
            raise StorageOverloaded("storage_overloaded", pending=self._pending)
        waiter: asyncio.Future[T] = self._loop.create_future()
        self._pending += 1
        self._requests.put(_Request(job, waiter, in_transaction))
        return await waiter

    async def close(self) -> None:
        """Run what is queued, close the connection, end the thread. Later jobs are refused."""
        if not self._closing:
            self._closing = True
            self._requests.put(None)
        await asyncio.shield(self._ended)
        self._thread.join()

    def _work(self) -> None:
        try:
            connection = self._connect()
        except Exception as error:  # noqa: BLE001 - raised again by start()
            self._call_loop(_fail, self._ready, error)
            return
        self._call_loop(_succeed, self._ready)
        try:
            while (group := self._next_group()) is not None:
                _execute(connection, group)
                self._call_loop(self._settle, group)
        finally:
            connection.close()
            self._closed()
            self._call_loop(_succeed, self._ended)

    def _next_group(self) -> list[_Request] | None:
        """Wait for a job, then take along what else is waiting; None at the end."""
        first = self._requests.get()
        if first is None:
            return None
        group = [first]
        with contextlib.suppress(queue.Empty):
            while len(group) < MAX_GROUP:
                request = self._requests.get_nowait()
                if request is None:
                    self._requests.put(None)  # close is the last to enqueue, so the end stays the end
                    break
                group.append(request)
        return group

    def _settle(self, group: Sequence[_Request]) -> None:
        self._pending -= len(group)
        for request in group:
            request.settle()

    def _call_loop(self, callback: Callable[..., None], *args: object) -> None:
        """One wake-up of the loop per group. A loop that is gone has nobody waiting."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *args)


def _succeed(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _fail(future: asyncio.Future[None], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _execute(connection: sqlite3.Connection, group: Sequence[_Request]) -> None:
    """Fill in the outcome of each request."""
    for request in group:
        if not request.in_transaction:
            _call(connection, request)
    waiting = [request for request in group if request.in_transaction]
    while waiting:
        tried = _run_transaction(connection, waiting)
        waiting = waiting[tried:]


def _run_transaction(connection: sqlite3.Connection, group: Sequence[_Request]) -> int:
    """Run jobs in one transaction and commit it.

    Returns:
        How many of the group have an outcome: all, unless a job's failure ended the transaction early.
    """
    tried = 0
    try:
        connection.execute("BEGIN IMMEDIATE")
        for request in group:
            tried += 1
            _run_in_savepoint(connection, request)
            if not connection.in_transaction:
                # SQLite rolled everything back (disk full, I/O error), or the job ended the transaction.
                _fail_all(group[:tried], request.error)
                return tried
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        with contextlib.suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        _fail_all(group, error)
    return len(group)


def _run_in_savepoint(connection: sqlite3.Connection, request: _Request) -> None:
    connection.execute("SAVEPOINT job")
    _call(connection, request)
    if not connection.in_transaction:
        request.error = request.error or BugError("job_ended_transaction")
        return
    if request.error is not None:
        connection.execute("ROLLBACK TO job")
    connection.execute("RELEASE job")


def _call(connection: sqlite3.Connection, request: _Request) -> None:
    try:
        request.result = request.job(connection)
    except sqlite3.IntegrityError as error:
        request.error = error  # a store's business: it knows what the constraint means
    except sqlite3.Error as error:
        request.error = _chained(translate(error), error)
    except StopIteration as error:
        request.error = _chained(BugError("job_raised_stop_iteration"), error)  # futures refuse to carry it
    except Exception as error:  # noqa: BLE001 - raised again in the job's caller
        request.error = error


def _fail_all(group: Sequence[_Request], error: BaseException | None) -> None:
    """Nothing of the group was stored. Jobs that failed by themselves keep their own error."""
    for request in group:
        if request.error is None:
            request.result = None
            request.error = _chained(_group_error(error), error)


def _group_error(error: BaseException | None) -> ConsoleError:
    if isinstance(error, sqlite3.Error):
        error = translate(error)
    if isinstance(error, StorageError):
        return type(error)(error.code, **error.facts)
    return StorageError("database_failed")


def _chained(error: ConsoleError, cause: BaseException | None) -> ConsoleError:
    error.__cause__ = cause
    return error

"""Sees to it that every batch that was read is committed, and that nothing is read while commits fail.

Owns the batches that could not be committed; shared by all instances. Intake does the committing.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from wxauto_mgt.core.instances.episodes import Episodes
from wxauto_mgt.core.wire import ReadBatch
from wxauto_mgt.errors import ConsoleError, StorageError, StorageOverloaded
from wxauto_mgt.runtime.alarm import Alarm
from wxauto_mgt.runtime.backoff import Backoff
from wxauto_mgt.runtime.supervisor import Beat

_log = logging.getLogger(__name__)

COMMIT: Final = "commit"
RETRY: Final = Backoff(base_s=0.5, cap_s=10.0)
_LOOKS_EVERY_S: Final = 1.0


async def _nothing() -> str | None:
    return None


class BatchIntake(Protocol):
    """Normalises, identifies and commits one whole reply."""

    async def commit(self, batch: ReadBatch) -> object:
        """Return after the commit.

        Raises:
            StorageError, StorageOverloaded: nothing of it was stored.
        """


class BatchCommitter:
    """Commits batches; keeps in order what cannot be committed and says so.

    Args:
        on_block: told the cause when commits begin to fail, and None when they work again.
        obstacle: the code of what the next commit would fail by, as far as that can be known without one;
            reading stops before anything is read that cannot be kept.
    """

    def __init__(
        self,
        *,
        intake: BatchIntake,
        episodes: Episodes,
        on_block: Callable[[str | None], None],
        obstacle: Callable[[], Awaitable[str | None]] = _nothing,
        retry: Backoff = RETRY,
    ) -> None:
        self._intake = intake
        self._episodes = episodes
        self._on_block = on_block
        self._obstacle = obstacle
        self._retry = retry
        self._rng = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._parked: deque[ReadBatch] = deque()
        self._blocked_by: str | None = None
        self._open = asyncio.Event()
        self._open.set()
        self._retry_now = Alarm()

    @property
    def blocked_by(self) -> str | None:
        """Code of the failure that stops all reading; None when commits work."""
        return self._blocked_by

    @property
    def parked(self) -> int:
        """Batches that were read and are not committed."""
        return len(self._parked)

    async def ready(self) -> None:
        """Return once a destructive read may begin: never while a commit fails."""
        await self._open.wait()

    async def commit(self, batch: ReadBatch) -> bool:
        """Commit a batch; False when it was kept in memory for later instead. Loses nothing."""
        if self._parked:  # in order, and the disk has failed already
            self._park(batch, None)
            return False
        try:
            await self._store(batch)
        except (StorageError, StorageOverloaded) as error:
            self._park(batch, error)
            return False
        return True

    async def run(self, beat: Beat) -> None:
        """Retry what is parked, oldest first, with growing pauses, and look for obstacles ahead."""
        attempt = 0
        while True:
            beat()
            if self._parked or self._blocked_by is not None:
                attempt += 1
                await self._retry_now.wait(self._retry.delay_s(attempt, self._rng))
                await self._flush()
            else:
                attempt = 0
                await self._look_ahead()
                await self._retry_now.wait(_LOOKS_EVERY_S)

    async def settle(self, timeout_s: float) -> int:
        """Retry at once and wait until nothing is parked; returns how many batches still are."""
        if not self._parked:
            return 0
        self._retry_now.ring()
        try:
            async with asyncio.timeout(timeout_s):
                await self._open.wait()
        except TimeoutError:
            pass
        return len(self._parked)

    async def _flush(self) -> None:
        while self._parked:
            try:
                await self._store(self._parked[0])
            except (StorageError, StorageOverloaded) as error:
                self._block(error)
                return
            self._parked.popleft()
        if await self._look_ahead():
            self._unblock()

    async def _look_ahead(self) -> bool:
        """Stop reading where the next commit would fail; True where it would not."""
        cause = await self._obstacle()
        if cause is not None:
            self._block(StorageError(cause))
        return cause is None and not self._parked

    async def _store(self, batch: ReadBatch) -> None:
        try:
            await self._intake.commit(batch)
        except (StorageError, StorageOverloaded):
            raise
        except Exception:  # noqa: BLE001 - what was read exists nowhere else, whatever is wrong with it
            _log.exception("intake refused a batch", extra={"instance_id": batch.instance_id})
            await self._store_raw(batch)

    async def _store_raw(self, batch: ReadBatch) -> None:
        try:
            await self._intake.commit(_raw(batch))
        except (StorageError, StorageOverloaded):
            raise
        except Exception as error:
            raise StorageError("intake_refused", instance_id=batch.instance_id) from error

    def _park(self, batch: ReadBatch, error: ConsoleError | None) -> None:
        self._parked.append(batch)
        self._retry_now.ring()
        if error is not None:
            self._block(error)

    def _block(self, error: ConsoleError) -> None:
        self._episodes.failed(COMMIT, error)
        self._open.clear()
        if self._blocked_by != error.code:
            self._blocked_by = error.code
            self._on_block(error.code)

    def _unblock(self) -> None:
        self._open.set()
        if self._blocked_by is not None:
            self._blocked_by = None
            self._episodes.worked(COMMIT)
            self._on_block(None)


def _raw(batch: ReadBatch) -> ReadBatch:
    """The same rows as bytes that nobody has to understand."""
    lines = [f"[{json.dumps(chat.name)},[{','.join(row.raw for row in chat.rows)}]]" for chat in batch.chats]
    body = "\n".join(lines).encode() + (batch.unreadable or b"")
    return dataclasses.replace(batch, chats=(), unreadable=body, unreadable_reason="intake_refused")

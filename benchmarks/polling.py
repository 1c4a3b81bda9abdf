"""The product's way from a server to the database, assembled for measuring.

One poller per instance, over its listened windows. Each pauses until woken: a round begins at a known moment.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from wxauto_mgt.core.config.notifier import ConfigNotifier
from wxauto_mgt.core.instances.episodes import Episodes
from wxauto_mgt.core.instances.model import InstanceConfig
from wxauto_mgt.core.instances.registry import InstanceRegistry, InstanceTimings
from wxauto_mgt.core.listening.activity import Activity
from wxauto_mgt.core.listening.committer import BatchCommitter
from wxauto_mgt.core.listening.intake import Intake
from wxauto_mgt.core.listening.poller import Poller
from wxauto_mgt.core.wire import CallRecord, Channel, ErrorCleared, ErrorReport, ReadBatch
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.runtime.supervisor import LoopFailure, Supervisor
from wxauto_mgt.storage.database import Database

_UNTIL_WOKEN_S: Final = 3600.0


class WentWrong(Exception):
    """Something failed during a measurement; its figure would mean nothing."""


class Polling:
    """Twenty pollers at rest. `read` and `round` set them to work."""

    def __init__(self, *, db: Database, pollers: Sequence[Poller], failures: list[object]) -> None:
        self.db = db
        self._pollers = pollers
        self._missing = 0
        self._complete = asyncio.Event()
        self._failures = failures

    def batch_committed(self, batch: ReadBatch) -> None:
        """Called by the pollers."""
        self._missing -= sum(len(chat.rows) for chat in batch.chats)
        if self._missing <= 0:
            self._complete.set()

    async def read(self, rows: int, *, timeout_s: float = 120.0) -> None:
        """Wake all pollers; return once `rows` rows are committed."""
        self._missing = rows
        self._complete.clear()
        for poller in self._pollers:
            poller.wake()
        async with asyncio.timeout(timeout_s):
            await self._complete.wait()
        self.check()

    async def round(self, others: Sequence[int], *, timeout_s: float = 30.0) -> None:
        """Wake all pollers; return once each of `others` has read until its server had nothing more."""
        for poller in self._pollers:
            poller.wake()
        found = await asyncio.gather(*(self._pollers[n].drain(timeout_s=timeout_s) for n in others))
        if not all(found):
            raise WentWrong("a poller did not complete its round")

    def check(self) -> None:
        """Raise what failed meanwhile."""
        if self._failures:
            raise WentWrong(self._failures)


@asynccontextmanager
async def polling(folder: Path, urls: Sequence[str]) -> AsyncIterator[Polling]:
    """Open a console database in `folder` and one poller for each server."""
    clock, bus, notifier = SystemClock(), EventBus(), ConfigNotifier()
    failures: list[object] = []

    def note_crash(failure: LoopFailure) -> None:
        failures.append(failure)

    def note_error(report: ErrorReport | ErrorCleared) -> None:
        failures.append(report)

    def ignore_call(_record: CallRecord) -> None:
        pass

    async with AsyncExitStack() as opened:
        db = await Database.open(
            folder / "console.db", kind="console", synchronous="FULL", backup_dir=folder / "backups"
        )
        opened.push_async_callback(db.close)
        supervisor = Supervisor(clock=clock, on_failure=note_crash)
        registry = InstanceRegistry(
            configs={config.id: config for config in map(_config, range(len(urls)), urls)},
            notifier=notifier,
            timings=InstanceTimings(
                read_timeout_s=lambda: 60.0,
                send_timeout_s=lambda: 60.0,
                ui_quarantine_s=lambda: 60.0,
                probe_interval_s=lambda: 5.0,
            ),
            clock=clock,
            bus=bus,
            supervisor=supervisor,
            on_call=ignore_call,
            on_error=note_error,
        )
        opened.push_async_callback(registry.close, timeout_s=0.0)
        opened.push_async_callback(supervisor.stop)
        intake = Intake(
            db=db,
            run_id=uuid.uuid4().hex,
            bus=bus,
            faults=FaultPoints(None),
            answer_suspected_replays=lambda: False,
        )
        committer = BatchCommitter(
            intake=intake,
            episodes=Episodes(instance_id=None, clock=clock, on_error=note_error),
            on_block=failures.append,
        )
        pollers: list[Poller] = []
        running = Polling(db=db, pollers=pollers, failures=failures)
        for instance in registry.all():
            poller = Poller(
                instance=instance,
                channel=Channel.WINDOW,
                committer=committer,
                activity=Activity(),
                interval_s=lambda: _UNTIL_WOKEN_S,
                may_read=lambda: True,
                on_batch=running.batch_committed,
            )
            pollers.append(poller)
            supervisor.start(f"poll:{instance.id}", poller.run, stalled_after_s=float("inf"))
        await running.round(range(len(pollers)))  # the first, which finds nothing
        yield running


def _config(number: int, url: str) -> InstanceConfig:
    return InstanceConfig.model_validate(
        {"id": f"pc{number:02d}", "base_url": url, "api_key": "bench", "rate_limit_per_minute": 0}
    )

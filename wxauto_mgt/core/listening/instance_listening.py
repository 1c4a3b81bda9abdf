"""All that listens on one instance: two pollers, the probe, the keeper, and their loops.

Lives as long as the instance object, across pause and resume. MessageListener starts and stops it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wxauto_mgt.core.instances.instance import Instance
from wxauto_mgt.core.listening.activity import Activity
from wxauto_mgt.core.listening.committer import BatchCommitter
from wxauto_mgt.core.listening.keeper import KeeperTimings, ListenerKeeper
from wxauto_mgt.core.listening.listener_book import ListenerBook, ListenerPauses
from wxauto_mgt.core.listening.model import ListenerKind
from wxauto_mgt.core.listening.poller import Poller
from wxauto_mgt.core.listening.probe import ROUND_S, Probe
from wxauto_mgt.core.listening.settings import ListeningSettings
from wxauto_mgt.core.wire import Channel, ReadBatch
from wxauto_mgt.runtime.backoff import Backoff
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.supervisor import Supervisor
from wxauto_mgt.storage.database import Database

LOOPS = "listener"


@dataclass(frozen=True)
class ListeningTimings:
    """Judgement calls, in seconds; tests shorten them.

    Attributes:
        stop_grace_s: how long reads in flight may go on after a stop or pause.
    """

    stop_grace_s: float = 4.0
    probe_round_s: float = ROUND_S
    keeper: KeeperTimings = field(default_factory=KeeperTimings)
    listeners: ListenerPauses = field(default_factory=ListenerPauses)
    crash_backoff: Backoff | None = None


class InstanceListening:
    """The listening of one instance.

    Args:
        permanent: the configured listeners of this instance; asked in each round of upkeep.
    """

    def __init__(
        self,
        *,
        instance: Instance,
        committer: BatchCommitter,
        settings: Callable[[], ListeningSettings],
        permanent: Callable[[], Mapping[str, ListenerKind]],
        supervisor: Supervisor,
        clock: Clock,
        bus: EventBus,
        db: Database,
        timings: ListeningTimings,
    ) -> None:
        self.instance = instance
        self._supervisor = supervisor
        self._timings = timings
        self.activity = Activity()
        self.book = ListenerBook(
            instance=instance,
            db=db,
            bus=bus,
            clock=clock,
            settings=settings,
            on_work=self._work_came,
            pauses=timings.listeners,
        )
        self._window = Poller(
            instance=instance,
            channel=Channel.WINDOW,
            committer=committer,
            activity=self.activity,
            interval_s=lambda: settings().poll_interval_s,
            may_read=lambda: True,
            on_batch=self.book.batch_read,
        )
        self._main = Poller(
            instance=instance,
            channel=Channel.MAIN,
            committer=committer,
            activity=self.activity,
            interval_s=lambda: settings().main_poll_interval_s,
            may_read=self._is_initialized,
            on_batch=self._main_batch_read,
        )
        self._probe = Probe(
            instance=instance,
            activity=self.activity,
            clock=clock,
            interval_s=lambda: settings().probe_interval_s,
            is_initialized=self._is_initialized,
            on_restart=self._server_restarted,
            on_recovery=self.wake,
            round_s=timings.probe_round_s,
        )
        self._keeper = ListenerKeeper(
            instance=instance,
            book=self.book,
            activity=self.activity,
            clock=clock,
            permanent=permanent,
            drain=self._window.drain,
            on_initialized=self._main.wake,
            on_opened=self._main.wake,
            timings=timings.keeper,
        )

    def start(self) -> None:
        """Start the loops. After our own start nothing is taken for granted: initialise and verify all."""
        self.activity.resume()
        self.instance.liveness.suspend()
        self.book.forget_proofs()
        loops = {
            "window": self._window.run,
            "main": self._main.run,
            "probe": self._probe.run,
            "sessions": self._probe.run_sessions,
            "keeper": self._keeper.run,
        }
        for name, run in loops.items():
            # Each waits for things that take as long as they take (gate, quarantine, budget); a call that
            # hangs is seen by liveness.
            self._supervisor.start(
                f"{self.name}:{name}", run, stalled_after_s=math.inf, backoff=self._timings.crash_backoff
            )

    @property
    def name(self) -> str:
        """Prefix of the names of its loops."""
        return f"{LOOPS}:{self.instance.id}"

    def halt(self) -> None:
        """From now on no call begins."""
        self.activity.halt()

    async def stop(self, timeout_s: float) -> tuple[str, ...]:
        """End the loops, halted before; returns the calls that had to be abandoned."""
        abandoned = await self.activity.wait_idle(timeout_s)
        await self._supervisor.stop(self.name, timeout_s=1.0)
        self.instance.liveness.suspend()
        return abandoned

    def wake(self) -> None:
        """Something changed for the better, or in the configuration: look now."""
        self._window.wake()
        self._main.wake()
        self._keeper.wake()

    def verify_again(self) -> None:
        """Take no listener for granted any more, and look now."""
        self.book.forget_proofs()
        self._keeper.wake()

    def _is_initialized(self) -> bool:
        return self.instance.liveness.state().initialized is True

    def _work_came(self) -> None:
        self._keeper.wake()

    def _main_batch_read(self, batch: ReadBatch) -> None:
        rows = sum(len(chat.rows) for chat in batch.chats)
        if rows:
            self.instance.liveness.main_rows_seen(rows)
        self.book.batch_read(batch)

    def _server_restarted(self) -> None:
        self.instance.gate.reopen()
        self.verify_again()

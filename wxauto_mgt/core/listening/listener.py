"""The listening service: starts, stops, pauses and shows the listening of all instances.

Owns no protocol and no rows; one `InstanceListening` per instance does the work, beside the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from wxauto_mgt.core.config.model import SETTINGS, Delete, Edit, Snapshot
from wxauto_mgt.core.config.notifier import ConfigChanged, ConfigNotifier
from wxauto_mgt.core.instances.episodes import Episodes, ErrorSink
from wxauto_mgt.core.instances.instance import Instance, InstanceAdded, InstanceAdjusted, InstanceRemoved
from wxauto_mgt.core.instances.registry import InstanceRegistry
from wxauto_mgt.core.listening.committer import BatchCommitter, BatchIntake
from wxauto_mgt.core.listening.instance_listening import InstanceListening, ListeningTimings
from wxauto_mgt.core.listening.model import (
    LISTENER,
    ListenerConfig,
    ListenerKind,
    ListenerServiceChanged,
    ListenerStatus,
    listener_id,
    permanent_listeners,
)
from wxauto_mgt.core.listening.settings import LISTENING, ListeningSettings
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.supervisor import Supervisor
from wxauto_mgt.storage.database import Database

_log = logging.getLogger(__name__)

COMMIT_LOOP: Final = "listening_commit"
SWAP_TASK: Final = "listening_swap"


class ConfigSource(Protocol):
    """What listening needs of the configuration service."""

    @property
    def snapshot(self) -> Snapshot:
        """The configuration in force."""
        ...

    async def apply(self, edits: Sequence[Edit], *, who: str) -> int:
        """Change it; returns the new revision."""
        ...


class Phase(StrEnum):
    """What the operator asked for."""

    STOPPED = "stopped"
    RUNNING = "running"
    PAUSED = "paused"


@dataclass(frozen=True)
class ListeningStatus:
    """The service at one moment.

    Attributes:
        running: polls and probes are under way; false while paused.
        blocked_by: code of the storage failure because of which nothing is read, if any.
        unsaved_batches: batches that were read and wait in memory for the storage.
        abandoned: calls that the last stop or pause had to cut off.
        abandoned_total: since this object was made.
    """

    running: bool
    paused: bool
    started_at: datetime | None
    blocked_by: str | None
    unsaved_batches: int
    abandoned: tuple[str, ...]
    abandoned_total: int


class MessageListener:
    """Listens on all enabled instances. Make it on the event loop; start it; stop it in the end.

    Args:
        obstacle: the code of what the next commit would fail by, as far as that is known without one.
    """

    def __init__(
        self,
        *,
        registry: InstanceRegistry,
        intake: BatchIntake,
        supervisor: Supervisor,
        bus: EventBus,
        config: ConfigSource,
        notifier: ConfigNotifier,
        clock: Clock,
        db: Database,
        on_error: ErrorSink,
        obstacle: Callable[[], Awaitable[str | None]],
        timings: ListeningTimings | None = None,
    ) -> None:
        self._registry = registry
        self._supervisor = supervisor
        self._bus = bus
        self._config = config
        self._clock = clock
        self._db = db
        self._timings = timings or ListeningTimings()
        self._phase = Phase.STOPPED
        self._is_ending = False
        self._started_at: datetime | None = None
        self._abandoned: tuple[str, ...] = ()
        self._abandoned_total = 0
        self._changing = asyncio.Lock()
        self._episodes = Episodes(instance_id=None, clock=clock, on_error=on_error)
        self._committer = BatchCommitter(
            intake=intake,
            episodes=self._episodes,
            on_block=lambda _cause: self._announce(),
            obstacle=obstacle,
        )
        self._parts: dict[Instance, InstanceListening] = {}
        self._unsubscribe: tuple[Callable[[], None], ...] = (
            bus.subscribe(InstanceAdded, lambda _event: self._instances_changed()),
            bus.subscribe(InstanceRemoved, self._instance_removed),
            bus.subscribe(InstanceAdjusted, self._instance_adjusted),
            notifier.subscribe(self._config_changed, kinds=(LISTENER, SETTINGS)),
        )

    @property
    def status(self) -> ListeningStatus:
        """The service now."""
        return ListeningStatus(
            running=self._phase is Phase.RUNNING,
            paused=self._phase is Phase.PAUSED,
            started_at=self._started_at,
            blocked_by=self._committer.blocked_by,
            unsaved_batches=self._committer.parked,
            abandoned=self._abandoned,
            abandoned_total=self._abandoned_total,
        )

    @property
    def may_call(self) -> bool:
        """Whether calls may begin: not from the moment of a stop or pause, whose end `status` waits for."""
        return self._phase is Phase.RUNNING and not self._is_ending

    def listeners(self) -> tuple[ListenerStatus, ...]:
        """All listeners of enabled instances, in order of the instances."""
        by_instance = {part.instance: part for part in self._parts.values()}
        parts = (by_instance.get(instance) for instance in self._registry.all())
        return tuple(status for part in parts if part is not None for status in part.book.statuses())

    async def start(self) -> None:
        """Begin to listen on all enabled instances; nothing happens when it already does."""
        async with self._changing:
            if self._phase is Phase.STOPPED:
                self._started_at = self._clock.now()
                self._begin()

    async def stop(self) -> tuple[str, ...]:
        """End listening for good; returns the calls that had to be abandoned. Always ends."""
        async with self._changing:
            abandoned = await self._end() if self._phase is Phase.RUNNING else ()
            self._started_at = None
            self._set_phase(Phase.STOPPED)
            return abandoned

    async def pause(self) -> tuple[str, ...]:
        """End listening until `resume`; returns the calls that had to be abandoned."""
        async with self._changing:
            if self._phase is not Phase.RUNNING:
                return ()
            abandoned = await self._end()
            self._set_phase(Phase.PAUSED)
            return abandoned

    async def resume(self) -> None:
        """Go on after a pause; nothing happens without one."""
        async with self._changing:
            if self._phase is Phase.PAUSED:
                self._begin()

    async def restart(self) -> tuple[str, ...]:
        """Stop and start; returns the calls that had to be abandoned."""
        abandoned = await self.stop()
        await self.start()
        return abandoned

    async def close(self) -> None:
        """Stop, and hear of nothing any more."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        await self._supervisor.stop(SWAP_TASK)
        await self.stop()
        self._episodes.close()

    async def remove(self, instance_id: str, who: str, *, by: str) -> bool:
        """Listen to a chat no more; an automatic one comes back with the chat's next message.

        Returns:
            False when there is no such listener, or it is configured for all instances at once.

        Raises:
            ConfigError: the configuration refused.
        """
        key = listener_id(instance_id, who)
        if key in self._configured():
            await self._config.apply([Delete(LISTENER, key)], who=by)
            return True
        for instance, part in self._parts.items():
            if instance.id == instance_id and part.book.dismiss(who):
                return True
        return False

    def verify_listeners(self, instance_id: str) -> bool:
        """Have every listener of an instance verified anew; False when nothing listens there."""
        for instance, part in self._parts.items():
            if instance.id == instance_id and self._phase is Phase.RUNNING:
                part.verify_again()
                return True
        return False

    def _begin(self) -> None:
        self._is_ending = False
        self._abandoned = ()
        for instance in self._registry.all():
            self._part(instance).start()
        self._supervisor.start(COMMIT_LOOP, self._committer.run, stalled_after_s=float("inf"))
        self._set_phase(Phase.RUNNING)

    async def _end(self) -> tuple[str, ...]:
        """Halt everything, give what is in flight its time, cut off the rest."""
        self._is_ending = True
        deadline_s = self._clock.monotonic() + self._timings.stop_grace_s
        parts = tuple(self._parts.values())
        for part in parts:
            part.halt()
        abandoned: list[str] = []
        async with asyncio.TaskGroup() as ending:
            tasks = [ending.create_task(part.stop(self._timings.stop_grace_s)) for part in parts]
        for task in tasks:
            abandoned += task.result()
        left_s = max(0.0, deadline_s - self._clock.monotonic())
        if await self._committer.settle(left_s):
            _log.error(
                "stopped with batches that the storage did not take", extra={"count": self._committer.parked}
            )
        await self._supervisor.stop(COMMIT_LOOP, timeout_s=1.0)
        self._note_abandoned(abandoned)
        return tuple(abandoned)

    def _note_abandoned(self, abandoned: Sequence[str]) -> None:
        self._abandoned = tuple(abandoned)
        self._abandoned_total += len(abandoned)
        for name in abandoned:
            _log.warning("gave up a call in flight: %s", name)

    def _part(self, instance: Instance) -> InstanceListening:
        part = self._parts.get(instance)
        if part is None:
            part = self._parts[instance] = InstanceListening(
                instance=instance,
                committer=self._committer,
                settings=self._settings,
                permanent=lambda: self._permanent(instance.id),
                supervisor=self._supervisor,
                clock=self._clock,
                bus=self._bus,
                db=self._db,
                timings=self._timings,
            )
        return part

    def _settings(self) -> ListeningSettings:
        settings: ListeningSettings = self._config.snapshot.settings(LISTENING)
        return settings

    def _configured(self) -> Mapping[str, ListenerConfig]:
        return self._config.snapshot.objects(LISTENER)

    def _permanent(self, instance_id: str) -> Mapping[str, ListenerKind]:
        return permanent_listeners(self._configured().values(), instance_id)

    def _instance_removed(self, event: InstanceRemoved) -> None:
        part = self._parts.get(event.instance)
        if part is not None:
            part.halt()  # at once: no call to the old server begins after the edit
        self._instances_changed()

    def _instances_changed(self) -> None:
        self._supervisor.spawn(SWAP_TASK, self._follow_registry())

    async def _follow_registry(self) -> None:
        """End what is gone, begin what is new. The old one ends first: they may share id and rows."""
        async with self._changing:
            current = set(self._registry.all())
            gone = [part for instance, part in self._parts.items() if instance not in current]
            async with asyncio.TaskGroup() as ending:
                tasks = [ending.create_task(part.stop(self._timings.stop_grace_s)) for part in gone]
            self._note_abandoned([name for task in tasks for name in task.result()])
            for part in gone:
                del self._parts[part.instance]
            if self._phase is Phase.RUNNING:
                for instance in self._registry.all():
                    if instance not in self._parts:
                        self._part(instance).start()

    def _instance_adjusted(self, event: InstanceAdjusted) -> None:
        part = self._parts.get(event.instance)
        if part is not None:
            part.wake()

    def _config_changed(self, change: ConfigChanged) -> None:
        if change.kind == LISTENER or change.id == LISTENING:
            for part in self._parts.values():
                part.wake()

    def _set_phase(self, phase: Phase) -> None:
        self._phase = phase
        self._announce()

    def _announce(self) -> None:
        status = self.status
        self._bus.publish(ListenerServiceChanged(status.running, status.paused, status.blocked_by))

"""All processes that the console runs for its services, in step with the configuration.

Owns which there are, finds those that a killed console left, and measures them. Interfaces and repairs ask;
the composition root starts and closes it.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from wxauto_mgt.core.metrics.model import Sample, SeriesKey, label_set
from wxauto_mgt.core.recovery.processes.managed_process import ManagedProcess, ProcessDeps
from wxauto_mgt.core.recovery.processes.model import (
    NOT_MEASURED,
    ProcessChanged,
    ProcessSpec,
    ProcessState,
    ProcessStatus,
    ProcessTimings,
    TreeUsage,
)
from wxauto_mgt.core.recovery.processes.output import LINES_KEPT
from wxauto_mgt.core.recovery.processes.running_tree import RunningTree
from wxauto_mgt.core.recovery.processes.store import Launch, ProcessStore
from wxauto_mgt.core.recovery.processes.usage import UsageReader
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.alarm import Alarm
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.supervisor import Beat, Supervisor
from wxauto_mgt.storage.database import Database

_log = logging.getLogger(__name__)

DEFAULT_TIMINGS: Final = ProcessTimings()
PROCESSES: Final = "processes"
LOOPS: Final = "process"
PROCESS_RUNNING: Final = "process_running"
PROCESS_CPU: Final = "process_cpu_usage"
PROCESS_MEMORY: Final = "process_memory_usage"
PROCESS_RESTARTS: Final = "process_restarts"
_UNWANTED_END_WITHIN_S: Final = 5.0  # nobody knows any more how long it was configured to take


class ManagedProcesses:
    """The processes of one application. Use it on the loop's thread.

    Args:
        wanted: what is configured now, by service; asked after each `refresh`.
        environment: of the console; processes get it without what is meant for the console alone.
    """

    def __init__(
        self,
        *,
        wanted: Callable[[], Mapping[str, ProcessSpec]],
        environment: Mapping[str, str],
        db: Database,
        clock: Clock,
        bus: EventBus,
        supervisor: Supervisor,
        redactor: Redactor,
        rng: random.Random,
        timings: ProcessTimings = DEFAULT_TIMINGS,
    ) -> None:
        self._wanted = wanted
        self._bus = bus
        self._supervisor = supervisor
        self._timings = timings
        self._store = ProcessStore(db=db)
        self._deps = ProcessDeps(
            store=self._store,
            supervisor=supervisor,
            clock=clock,
            environment=environment,
            redactor=redactor,
            rng=rng,
            timings=timings,
            on_change=lambda service, state: self._bus.publish(ProcessChanged(service, state)),
        )
        self._processes: dict[str, ManagedProcess] = {}
        self._usage_reader = UsageReader()
        self._usage: Mapping[str, TreeUsage] = {}
        self._found_again = asyncio.Event()
        self._is_closing = False
        self._changed = Alarm()

    def refresh(self, _event: object = None) -> None:
        """Look again at what is configured."""
        self._changed.ring()

    async def run(self, beat: Beat) -> None:
        """Find what is left, then keep in step with the configuration and measure, until cancelled."""
        if not self._found_again.is_set():
            await self._find_again()
            self._found_again.set()
        while True:
            beat()
            await self._match_wanted()
            await self._measure()
            await self._changed.wait(self._timings.usage_every_s)

    def status(self) -> tuple[ProcessStatus, ...]:
        """Return all processes, by service."""
        return tuple(self._status(process) for _, process in sorted(self._processes.items()))

    def status_of(self, service: str) -> ProcessStatus:
        """Return one.

        Raises:
            PermanentError: the service has no process.
        """
        return self._status(self._process(service))

    def is_stopped_by_person(self, service: str) -> bool:
        """Tell whether somebody stopped it and nobody started it since."""
        process = self._processes.get(service)
        status = process.status() if process is not None else None
        return status is not None and (status.state, status.reason_code) == (ProcessState.STOPPED, "stopped")

    def output(self, service: str, limit: int = LINES_KEPT) -> tuple[str, ...]:
        """Return the newest lines that it wrote, oldest first; at most 200 are kept.

        Raises:
            PermanentError: the service has no process.
        """
        return self._process(service).output.newest(limit)

    async def start(self, service: str) -> ProcessStatus:
        """Start it unless it runs; the status says what came of it.

        Raises:
            PermanentError: the service has no process, or the console stops.
        """
        return await (await self._ready(service)).start()

    async def stop(self, service: str) -> ProcessStatus:
        """Stop it with all it began; it stays stopped until somebody starts it, or the console starts.

        Raises:
            PermanentError: the service has no process, or the console stops.
        """
        return await (await self._ready(service)).stop()

    async def restart(self, service: str) -> ProcessStatus:
        """Stop and start it.

        Raises:
            PermanentError: the service has no process, or the console stops.
        """
        return await (await self._ready(service)).restart()

    def metrics(self) -> Iterator[Sample]:
        """Each process as metrics; what is not measured is a gap."""
        for status in self.status():
            labels = label_set({"service": status.service})
            yield Sample(SeriesKey(PROCESS_RUNNING, labels), float(status.state is ProcessState.RUNNING))
            yield Sample(SeriesKey(PROCESS_RESTARTS, labels), float(status.restarts))
            for name, value in (
                (PROCESS_CPU, status.usage.cpu_percent),
                (PROCESS_MEMORY, status.usage.memory_mb),
            ):
                if value is not None:
                    yield Sample(SeriesKey(name, labels), value)

    async def close(self) -> None:
        """Stop every process; bounded by the longest time that one may take to end."""
        self._is_closing = True
        await self._supervisor.stop(PROCESSES)
        await self._supervisor.stop(LOOPS)
        async with asyncio.TaskGroup() as group:
            for process in self._processes.values():
                group.create_task(process.close())

    async def _ready(self, service: str) -> ManagedProcess:
        await self._found_again.wait()  # what is left must be known before another one is started
        if self._is_closing:
            raise PermanentError("console_stops")
        if service not in self._processes and (spec := self._wanted().get(service)) is not None:
            return self._add(spec)  # configured this moment
        return self._process(service)

    def _process(self, service: str) -> ManagedProcess:
        process = self._processes.get(service)
        if process is None:
            raise PermanentError("process_unknown", service=service)
        return process

    def _status(self, process: ManagedProcess) -> ProcessStatus:
        return process.status(self._usage.get(process.spec.service, NOT_MEASURED))

    async def _find_again(self) -> None:
        """Take over, or end, what a killed console left."""
        wanted = self._wanted()
        for launch in await self._store.launches():
            spec = wanted.get(launch.service)
            if spec is None:
                await self._end(launch)
            elif launch.service not in self._processes:
                process = self._add(spec)
                if not await process.take_over(launch) and spec.config.autostart:
                    await process.start()

    async def _end(self, launch: Launch) -> None:
        tree = RunningTree(launch=launch, child=None)
        if await tree.is_alive():
            _log.warning(
                "%s was left running by an earlier console and is ended",
                launch.service,
                extra={"service": launch.service},
            )
        await tree.ask_to_end(_UNWANTED_END_WITHIN_S)
        if not await tree.clear_up():
            await self._store.ended(launch)

    def _add(self, spec: ProcessSpec) -> ManagedProcess:
        process = ManagedProcess(spec=spec, deps=self._deps)
        self._processes[spec.service] = process
        # Never stalled: stopping may take as long as is configured.
        self._supervisor.start(f"{LOOPS}:{spec.service}", process.watch, stalled_after_s=math.inf)
        return process

    async def _match_wanted(self) -> None:
        wanted = self._wanted()
        async with asyncio.TaskGroup() as group:  # one that is slow to end holds up no other
            for service, process in list(self._processes.items()):
                spec = wanted.get(service)
                if spec is None:
                    group.create_task(self._remove(service, process))
                elif spec != process.spec:
                    group.create_task(process.reconfigure(spec))
            for service, spec in wanted.items():
                if service not in self._processes:
                    process = self._add(spec)
                    if spec.config.autostart:
                        group.create_task(process.start())

    async def _remove(self, service: str, process: ManagedProcess) -> None:
        await process.stop()
        if process.identity is None:
            await self._supervisor.stop(f"{LOOPS}:{service}")
            del self._processes[service]

    async def _measure(self) -> None:
        roots = {
            service: process.identity
            for service, process in self._processes.items()
            if process.identity is not None
        }
        if not roots:
            self._usage = {}
            return
        self._usage = await asyncio.to_thread(self._usage_reader.read, roots)
        for service, usage in self._usage.items():
            if service in self._processes:
                self._processes[service].remember(member.identity for member in usage.members)

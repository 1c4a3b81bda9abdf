"""One service's process: starts it, sees it end, starts it again or gives up, and stops it with all it began.

Owns the state. `ManagedProcesses` keeps one for each service and finds what an earlier console left.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import random
import subprocess
import uuid
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from wxauto_mgt.core.monitoring.services.process_config import RestartPolicy
from wxauto_mgt.core.recovery.processes import launching
from wxauto_mgt.core.recovery.processes.model import (
    NOT_MEASURED,
    ProcessSpec,
    ProcessState,
    ProcessStatus,
    ProcessTimings,
    TreeUsage,
)
from wxauto_mgt.core.recovery.processes.output import ProcessOutput
from wxauto_mgt.core.recovery.processes.running_tree import RunningTree
from wxauto_mgt.core.recovery.processes.store import Launch, ProcessStore
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.errors import Fact, SecretUnreadable, StorageError, StorageOverloaded
from wxauto_mgt.runtime import process_tree
from wxauto_mgt.runtime.alarm import Alarm
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.process_tree import ProcessIdentity
from wxauto_mgt.runtime.supervisor import Beat, Supervisor

_log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class ProcessDeps:
    """What all managed processes of one application share.

    Attributes:
        environment: of the console.
        on_change: told the service whose state changed.
    """

    store: ProcessStore
    supervisor: Supervisor
    clock: Clock
    environment: Mapping[str, str]
    redactor: Redactor
    rng: random.Random
    timings: ProcessTimings
    on_change: Callable[[str, ProcessState], None]


class ManagedProcess:
    """The process of one service. Use it on the loop's thread; acts on it never overlap."""

    def __init__(self, *, spec: ProcessSpec, deps: ProcessDeps) -> None:
        self._spec = spec
        self._deps = deps
        self._timings = deps.timings
        self.output = ProcessOutput(service=spec.service, clock=deps.clock, redact=deps.redactor.redact_text)
        self._state = ProcessState.STOPPED
        self._reason: tuple[str, Mapping[str, Fact]] = ("not_started", {})
        self._tree: RunningTree | None = None
        self._started_at: datetime | None = None
        self._started_s = 0.0
        self._due_s: float | None = None
        self._quick_ends = 0
        self._put_offs = 0
        self._put_off_by = ""
        self._restarts = 0
        self._exit_code: int | None = None
        self._is_closing = False
        self._acting = asyncio.Lock()
        self._alarm = Alarm()

    @property
    def spec(self) -> ProcessSpec:
        """As it is configured now."""
        return self._spec

    @property
    def identity(self) -> ProcessIdentity | None:
        """The process that runs now."""
        return self._tree.identity if self._tree is not None else None

    def status(self, usage: TreeUsage = NOT_MEASURED) -> ProcessStatus:
        """Return everything that is known now."""
        identity = self.identity
        waits_s = None if self._due_s is None else max(0.0, self._due_s - self._deps.clock.monotonic())
        return ProcessStatus(
            service=self._spec.service,
            state=self._state,
            reason_code=self._reason[0],
            params=self._reason[1],
            pid=identity.pid if identity else None,
            is_adopted=self._tree is not None and self._tree.is_adopted,
            started_at=self._started_at if identity else None,
            exit_code=self._exit_code,
            restarts=self._restarts,
            next_start_in_s=waits_s,
            lines=self.output.count,
            usage=usage if identity else NOT_MEASURED,
        )

    def remember(self, descendants: Iterable[ProcessIdentity]) -> None:
        """Take note of descendants that were seen."""
        if self._tree is not None:
            self._tree.remember(descendants)

    async def watch(self, beat: Beat) -> None:
        """See ends and start what is due, until cancelled."""
        while True:
            beat()
            if await self._has_news():
                await self._exclusively(self._look)
            await self._alarm.wait(self._timings.looks_every_s)

    async def start(self) -> ProcessStatus:
        """Start it now unless it runs; forgets how often it ended too quickly."""
        return await self._exclusively(self._start)

    async def stop(self) -> ProcessStatus:
        """Stop it and all it began; it stays stopped until somebody starts it."""
        return await self._exclusively(self._stop)

    async def close(self) -> None:
        """Stop it for good: what is under way, such as a restart, starts nothing more."""
        self._is_closing = True
        await self.stop()

    async def restart(self) -> ProcessStatus:
        """Stop and start it."""
        return await self._exclusively(self._restart)

    async def reconfigure(self, spec: ProcessSpec) -> None:
        """Take over another configuration; what runs under the old one is restarted."""
        await self._exclusively(lambda: self._reconfigure(spec))

    async def take_over(self, launch: Launch) -> bool:
        """Go on with the process that an earlier console left, or end what is left of it.

        Returns:
            Whether it runs, as it is configured now.
        """
        return await self._exclusively(lambda: self._take_over(launch))

    async def _exclusively(self, act: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Act without overlap, and to the end, also when the caller is cancelled meanwhile."""

        async def locked() -> T:
            async with self._acting:
                return await act()

        name = f"process_act:{self._spec.service}"
        return await asyncio.shield(self._deps.supervisor.spawn(name, locked()))

    async def _has_news(self) -> bool:
        if self._tree is not None:
            return not await self._tree.is_alive()
        return self._due_s is not None and self._deps.clock.monotonic() >= self._due_s

    async def _look(self) -> None:
        if not await self._has_news():
            return  # somebody acted meanwhile
        tree = self._tree
        if tree is None:
            self._restarts += 1
            await self._begin()
        elif await self._clear_up(tree):
            if self._state is ProcessState.STOPPING:
                self._set(ProcessState.STOPPED, "stopped")
            else:
                self._ended_by_itself(tree.exit_code)

    async def _start(self) -> ProcessStatus:
        self._quick_ends = self._put_offs = 0
        if self._tree is None and not self._is_closing:
            await self._begin()
        return self.status()

    async def _stop(self) -> ProcessStatus:
        self._due_s = None
        if self._tree is not None:
            self._set(ProcessState.STOPPING, "stopping")
            await self._tree.ask_to_end(self._spec.config.stop_timeout_s)
            if not await self._clear_up(self._tree):
                return self.status()
            _log.info("%s was stopped", self._spec.service, extra=self._facts())
        self._set(ProcessState.STOPPED, "stopped")
        return self.status()

    async def _restart(self) -> ProcessStatus:
        await self._stop()
        return await self._start()

    async def _reconfigure(self, spec: ProcessSpec) -> None:
        before, self._spec = self._spec, spec
        if launching.what_runs(before.config) == launching.what_runs(spec.config):
            return
        if self._tree is not None:
            await self._restart()
        elif self._state is ProcessState.WAITING or self._state.needs_a_person:
            await self._start()

    async def _take_over(self, launch: Launch) -> bool:
        self._tree = tree = RunningTree(launch=launch, child=None)
        is_same = launch.fingerprint == launching.fingerprint(self._spec.config, launch.marker)
        if launch.identity is None or not is_same or not await tree.is_alive():
            await self._stop()
            return False
        self._started_at = datetime.fromtimestamp(launch.identity.started_at_s, UTC)
        self._started_s = self._deps.clock.monotonic()
        pid = launch.identity.pid
        words = "%s was left running by an earlier console and is taken over, pid %d"
        _log.warning(words, launch.service, pid, extra=self._facts())
        self._set(ProcessState.RUNNING, "taken_over", pid=pid)
        return True

    async def _begin(self) -> None:
        """Start the process; whatever prevents it becomes the state."""
        self._due_s = None
        self._set(ProcessState.STARTING, "starting")
        spec = self._spec
        if spec.port is not None:
            holder = await asyncio.to_thread(process_tree.holder_of_port, spec.port)
            if holder is not None:
                code = "port_held" if holder.pid is not None else "port_held_by_unknown"
                self._put_off(code, {"port": spec.port, "pid": holder.pid, "name": holder.name or "?"})
                return
        marker = uuid.uuid4().hex
        launch = Launch(spec.service, marker, launching.fingerprint(spec.config, marker))
        try:
            environment = launching.environment_of(spec.config, self._deps.environment, self._deps.redactor)
            # Noted before it is made: when the console is killed in between it is found by the marker.
            await self._deps.store.begin(launch)
        except SecretUnreadable as error:
            self._fail("variable_missing", {"variable": error.facts.get("variable")})
            return
        except (StorageError, StorageOverloaded) as error:
            self._put_off("not_noted", {"cause": error.code})
            return
        try:
            child = await asyncio.to_thread(launching.start, spec.config, environment, marker)
        except (OSError, ValueError) as error:
            await self._forget(launch)
            self._fail(*launching.why_not(error, spec.config))
            return
        await self._runs(launch, child)

    async def _runs(self, launch: Launch, child: subprocess.Popen[bytes]) -> None:
        # Nobody waited for its end yet, so the id is still this child's even if it has ended.
        identity = await asyncio.to_thread(process_tree.identity_of, child.pid)
        identity = identity or ProcessIdentity(child.pid, self._deps.clock.now().timestamp())
        self._tree = RunningTree(launch=dataclasses.replace(launch, identity=identity), child=child)
        self._tree.listen(self.output, self._alarm.ring)
        self._started_at, self._started_s = self._deps.clock.now(), self._deps.clock.monotonic()
        self._exit_code, self._put_offs, self._put_off_by = None, 0, ""
        try:
            await self._deps.store.started(launch, identity)
        except (StorageError, StorageOverloaded):
            # It is found by its marker then.
            _log.warning("the process id of %s was not stored", launch.service, extra=self._facts())
        _log.info("%s was started, pid %d", launch.service, child.pid, extra=self._facts())
        self._set(ProcessState.RUNNING, "started", pid=child.pid)

    def _ended_by_itself(self, code: int | None) -> None:
        self._exit_code = code
        reason, params = launching.why_ended(code)
        ran_s = self._deps.clock.monotonic() - self._started_s
        self._quick_ends = self._quick_ends + 1 if ran_s < self._timings.quick_s else 0
        service, policy, times = self._spec.service, self._spec.config.restart, self._quick_ends
        if policy is RestartPolicy.NEVER or (policy is RestartPolicy.ON_FAILURE and code == 0):
            _log.info("%s ended by itself, code %s", service, code, extra=self._facts())
            self._set(ProcessState.STOPPED, reason, **params)
        elif times >= self._timings.quick_ends_at_most:
            words = "%s ended %d times right after its start and waits for a person"
            _log.error(words, service, times, extra=self._facts())
            self._set(ProcessState.GAVE_UP, "crash_loop", times=times, exit_code=code)
        else:
            # A crash that repeats is said loudly once.
            level = logging.WARNING if times <= 1 and code != 0 else logging.INFO
            _log.log(level, "%s ended by itself, code %s", service, code, extra=self._facts())
            self._wait(reason, params)

    async def _clear_up(self, tree: RunningTree) -> bool:
        """End what is left and let go of it; False when something of it does not end."""
        left = await tree.clear_up()
        if left:
            if self._reason[0] != "would_not_end":
                _log.error("%s does not end, pid %d", self._spec.service, left, extra=self._facts())
            self._set(ProcessState.STOPPING, "would_not_end", pid=left)
            return False
        if not await tree.close():
            _log.error("the output of %s is still open", self._spec.service, extra=self._facts())
        self._tree = None
        await self._forget(tree.launch)
        return True

    async def _forget(self, launch: Launch) -> None:
        try:
            await self._deps.store.ended(launch)
        except (StorageError, StorageOverloaded):
            # The next console looks for it once more, in vain.
            _log.info("the end of %s was not stored", launch.service, extra=self._facts())

    def _put_off(self, code: str, params: Mapping[str, Fact]) -> None:
        """It cannot be started now: try again after a pause. A cause that repeats is said once."""
        if self._put_off_by != code:
            self._put_off_by = code
            words = "%s cannot be started now: %s (%s)"
            _log.warning(words, self._spec.service, code, _listed(params), extra=self._facts())
        self._put_offs += 1
        self._wait(code, params)

    def _wait(self, code: str, params: Mapping[str, Fact]) -> None:
        times = max(1, self._quick_ends, self._put_offs)
        pause_s = self._timings.restart.delay_s(times, self._deps.rng)
        self._due_s = self._deps.clock.monotonic() + pause_s
        self._set(ProcessState.WAITING, code, **params)

    def _fail(self, code: str, params: Mapping[str, Fact]) -> None:
        words = "%s cannot be started: %s (%s)"
        _log.error(words, self._spec.service, code, _listed(params), extra=self._facts())
        self._set(ProcessState.FAILED, code, **params)

    def _set(self, state: ProcessState, reason_code: str, **params: Fact) -> None:
        self._reason = (reason_code, params)
        if state is not self._state:
            self._state = state
            self._deps.on_change(self._spec.service, state)

    def _facts(self) -> dict[str, str]:
        return {"service": self._spec.service}


def _listed(params: Mapping[str, Fact]) -> str:
    return ", ".join(f"{name} {value}" for name, value in params.items() if value is not None)

"""Real processes, made of small Python programs, over a real database."""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Self

import psutil
import pytest

from tests.waiting import eventually
from wxauto_mgt.core.monitoring.services.process_config import ManagedProcessConfig
from wxauto_mgt.core.recovery.processes.managed_processes import PROCESSES, ManagedProcesses
from wxauto_mgt.core.recovery.processes.model import (
    ProcessChanged,
    ProcessSpec,
    ProcessState,
    ProcessStatus,
    ProcessTimings,
)
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.runtime.backoff import Backoff
from wxauto_mgt.runtime.clock import Clock, SystemClock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.supervisor import Supervisor
from wxauto_mgt.storage.database import Database

QUICK = ProcessTimings(
    restart=Backoff(base_s=0.01, cap_s=0.05), looks_every_s=0.02, quick_s=10.0, usage_every_s=0.05
)
IDLE = "import time\nprint('ready', flush=True)\nwhile True: time.sleep(60)"
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name in ("PATH", "SYSTEMROOT", "HOME", "LANG")
}


def program(text: str, *arguments: str, **fields: object) -> ManagedProcessConfig:
    """A configured process that runs a Python text."""
    document = {"command": [sys.executable, "-c", text, *arguments], "stop_timeout_s": 5.0, **fields}
    return ManagedProcessConfig.model_validate_json(json.dumps(document))


class Bench:
    """One console's managed processes."""

    def __init__(self, *, db: Database, clock: Clock | None = None, timings: ProcessTimings = QUICK) -> None:
        self.clock = clock or SystemClock()
        self.bus = EventBus()
        self.redactor = Redactor()
        self.crashes: list[object] = []
        self.supervisor = Supervisor(clock=self.clock, on_failure=self.crashes.append)
        self.specs: dict[str, ProcessSpec] = {}
        self.states: list[tuple[str, ProcessState]] = []
        self.bus.subscribe(
            ProcessChanged, lambda changed: self.states.append((changed.service, changed.state))
        )
        self.processes = ManagedProcesses(
            wanted=lambda: self.specs,
            environment=ENVIRONMENT,
            db=db,
            clock=self.clock,
            bus=self.bus,
            supervisor=self.supervisor,
            redactor=self.redactor,
            rng=random.Random(1),
            timings=timings,
        )

    async def __aenter__(self) -> Self:
        self.supervisor.start(PROCESSES, self.processes.run)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.processes.close()
        assert await self.supervisor.stop() == ()
        assert self.crashes == []

    def configure(self, service: str, config: ManagedProcessConfig, *, port: int | None = None) -> None:
        self.specs[service] = ProcessSpec(service, config, port)
        self.processes.refresh()

    def status(self, service: str = "tts") -> ProcessStatus | None:
        return {status.service: status for status in self.processes.status()}.get(service)

    def is_in(self, state: ProcessState, service: str = "tts") -> Callable[[], bool]:
        def found() -> bool:
            status = self.status(service)
            return status is not None and status.state is state

        return found

    async def until(self, state: ProcessState, service: str = "tts") -> ProcessStatus:
        await eventually(self.is_in(state, service), timeout_s=20)
        return self.processes.status_of(service)

    async def wrote(self, text: str, service: str = "tts") -> None:
        def found() -> bool:
            known = self.status(service) is not None
            return known and any(text in line for line in self.processes.output(service))

        await eventually(found, timeout_s=20)


@pytest.fixture
async def bench(db: Database) -> AsyncIterator[Bench]:
    async with Bench(db=db) as bench:
        yield bench


def lives(pid: int) -> bool:
    """Whether a process runs; one that only waits to be buried does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def pid_in(file: Path) -> int:
    """The process id that a program wrote into a file."""
    return int(await eventually(lambda: file.read_text().strip() if file.exists() else "", timeout_s=20))

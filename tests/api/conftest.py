"""One facade over a small console, with the product's own texts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.core.monitoring.fakes import FakeConsole
from tests.fakes.clock import FakeClock
from wxauto_mgt.api.answers import Answer
from wxauto_mgt.api.local_monitor_api import LocalMonitorAPI
from wxauto_mgt.core.config.model import Candidate, Snapshot
from wxauto_mgt.core.config.notifier import ConfigNotifier
from wxauto_mgt.core.metrics.calls import CallMetrics
from wxauto_mgt.core.metrics.readings import ProcessFigures
from wxauto_mgt.core.monitoring.facts import ServiceState
from wxauto_mgt.core.monitoring.service_monitor import ServiceMonitor
from wxauto_mgt.core.monitoring.store import MonitoringStore
from wxauto_mgt.errors import ConsoleError
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.supervisor import LoopStatus
from wxauto_mgt.storage.database import Database
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language


class FakeControl:
    """A listener service whose loops take a while to beat; what it does not do is set by the test."""

    def __init__(self, console: FakeConsole, clock: FakeClock) -> None:
        self._console = console
        self._clock = clock
        self.began_s: float | None = clock.monotonic()
        self.refusal: Exception | None = None
        self.is_dead = False
        self.starts_loops = True

    def loops(self) -> tuple[LoopStatus, ...]:
        if self.began_s is None:
            return ()
        age_s = self._clock.monotonic() - self.began_s
        return (LoopStatus("listening:pc1", not self.is_dead, 0, age_s, False, None),)

    async def start(self) -> None:
        await self._act(is_running=True)

    async def stop(self) -> None:
        await self._act(is_running=False)

    async def restart(self) -> None:
        await self._act(is_running=True)

    async def pause(self) -> None:
        self.began_s = None
        self._console.state = replace(self._console.state, is_running=False, is_paused=True)

    async def resume(self) -> None:
        self.began_s = self._clock.monotonic()
        self._console.state = replace(self._console.state, is_running=True, is_paused=False)

    async def _act(self, *, is_running: bool) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.began_s = self._clock.monotonic() if is_running and self.starts_loops else None
        started_at = self._clock.now() if is_running else None
        self._console.state = ServiceState(is_running, is_paused=False, started_at=started_at)


class FakeConfig:
    """The configuration in force."""

    def __init__(self) -> None:
        self.snapshot = Snapshot(7, Candidate({}, {}))
        self.refusal: ConsoleError | None = None
        self.differs = False

    async def reload(self) -> bool:
        if self.refusal is not None:
            raise self.refusal
        return self.differs


async def greet(name: str) -> Answer:
    """A call that another part of the product answers."""
    return Answer(f"hello {name}", {"count": 1})


@pytest.fixture
def console(fake_clock: FakeClock) -> FakeConsole:
    return FakeConsole(started_at=fake_clock.now())


@pytest.fixture
def control(console: FakeConsole, fake_clock: FakeClock) -> FakeControl:
    return FakeControl(console, fake_clock)


@pytest.fixture
def config() -> FakeConfig:
    return FakeConfig()


@pytest.fixture
def bus() -> EventBus:
    return EventBus()


@pytest.fixture
def calls(fake_clock: FakeClock) -> CallMetrics:
    return CallMetrics(clock=fake_clock)


@pytest.fixture
async def api(
    db: Database,
    fake_clock: FakeClock,
    bus: EventBus,
    calls: CallMetrics,
    console: FakeConsole,
    control: FakeControl,
    config: FakeConfig,
) -> AsyncIterator[LocalMonitorAPI]:
    monitor = ServiceMonitor(
        clock=fake_clock,
        bus=bus,
        notifier=ConfigNotifier(),
        facts=console,
        calls=calls,
        store=MonitoringStore(db=db),
        process=lambda: ProcessFigures(
            cpu_percent=12.5, memory_mb=150.0, thread_count=9, descriptor_count=40
        ),
    )
    await monitor.open()
    yield LocalMonitorAPI(
        monitor=monitor,
        control=control,
        listening_loops=control.loops,
        config=config,
        clock=fake_clock,
        texts=Catalogue(Language.EN),
        groups=({"greet": greet},),
    )
    await monitor.close()

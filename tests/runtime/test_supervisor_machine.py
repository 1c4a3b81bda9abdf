"""Loops that start, crash, return and are stopped in any order: the supervisor knows which are alive."""

from __future__ import annotations

import asyncio
import logging

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.fakes.clock import FakeClock
from wxauto_mgt.errors import BugError
from wxauto_mgt.runtime.backoff import Backoff
from wxauto_mgt.runtime.supervisor import Beat, LoopFailure, Supervisor

PAUSE_S = 2.0
NAMES = st.sampled_from(["poll:a", "poll:b", "poll:a:main", "work"])
PREFIXES = st.sampled_from(["poll", "poll:a", "work", "nothing", ""])


class SupervisorMachine(RuleBasedStateMachine):
    """The model: per loop, when it will run again (None = it runs now)."""

    def __init__(self) -> None:
        super().__init__()
        logging.getLogger("wxauto_mgt.runtime.supervisor").setLevel(logging.CRITICAL)
        self.loop = asyncio.new_event_loop()
        self.clock = FakeClock()
        self.failures: list[LoopFailure] = []
        self.commands: dict[str, asyncio.Queue[Exception | None]] = {}
        self.supervisor = Supervisor(clock=self.clock, on_failure=self.failures.append)
        self.waiting_until_s: dict[str, float | None] = {}
        self.crashes = 0

    def advance(self, delta_s: float) -> None:
        self.loop.run_until_complete(self.clock.advance(delta_s))
        for name, until_s in self.waiting_until_s.items():
            if until_s is not None and until_s <= self.clock.monotonic():
                self.waiting_until_s[name] = None

    @rule(name=NAMES)
    def start(self, name: str) -> None:
        commands: asyncio.Queue[Exception | None] = asyncio.Queue()

        async def run(_beat: Beat) -> None:
            error = await commands.get()
            if error is not None:
                raise error

        async def begin() -> None:
            self.supervisor.start(name, run, backoff=Backoff(PAUSE_S, PAUSE_S, jitter_ratio=0))

        if name in self.waiting_until_s:
            with pytest.raises(BugError):
                self.loop.run_until_complete(begin())
        else:
            self.loop.run_until_complete(begin())
            self.commands[name] = commands
            self.waiting_until_s[name] = None
        self.advance(0)

    @rule(name=NAMES, crashes=st.booleans())
    def end(self, name: str, crashes: bool) -> None:
        if self.waiting_until_s.get(name, 0.0) is not None:
            return  # not alive, or waiting to be restarted
        self.commands[name].put_nowait(ValueError() if crashes else None)
        if crashes:
            self.crashes += 1
            self.waiting_until_s[name] = self.clock.monotonic() + PAUSE_S
        else:
            del self.waiting_until_s[name]
        self.advance(0)

    @rule(delta_s=st.sampled_from([0.5, 1.0, 5.0]))
    def time_passes(self, delta_s: float) -> None:
        self.advance(delta_s)

    @rule(prefix=PREFIXES)
    def stop(self, prefix: str) -> None:
        assert self.loop.run_until_complete(self.supervisor.stop(prefix)) == ()
        for name in list(self.waiting_until_s):
            if not prefix or name == prefix or name.startswith(prefix + ":"):
                del self.waiting_until_s[name]

    @invariant()
    def the_supervisor_knows_what_lives(self) -> None:
        known = {status.name: status.running for status in self.supervisor.loops()}
        assert known == {name: until_s is None for name, until_s in self.waiting_until_s.items()}
        assert len(self.failures) == self.crashes

    def teardown(self) -> None:
        self.loop.run_until_complete(self.supervisor.stop())
        self.loop.close()
        logging.getLogger("wxauto_mgt.runtime.supervisor").setLevel(logging.NOTSET)


TestSupervisorAgainstModel = SupervisorMachine.TestCase
TestSupervisorAgainstModel.settings = settings(max_examples=40, stateful_step_count=30)

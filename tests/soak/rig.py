"""A whole console in this process against simulated servers, with a tap on what truly crossed the wire.

Owns setting up, traffic and healing; what must hold afterwards stands in checks.py.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from unittest.mock import patch

from tests.environment import FREE_PORT
from tests.waiting import eventually
from wxauto_mgt.app import Application
from wxauto_mgt.core.instances import routes
from wxauto_mgt.core.instances.transport import RawAnswer, Transport
from wxauto_mgt.core.listening.instance_listening import ListeningTimings
from wxauto_mgt.core.listening.keeper import KeeperTimings
from wxauto_mgt.core.listening.listener_book import ListenerPauses
from wxauto_mgt.runtime.backoff import Backoff
from wxauto_mgt.runtime.shutdown import CloseFailure
from wxauto_mgt.simulator import Family, Library, SimulatedServer, SimulatorConfig
from wxauto_mgt.simulator.answers import Answer
from wxauto_mgt.simulator.library_failures import LibraryFailures
from wxauto_mgt.simulator.openai_endpoint import RecordedRequest, ScriptedOpenAI
from wxauto_mgt.simulator.routing import Call, Route

AI_KEY: Final = "sk-planted-0f9e8d7c6b5a"
SERVER_KEY: Final = "planted-key-of-server"
MARK: Final = "机密"
"""Stands in every message, so that one found in a log gives itself away."""

READ_TIMEOUT_S: Final = 1.0
SEND_TIMEOUT_S: Final = 0.6
QUARANTINE_S: Final = 0.3
SETTINGS: Final[Mapping[str, Mapping[str, object]]] = {
    "listening": {
        "poll_interval_s": 0.02,
        "main_poll_interval_s": 0.05,
        "probe_interval_s": 0.1,
        "read_timeout_s": READ_TIMEOUT_S,
    },
    "delivery": {
        "send_timeout_s": SEND_TIMEOUT_S,
        "echo_timeout_s": 0.6,
        "ui_quarantine_s": QUARANTINE_S,
        "retry_base_s": 0.05,
        "retry_budget_s": 3.0,
    },
}
_QUICK_RETRY: Final = Backoff(base_s=0.05, cap_s=0.3)
TIMINGS: Final = ListeningTimings(
    stop_grace_s=0.5,
    probe_round_s=0.5,
    keeper=KeeperTimings(
        sweep_interval_s=0.5,
        gate_wait_s=1.0,
        drain_wait_s=0.5,
        put_off_s=0.1,
        initialize_retry=_QUICK_RETRY,
    ),
    listeners=ListenerPauses(retry_base_s=0.1, retry_cap_s=0.5),
)
_READS: Final = frozenset({routes.NEXT_NEW, routes.LISTEN_GET})
CHATS: Final = ("张三", "李四", "王五", "工作群")
_MEMBERS: Final = ("赵六", "孙七", "Time")
REPEATED: Final = ("在吗", "好的")


@dataclass(frozen=True)
class Delivered:
    """The answer to a destructive read, as it came out of the transport."""

    instance_id: str
    route: str
    status: int
    body: bytes
    is_whole: bool


@dataclass
class Upstream:
    """One simulated server and the instance that stands for it."""

    id: str
    server: SimulatedServer
    overlaps: list[str] = field(default_factory=list)
    """Calls on the desktop that met another one which we had no reason to take for ended."""
    _running: dict[int, tuple[str, float]] = field(default_factory=dict)
    _next: int = 0

    def watch_desktop(self) -> None:
        """Note overlaps, except with a call that outlived our patience and the quarantine after it."""
        runner, carry_out = self.server._runner, self.server._runner.run

        async def run(route: Route, call: Call) -> Answer | None:
            if not route.moves_ui:
                return await carry_out(route, call)
            now = asyncio.get_running_loop().time()
            on_desktop = {entry.path for entry in runner._on_desktop}
            for path, since in self._running.values():
                patience_s = SEND_TIMEOUT_S if "send" in path else READ_TIMEOUT_S
                if path in on_desktop and now - since < patience_s + QUARANTINE_S - 0.05:
                    self.overlaps.append(f"{self.id}: {call.path} met {path} after {now - since:.2f} s")
            self._next += 1
            number, self._running[self._next] = self._next, (call.path, now)
            try:
                return await carry_out(route, call)
            finally:
                self._running.pop(number, None)

        runner.run = run  # type: ignore[method-assign]

    def forget_calls(self) -> None:
        """A new console cannot know what an earlier one left running."""
        self._running.clear()

    def instance(self, **changes: object) -> dict[str, object]:
        """Its entry in a configuration document."""
        return {
            "id": self.id,
            "name": self.id,
            "base_url": self.server.base_url,
            "api_key": self.server.api_key,
            "enabled": True,
            "rate_limit_per_minute": 0,
            **changes,
        }

    def heal(self) -> None:
        """No fault is left, WeChat lives, and whatever hung is done."""
        self.server.faults.clear()
        self.server.faults.release()
        self.server.world.failures = LibraryFailures()
        if not self.server.world.is_alive or not self.server.world.is_attached:
            self.server.world.revive()
            self.server.restart()


class Rig:
    """Servers, platform and console; one seed decides their shape and the traffic."""

    def __init__(self, *, folder: Path, seed: int, servers: int = 1) -> None:
        self.folder = folder
        self.rng = random.Random(seed)
        self.upstreams = tuple(self._make_upstream(seed, number) for number in range(servers))
        self.ai = ScriptedOpenAI(api_key=AI_KEY, answer=self._answer)
        self.delivered: list[Delivered] = []
        self.stop_failures: list[CloseFailure] = []
        self.said: dict[str, int] = {}
        self.repeats = 0
        self._answers = 0
        self._messages = 0
        self._app: Application | None = None
        self._tap = patch.object(Transport, "request", _tapped(Transport.request, self.delivered))

    @property
    def app(self) -> Application:
        """The console that runs now."""
        assert self._app is not None
        return self._app

    def upstream(self, instance_id: str) -> Upstream:
        return next(upstream for upstream in self.upstreams if upstream.id == instance_id)

    async def open(self) -> None:
        """Start the servers and the first console."""
        self._tap.start()
        await self.ai.start()
        for upstream in self.upstreams:
            await upstream.server.start()
            upstream.watch_desktop()
        await self.start_console(first=True)

    async def close(self) -> None:
        """End everything, in whatever state it is."""
        try:
            if self._app is not None:
                await self.stop_console()
            for upstream in self.upstreams:
                await upstream.server.stop()
            await self.ai.stop()
        finally:
            self._tap.stop()

    async def start_console(self, *, first: bool = False) -> None:
        """A console on the folder, with the pauses of tests."""
        for upstream in self.upstreams:
            upstream.forget_calls()
        app = await Application.open(data_dir=self.folder, environment=FREE_PORT)
        app.listener._timings = TIMINGS
        self._app = app
        if first:
            await self.configure(self.document())
        await app.start()

    async def stop_console(self) -> float:
        """Stop it; returns how long that took."""
        app, self._app = self.app, None
        started_s = app.clock.monotonic()
        self.stop_failures += await app.stop(report=self.folder / "report.json")
        return app.clock.monotonic() - started_s

    async def configure(self, document: Mapping[str, object]) -> None:
        """An operator's import."""
        await self.app.config.import_document(
            json.dumps(document), filename="c.json", replace=False, who="test"
        )

    def document(self) -> dict[str, object]:
        """All servers, one platform, one rule for everything."""
        return {
            "instances": [upstream.instance() for upstream in self.upstreams],
            "platforms": [
                {
                    "id": "ai",
                    "name": "AI",
                    "type": "openai",
                    "config": {
                        "base_url": self.ai.base_url,
                        "api_key": AI_KEY,
                        "model": "m",
                        "timeout_s": 1.0,
                    },
                }
            ],
            "rules": [
                {"id": "r1", "name": "全部", "instance": "*", "chat": "*", "platforms": ["ai"], "priority": 1}
            ],
            "settings": SETTINGS,
        }

    def say(self, upstream: Upstream, *, repeats: float = 0.0) -> None:
        """Somebody writes something, mostly a text of its own."""
        chat = self.rng.choice(CHATS)
        sender = self.rng.choice(_MEMBERS) if chat == "工作群" else chat
        if self.rng.random() < repeats:
            text = self.rng.choice(REPEATED) + MARK
            self.repeats += 1
        else:
            self._messages += 1
            text = f"问题{self._messages}号 {MARK}"
            self.said[text] = self._messages
        upstream.server.world.receive(chat, sender, text)

    async def heal(self, *, within_s: float = 25.0) -> None:
        """Make everything healthy and wait until nothing is under way any more."""
        self.ai.faults.clear()
        self.ai.faults.release()
        for upstream in self.upstreams:
            upstream.heal()
        await self.app.listener.resume()
        await self.configure(self.document())
        await eventually(self.all_connected, timeout_s=within_s)
        await self.until_quiet(within_s=within_s)

    def all_connected(self) -> bool:
        states = [instance.liveness.state().connected for instance in self.app.registry.all()]
        return len(states) == len(self.upstreams) and all(states)

    async def until_quiet(self, *, within_s: float = 10.0) -> None:
        """Wait until nothing is left to read and nothing is open."""
        deadline = asyncio.get_running_loop().time() + within_s
        while not await self._is_quiet():
            assert asyncio.get_running_loop().time() < deadline, f"not quiet within {within_s} s"
            await asyncio.sleep(0.02)

    async def _is_quiet(self) -> bool:
        if any(upstream.server.world.main._unread for upstream in self.upstreams):
            return False
        if self.app.listener.status.unsaved_batches:
            return False
        open_rows = await self.app.db.fetch_one(
            """
            SELECT (SELECT count(*) FROM message WHERE state IN ('queued', 'delivering') OR echo_open = 1)
                 + (SELECT count(*) FROM reply WHERE state IN ('pending', 'sending')) AS count
            """
        )
        return open_rows is not None and open_rows["count"] == 0

    def _answer(self, request: RecordedRequest) -> str:
        # Each answer of the platform has its own number: what is sent twice shows as the same text twice.
        self._answers += 1
        return f"答{self._answers}# {request.question}"

    def _make_upstream(self, seed: int, number: int) -> Upstream:
        config = SimulatorConfig(
            seed=seed * 10 + number,
            api_key=f"{SERVER_KEY}-{number}",
            family=self.rng.choice(tuple(Family)),
            library=self.rng.choice(tuple(Library)),
            latency_s=self.rng.choice((0.0, 0.005)),
            ui_latency_s=self.rng.choice((0.0, 0.02)),
            echo_delay_s=self.rng.choice((0.02, 0.2, 0.5)),
            arrival_delay_s=self.rng.choice((0.0, 0.05)),
            queue_timeout_s=self.rng.choice((0.3, 30.0)),
            main_loses_focused=self.rng.random() < 0.2,
            replays=self.rng.random() < 0.7,
        )
        server = SimulatedServer(config)
        for chat in CHATS[:-1]:
            server.world.add_chat(chat)
        server.world.add_chat(CHATS[-1], "group", members=_MEMBERS)
        return Upstream(f"pc{number + 1}", server)


def _tapped(request: object, delivered: list[Delivered]) -> object:
    async def tapped(self: Transport, method: str, route: str, **options: object) -> RawAnswer:
        answer: RawAnswer = await request(self, method, route, **options)  # type: ignore[operator]
        if route in _READS:
            delivered.append(
                Delivered(self._instance_id, route, answer.status, answer.body, answer.broken is None)
            )
        return answer

    return tapped

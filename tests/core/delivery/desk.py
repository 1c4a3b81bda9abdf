"""A whole delivery over a real database: worker, sender and settler as the composition root wires them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

from tests.fakes.clock import FakeClock
from tests.fakes.delivery import (
    CrashingFaults,
    FakeClient,
    FakeInstances,
    FakePlatforms,
    OnceOnlyPlatform,
    Script,
    ScriptedPlatform,
    echo_script,
    fake_instance,
)
from wxauto_mgt.core.config.audit import AuditLog
from wxauto_mgt.core.delivery.recovery import Recovered, recover
from wxauto_mgt.core.delivery.sender import SENDER, ReplySender
from wxauto_mgt.core.delivery.settings import DeliverySettings
from wxauto_mgt.core.delivery.settlement import SETTLER, EchoSettler
from wxauto_mgt.core.delivery.storage_trouble import StorageTrouble
from wxauto_mgt.core.delivery.worker import WORKER, DeliveryWorker, RulesInForce
from wxauto_mgt.core.listening.intake import Intake
from wxauto_mgt.core.messages.browser import MessageBrowser
from wxauto_mgt.core.messages.history.figures import figures_of_run
from wxauto_mgt.core.platforms.contract import PluginContext
from wxauto_mgt.core.rules.matcher import RuleSet
from wxauto_mgt.core.rules.model import RuleConfig
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.core.wire import Channel, ChatRows, ErrorCleared, ErrorReport, Origin, ReadBatch, WireRow
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.supervisor import Beat, LoopFailure, Supervisor
from wxauto_mgt.storage.database import Database

SCAN_S = 0.01


def rule(**fields: object) -> RuleConfig:
    return RuleConfig.model_validate({"id": "r1", "platforms": ("p1",), **fields}, strict=False)


async def until(seen: Callable[[], Awaitable[object]], wanted: object, *, timeout_s: float = 3.0) -> None:
    """Wait until a view of the rows is as wanted; fails with the difference."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while (found := await seen()) != wanted and loop.time() < deadline:  # noqa: ASYNC110 - rows send no event
        await asyncio.sleep(0.005)
    assert found == wanted


class Desk:
    """The parts of delivery, with fakes where the network begins. A crash drops everything in memory."""

    def __init__(self, db: Database, clock: FakeClock, *, run_id: str = "run1") -> None:
        self.db = db
        self.clock = clock
        self.run_id = run_id
        self.client = FakeClient()
        self.platforms = FakePlatforms()
        self.instances = FakeInstances(fake_instance("pc1", self.client, clock))
        self.settings = DeliverySettings()
        self.rules: tuple[RuleConfig, ...] = (rule(),)
        self.is_paused = False
        self.faults = CrashingFaults()
        self.errors: list[ErrorReport | ErrorCleared] = []
        self.failures: list[LoopFailure] = []
        self.echoes: list[str] = []
        self.build()

    def build(self) -> None:
        """Everything that lives in memory only."""
        self.bus = EventBus()
        self.supervisor = Supervisor(clock=self.clock, on_failure=self.failures.append)
        self.intake = Intake(
            db=self.db,
            run_id=self.run_id,
            bus=self.bus,
            faults=self.faults,
            answer_suspected_replays=lambda: False,
        )
        audit = AuditLog(db=self.db, clock=self.clock, redactor=Redactor())
        self.browser = MessageBrowser(db=self.db, bus=self.bus, clock=self.clock, audit=audit)
        trouble = StorageTrouble(db=self.db, clock=self.clock, on_error=self.errors.append, retry_s=SCAN_S)
        self.worker = DeliveryWorker(
            db=self.db,
            run_id=self.run_id,
            clock=self.clock,
            bus=self.bus,
            supervisor=self.supervisor,
            platforms=self.platforms,
            rules=lambda: RulesInForce(RuleSet(self.rules), 7),
            settings=lambda: self.settings,
            faults=self.faults,
            on_error=self.errors.append,
            rng=random.Random(1),
            trouble=trouble,
            scan_interval_s=SCAN_S,
        )
        self.sender = ReplySender(
            db=self.db,
            clock=self.clock,
            bus=self.bus,
            supervisor=self.supervisor,
            instances=self.instances,
            settings=lambda: self.settings,
            is_paused=lambda: self.is_paused,
            faults=self.faults,
            rng=random.Random(1),
            trouble=trouble,
            scan_interval_s=SCAN_S,
        )
        self.settler = EchoSettler(
            db=self.db,
            clock=self.clock,
            bus=self.bus,
            settings=lambda: self.settings,
            on_echo=self.echoes.append,
            faults=self.faults,
            trouble=trouble,
            scan_interval_s=SCAN_S,
        )

    def start(self, *parts: str) -> None:
        """Start the loops; all of them by default."""
        loops: dict[str, Callable[[Beat], Awaitable[None]]] = {
            WORKER: self.worker.run,
            SENDER: self.sender.run,
            SETTLER: self.settler.run,
        }
        for name in parts or tuple(loops):
            self.supervisor.start(name, loops[name])

    async def stop(self) -> None:
        for name in (WORKER, SENDER, SETTLER):
            await self.supervisor.stop(name)

    async def restart(self, *, run_id: str) -> Recovered:
        """Another process over the same rows."""
        await self.supervisor.stop("")
        self.run_id = run_id
        self.build()
        return await recover(self.db, clock=self.clock)

    def open_platform(
        self,
        script: Script = echo_script,
        *,
        platform_id: str = "p1",
        once_only: bool = False,
        turns: int = 0,
    ) -> ScriptedPlatform:
        context = PluginContext(f"platform:{platform_id}", self.clock, lambda _: None, random.Random(1))
        plugin_class = OnceOnlyPlatform if once_only else ScriptedPlatform
        plugin = plugin_class(script=script, turns=turns, context=context)
        self.platforms.open(platform_id, plugin, self.clock)
        return plugin

    def window(self, chat: str = "张三", title: str | None = None) -> None:
        """Give a chat a verified listened window."""
        for instance in self.instances.all():
            instance.windows.verified(chat, title=title or chat)

    async def receive(
        self, *contents: str, chat: str = "张三", sender: str | None = None, channel_is_main: bool = False
    ) -> None:
        channel = Channel.MAIN if channel_is_main else Channel.WINDOW
        await self._read(chat, [(text, sender or chat, Origin.OTHER) for text in contents], channel)

    async def echo(self, *contents: str, chat: str = "张三") -> None:
        await self._read(chat, [(text, "self", Origin.OWN) for text in contents])

    async def _read(
        self, chat: str, rows: list[tuple[str, str, Origin]], channel: Channel = Channel.WINDOW
    ) -> None:
        now = self.clock.now()
        wire = tuple(
            WireRow(
                kind="text",
                content=content,
                sender=sender,
                sender_remark=None,
                upstream_id="",
                origin=origin,
                time_text=None,
                raw="{}",
            )
            for content, sender, origin in rows
        )
        await self.intake.commit(
            ReadBatch(
                instance_id="pc1",
                channel=channel,
                chats=(ChatRows(chat, wire),),
                received_at=now,
                requested_at=now - timedelta(milliseconds=50),
            )
        )

    async def messages(self) -> list[tuple[str, str, str | None]]:
        rows = await self.db.fetch_all(
            "SELECT content, state, reason FROM message WHERE origin = 'other' ORDER BY id"
        )
        return [(r["content"], r["state"], r["reason"]) for r in rows]

    async def replies(self) -> list[tuple[str, str]]:
        rows = await self.db.fetch_all("SELECT text, state FROM reply ORDER BY id")
        return [(r["text"], r["state"]) for r in rows]

    async def until_messages(self, *states: str) -> None:
        async def seen() -> tuple[str, ...]:
            return tuple(state for _, state, _ in await self.messages())

        await until(seen, states)

    async def until_replies(self, *states: str) -> None:
        async def seen() -> tuple[str, ...]:
            return tuple(state for _, state in await self.replies())

        await until(seen, states)

    async def until_sent(self, *texts: str) -> None:
        """Wait until these are the last texts that went out."""

        async def seen() -> list[str]:
            return self.sent[-len(texts) :]

        await until(seen, list(texts))

    async def until_step(self, step: str, message_id: int = 1) -> None:
        async def seen() -> bool:
            return step in await self.steps(message_id)

        await until(seen, wanted=True)

    async def steps(self, message_id: int = 1) -> list[str]:
        detail = await self.browser.detail(message_id)
        assert detail is not None
        return [entry.step.value for entry in detail.timeline]

    async def report(self) -> dict[str, int]:
        return (await figures_of_run(self.db, self.run_id)).report()

    @property
    def sent(self) -> list[str]:
        """Texts that truly went out, in order."""
        return [sent.text for sent in self.client.sent if sent.really]

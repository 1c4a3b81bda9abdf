"""All of notifications over one real database, a clock that stands still, a scripted configuration."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC

from tests.fakes.clock import FakeClock
from tests.waiting import eventually
from wxauto_mgt.core.config.model import JSON, Candidate, Snapshot
from wxauto_mgt.core.config.notifier import ConfigNotifier
from wxauto_mgt.core.notifications.channel_test import ChannelTest
from wxauto_mgt.core.notifications.channels.built_in import BUILT_IN
from wxauto_mgt.core.notifications.contract import Notice
from wxauto_mgt.core.notifications.dispatcher import OutboxDispatcher
from wxauto_mgt.core.notifications.model import (
    DeliveryRecord,
    Notification,
    NotificationKind,
    NotificationLevel,
)
from wxauto_mgt.core.notifications.notice_sender import NoticeSender
from wxauto_mgt.core.notifications.outbox import Outbox
from wxauto_mgt.core.notifications.registry import ChannelRegistry
from wxauto_mgt.core.notifications.section import CHANNEL, ChannelConfig, ChannelLanguage, channel_section
from wxauto_mgt.core.notifications.settings import NotificationsSettings
from wxauto_mgt.core.notifications.surfaces import CONSOLE, Surfaces
from wxauto_mgt.core.notifications.types import ChannelTypes
from wxauto_mgt.core.notifications.wording import Wording
from wxauto_mgt.errors import Problem
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.runtime.supervisor import LoopFailure, Supervisor
from wxauto_mgt.storage.database import Database
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

TYPES = ChannelTypes(BUILT_IN)
SECTION = channel_section(TYPES)
_CATALOGUES = {
    ChannelLanguage.AUTO: Catalogue(Language.EN, zone=UTC),
    ChannelLanguage.EN: Catalogue(Language.EN, zone=UTC),
    ChannelLanguage.ZH_CN: Catalogue(Language.ZH_CN, zone=UTC),
}


class Dropped(Exception):
    """The process is gone at this point."""


class Trap(FaultPoints):
    """Breaks off where a test says, as a kill would: nothing after that point happens."""

    def __init__(self) -> None:
        super().__init__(None)
        self.at: str | None = None

    def reach(self, name: str) -> None:
        if name == self.at:
            self.at = None
            raise Dropped(name)


def parsed(
    channel_id: str, type_name: str, config: Mapping[str, JSON] | None = None, **fields: JSON
) -> ChannelConfig:
    return SECTION.parse({"id": channel_id, "type": type_name, "config": dict(config or {}), **fields})


def wording() -> Wording:
    return Wording(texts=_CATALOGUES.__getitem__)


@dataclass
class PostRoom:
    """One run of the console's notifications; `again` is the next run over the same rows."""

    db: Database
    clock: FakeClock
    configs: dict[str, ChannelConfig] = field(default_factory=dict)
    settings: NotificationsSettings = field(
        default_factory=lambda: NotificationsSettings(group_interval_s=30.0, retry_base_s=10.0)
    )
    run_id: str = "run1"
    implied: tuple[str, ...] = ()
    shown: list[Notice] = field(default_factory=list)
    unreadable: dict[tuple[str, str], Problem] = field(default_factory=dict)
    failures: list[LoopFailure] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bus = EventBus()
        self.trap = Trap()
        self.notifier = ConfigNotifier()
        self.supervisor = Supervisor(clock=self.clock, on_failure=self.failures.append)
        self.surfaces = Surfaces()
        self.surfaces.attach(CONSOLE, self.shown.append)
        self.outbox = Outbox(db=self.db, clock=self.clock, bus=self.bus)
        self.registry = ChannelRegistry(
            types=TYPES,
            snapshot=lambda: Snapshot(1, Candidate({CHANNEL: self.configs}, {}), self.unreadable),
            notifier=self.notifier,
            supervisor=self.supervisor,
            clock=self.clock,
            surface=self.surfaces,
            implied=self.implied,
        )
        self.sender = NoticeSender(registry=self.registry, wording=wording())
        self.dispatcher = OutboxDispatcher(
            db=self.db,
            run_id=self.run_id,
            clock=self.clock,
            bus=self.bus,
            supervisor=self.supervisor,
            registry=self.registry,
            sender=self.sender,
            settings=lambda: self.settings,
            faults=self.trap,
            rng=random.Random(1),
            zone=UTC,
        )
        self.test = ChannelTest(db=self.db, clock=self.clock, registry=self.registry, sender=self.sender)

    async def open(self) -> PostRoom:
        await self.test.forget_interrupted()
        self.registry.start()
        return self

    async def again(self) -> PostRoom:
        """Drop everything that is not a row, as a killed process does, and begin anew."""
        await self.close()
        return await PostRoom(
            self.db, self.clock, self.configs, self.settings, f"{self.run_id}+", self.implied
        ).open()

    async def close(self) -> None:
        await self.supervisor.stop()
        await self.registry.close()

    def add(self, *configs: ChannelConfig) -> None:
        self.configs |= {config.id: config for config in configs}

    async def step(self, after_s: float = 0.0) -> None:
        """Let time pass, then work off what is due."""
        await self.clock.advance(after_s)
        await self.dispatcher.step()
        await eventually(lambda: self.dispatcher.is_idle)

    async def deliveries(self) -> list[DeliveryRecord]:
        found = await self.outbox.history(since=self.clock.now().replace(year=2000))
        return sorted(found, key=lambda record: record.id)

    async def states(self) -> list[str]:
        return [record.state.value for record in await self.deliveries()]

    def notification(
        self,
        key: str = "high_cpu_usage:1",
        *,
        kind: NotificationKind = NotificationKind.FIRING,
        level: NotificationLevel = NotificationLevel.WARNING,
        title: str = "CPU 告警",
        message: str = "CPU 超过 {threshold}",
        **labels: str,
    ) -> Notification:
        return Notification(
            key, kind, level, title, message, self.clock.now(), labels=labels, params={"threshold": 80.0}
        )

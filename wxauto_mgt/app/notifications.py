"""Builds what tells people: registry of channels, sender, dispatcher, outbox, test. The application owns one.

Brings the words in both languages, and the terminal of a console without a window.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from functools import cache
from typing import Final

from wxauto_mgt.api.notification_calls import NotificationCalls
from wxauto_mgt.app.ground import Ground
from wxauto_mgt.core.notifications.channel_test import ChannelTest
from wxauto_mgt.core.notifications.contract import Notice
from wxauto_mgt.core.notifications.dispatcher import DISPATCHER, OutboxDispatcher
from wxauto_mgt.core.notifications.handlers import NotificationHandlers
from wxauto_mgt.core.notifications.notice_sender import NoticeSender
from wxauto_mgt.core.notifications.outbox import Outbox
from wxauto_mgt.core.notifications.registry import ChannelRegistry
from wxauto_mgt.core.notifications.section import ChannelLanguage
from wxauto_mgt.core.notifications.settings import NOTIFICATIONS, NotificationsSettings
from wxauto_mgt.core.notifications.surfaces import CONSOLE, IN_APP, Surfaces
from wxauto_mgt.core.notifications.wording import Wording
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.runtime.shutdown import Stage
from wxauto_mgt.runtime.supervisor import Supervisor
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

DRAIN_S: Final = 5.0


class Notifications:
    """The services around the outbox.

    Attributes:
        outbox: whoever has something to tell writes there.
        surfaces: whoever can show something attaches here.
        channels: what is in force; `test` proves a channel.
        calls: answers of the facade.
    """

    def __init__(
        self,
        *,
        ground: Ground,
        run_id: str,
        bus: EventBus,
        supervisor: Supervisor,
        faults: FaultPoints,
        rng: random.Random,
    ) -> None:
        self._ground = ground
        self._supervisor = supervisor
        self.surfaces = Surfaces()
        self.outbox = Outbox(db=ground.db, clock=ground.clock, bus=bus)
        self.channels = ChannelRegistry(
            types=ground.plugins.channels,
            snapshot=lambda: ground.config.snapshot,
            notifier=ground.notifier,
            supervisor=supervisor,
            clock=ground.clock,
            surface=self.surfaces,
            implied=(IN_APP,),
        )
        wording = Wording(texts=_texts_of(ground))
        sender = NoticeSender(registry=self.channels, wording=wording)
        self.dispatcher = OutboxDispatcher(
            db=ground.db,
            run_id=run_id,
            clock=ground.clock,
            bus=bus,
            supervisor=supervisor,
            registry=self.channels,
            sender=sender,
            settings=self._settings,
            faults=faults,
            rng=rng,
        )
        self.test = ChannelTest(db=ground.db, clock=ground.clock, registry=self.channels, sender=sender)
        handlers = NotificationHandlers(bus=bus, supervisor=supervisor, wording=wording)
        self.calls = NotificationCalls(
            outbox=self.outbox,
            channels=self.channels,
            test=self.test,
            handlers=handlers,
            wording=wording,
            clock=ground.clock,
            texts=ground.catalogue,
        )

    async def start(self) -> None:
        """Open the channels and work off the outbox; registers its own end with the ground."""
        closing = self._ground.closing
        closing.push(Stage.CONNECTIONS, "channels", self.channels.close)
        closing.push(Stage.FINAL_WRITES, "notifications", self._stop, budget_s=2 * DRAIN_S)
        await self.test.forget_interrupted()
        self.channels.start()
        self._supervisor.start(DISPATCHER, self.dispatcher.run)

    def use_terminal(self) -> None:
        """Write notices to the terminal: what a console without a window does unless told otherwise."""
        self.surfaces.attach(CONSOLE, _write)
        self.channels.imply(CONSOLE)

    async def _stop(self) -> None:
        await self._supervisor.stop(DISPATCHER)
        await self.dispatcher.drain(DRAIN_S)

    def _settings(self) -> NotificationsSettings:
        settings: NotificationsSettings = self._ground.config.snapshot.settings(NOTIFICATIONS)
        return settings


def _texts_of(ground: Ground) -> Callable[[ChannelLanguage], Catalogue]:
    """The console's own catalogue, and the other language's once it is asked for."""

    @cache
    def texts(language: ChannelLanguage) -> Catalogue:
        if language is ChannelLanguage.AUTO or language.value == ground.catalogue.language.value:
            return ground.catalogue
        return Catalogue(Language(language.value), extra_folders=ground.plugins.channels.text_folders())

    return texts


def _write(notice: Notice) -> None:
    sys.stdout.write(notice.whole + "\n")
    sys.stdout.flush()

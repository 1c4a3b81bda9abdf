"""The way of a message: poller, intake, rows, worker, platform, sender, echo; built in that order.

Owns no rule of its own. `Application` builds it and decides when its parts begin and end.
"""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Sequence
from typing import Final

from wxauto_mgt.app.ground import Ground
from wxauto_mgt.app.rules_in_force import RulesOfSnapshot
from wxauto_mgt.core.delivery.recovery import recover
from wxauto_mgt.core.delivery.sender import SENDER, ReplySender
from wxauto_mgt.core.delivery.settings import DELIVERY, DeliverySettings
from wxauto_mgt.core.delivery.settlement import SETTLER, EchoSettler
from wxauto_mgt.core.delivery.storage_trouble import StorageTrouble
from wxauto_mgt.core.delivery.worker import WORKER, DeliveryWorker
from wxauto_mgt.core.instances.model import INSTANCE
from wxauto_mgt.core.instances.registry import InstanceRegistry, InstanceTimings
from wxauto_mgt.core.listening.disk_room import DiskRoom
from wxauto_mgt.core.listening.instance_listening import LOOPS
from wxauto_mgt.core.listening.intake import Intake
from wxauto_mgt.core.listening.listener import COMMIT_LOOP, MessageListener
from wxauto_mgt.core.listening.settings import LISTENING, ListeningSettings
from wxauto_mgt.core.messages.browser import MessageBrowser
from wxauto_mgt.core.messages.history.figures import DeliveryFigures, figures_of_run
from wxauto_mgt.core.messages.history.retention import RETENTION, MessageRetention
from wxauto_mgt.core.messages.settings import MESSAGES
from wxauto_mgt.core.platforms.registry import PlatformRegistry
from wxauto_mgt.core.platforms.section import PLATFORM
from wxauto_mgt.core.wire import CallRecord
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.runtime.supervisor import LoopStatus, Supervisor

_log = logging.getLogger(__name__)

DRAIN_S: Final = 6.0


class MessagePath:
    """The services that a message passes, by their names."""

    def __init__(
        self,
        *,
        ground: Ground,
        run_id: str,
        bus: EventBus,
        supervisor: Supervisor,
        faults: FaultPoints,
        on_call: Callable[[CallRecord], None],
        rng: random.Random,
    ) -> None:
        self._ground = ground
        self._run_id = run_id
        self._supervisor = supervisor
        self.registry = InstanceRegistry(
            configs=ground.config.snapshot.objects(INSTANCE),
            notifier=ground.notifier,
            timings=InstanceTimings(
                read_timeout_s=lambda: self._listening().read_timeout_s,
                send_timeout_s=lambda: self._delivery().send_timeout_s,
                ui_quarantine_s=lambda: self._delivery().ui_quarantine_s,
                probe_interval_s=lambda: self._listening().probe_interval_s,
            ),
            clock=ground.clock,
            bus=bus,
            supervisor=supervisor,
            on_call=on_call,
            on_error=bus.publish,
        )
        self.intake = Intake(
            db=ground.db,
            run_id=run_id,
            bus=bus,
            faults=faults,
            answer_suspected_replays=lambda: self._listening().answer_suspected_replays,
        )
        self.listener = MessageListener(
            registry=self.registry,
            intake=self.intake,
            supervisor=supervisor,
            bus=bus,
            config=ground.config,
            notifier=ground.notifier,
            clock=ground.clock,
            db=ground.db,
            on_error=bus.publish,
            obstacle=DiskRoom(folder=ground.data_dir).obstacle,
        )
        self.platforms = PlatformRegistry(
            types=ground.plugins.platforms,
            notifier=ground.notifier,
            supervisor=supervisor,
            clock=ground.clock,
            on_call=on_call,
            rng=rng,
        )
        trouble = StorageTrouble(db=ground.db, clock=ground.clock, on_error=bus.publish)
        self.worker = DeliveryWorker(
            db=ground.db,
            run_id=run_id,
            clock=ground.clock,
            bus=bus,
            supervisor=supervisor,
            platforms=self.platforms,
            rules=RulesOfSnapshot(config=ground.config),
            settings=self._delivery,
            faults=faults,
            on_error=bus.publish,
            rng=rng,
            trouble=trouble,
        )
        self.sender = ReplySender(
            db=ground.db,
            clock=ground.clock,
            bus=bus,
            supervisor=supervisor,
            instances=self.registry,
            settings=self._delivery,
            is_paused=lambda: not self.listener.may_call,
            faults=faults,
            rng=rng,
            trouble=trouble,
        )
        self.settler = EchoSettler(
            db=ground.db,
            clock=ground.clock,
            bus=bus,
            settings=self._delivery,
            on_echo=self._own_echo_seen,
            faults=faults,
            trouble=trouble,
        )
        self.retention = MessageRetention(
            db=ground.db, clock=ground.clock, settings=lambda: ground.config.snapshot.settings(MESSAGES)
        )
        self.browser = MessageBrowser(db=ground.db, clock=ground.clock, bus=bus, audit=ground.audit)

    async def recover(self) -> None:
        """Settle what an earlier run left half done; before anything else begins."""
        recovered = await recover(self._ground.db, clock=self._ground.clock)
        if recovered.requeued or recovered.platform_unknown or recovered.sends_unknown:
            _log.warning(
                "left half done by an earlier run: %d messages go on, %d platform calls and %d sends unknown",
                recovered.requeued,
                recovered.platform_unknown,
                recovered.sends_unknown,
            )

    async def open_platforms(self) -> None:
        """Open the configured platforms."""
        await self.platforms.start(self._ground.config.snapshot.objects(PLATFORM).values())

    def start_delivery(self) -> None:
        """Begin with the rows that are due; reading begins with the listener."""
        start = self._supervisor.start
        start(WORKER, self.worker.run)
        start(SENDER, self.sender.run)
        start(SETTLER, self.settler.run)
        start(RETENTION, self.retention.run, stalled_after_s=math.inf)  # wakes once an hour

    async def drain(self) -> None:
        """Begin nothing more, wait for the deliveries under way; at most twice `DRAIN_S`."""
        await self.worker.drain(DRAIN_S)
        await self.sender.drain(DRAIN_S)
        await self.settler.settle()

    def listening_loops(self) -> Sequence[LoopStatus]:
        """The loops that read and store."""
        return [
            loop for loop in self._supervisor.loops() if loop.name.partition(":")[0] in (LOOPS, COMMIT_LOOP)
        ]

    async def delivery_figures(self) -> DeliveryFigures:
        """The figures of this run."""
        return await figures_of_run(self._ground.db, self._run_id)

    def _listening(self) -> ListeningSettings:
        settings: ListeningSettings = self._ground.config.snapshot.settings(LISTENING)
        return settings

    def _delivery(self) -> DeliverySettings:
        settings: DeliverySettings = self._ground.config.snapshot.settings(DELIVERY)
        return settings

    def _own_echo_seen(self, instance_id: str) -> None:
        instance = self.registry.get(instance_id)
        if instance is not None:
            instance.liveness.own_echo_seen()

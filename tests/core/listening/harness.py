"""A message listener over real instances of the simulator, with intervals of fractions of a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.intake import RecordingIntake
from wxauto_mgt.core.config.model import Candidate, ConfigSection, Delete, Edit, Put, Snapshot
from wxauto_mgt.core.config.notifier import ConfigChanged, ConfigChangeType, ConfigNotifier
from wxauto_mgt.core.instances.instance import Instance
from wxauto_mgt.core.instances.liveness import InstanceState
from wxauto_mgt.core.instances.model import INSTANCE, InstanceConfig, instance_section
from wxauto_mgt.core.instances.registry import InstanceRegistry, InstanceTimings
from wxauto_mgt.core.listening.instance_listening import ListeningTimings
from wxauto_mgt.core.listening.keeper import KeeperTimings
from wxauto_mgt.core.listening.listener import MessageListener
from wxauto_mgt.core.listening.listener_book import ListenerPauses
from wxauto_mgt.core.listening.model import LISTENER, ListenerStatus, listener_section
from wxauto_mgt.core.listening.settings import LISTENING, ListeningSettings
from wxauto_mgt.core.wire import CallRecord, ErrorCleared, ErrorReport
from wxauto_mgt.errors import ConfigError
from wxauto_mgt.runtime.backoff import Backoff
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.supervisor import LoopFailure, Supervisor
from wxauto_mgt.storage.database import Database

FAST = ListeningSettings(
    poll_interval_s=0.02, main_poll_interval_s=0.02, probe_interval_s=0.05, read_timeout_s=5.0
)
QUICK = ListeningTimings(
    stop_grace_s=0.3,
    probe_round_s=0.2,
    keeper=KeeperTimings(
        sweep_interval_s=0.1,
        gate_wait_s=2.0,
        drain_wait_s=1.0,
        put_off_s=0.02,
        initialize_retry=Backoff(base_s=0.02, cap_s=0.1),
    ),
    listeners=ListenerPauses(retry_base_s=0.1, retry_cap_s=1.0),
    crash_backoff=Backoff(base_s=0.01, cap_s=0.05),
)


class StubConfig:
    """The configuration service reduced to what listening uses: parses, checks, publishes; stores nothing."""

    def __init__(self, settings: ListeningSettings, notifier: ConfigNotifier) -> None:
        self.notifier = notifier
        self._objects: dict[str, dict[str, Any]] = {INSTANCE: {}, LISTENER: {}}
        self._settings = settings
        self._revision = 0
        self._clock = SystemClock()
        self._sections: dict[str, ConfigSection[Any]] = {
            INSTANCE: instance_section(),
            LISTENER: listener_section(),
        }

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(self._revision, self._candidate(self._objects))

    async def apply(self, edits: Sequence[Edit], *, who: str) -> int:
        objects = {kind: dict(of_kind) for kind, of_kind in self._objects.items()}
        changed: list[tuple[str, str]] = []
        for edit in edits:
            if isinstance(edit, Put):
                objects[edit.kind][edit.id] = self._sections[edit.kind].parse(edit.document)
            elif isinstance(edit, Delete):
                del objects[edit.kind][edit.id]
            changed.append((edit.kind, edit.id))
        candidate = self._candidate(objects)
        problems = [p for section in self._sections.values() for p in section.check(candidate)]
        if problems:
            raise ConfigError(problems)
        before, self._objects = self._objects, objects
        self._revision += 1
        for kind, key in changed:
            self._publish(kind, key, before[kind].get(key), objects[kind].get(key))
        return self._revision

    def set_listening(self, **fields: object) -> None:
        before = self._settings
        self._settings = before.model_copy(update=fields)
        self._publish("settings", LISTENING, before, self._settings)

    def _candidate(self, objects: Mapping[str, Mapping[str, object]]) -> Candidate:
        return Candidate(objects, {LISTENING: self._settings})

    def _publish(self, kind: str, key: str, before: object, after: object) -> None:
        change = ConfigChangeType.of(kind, before, after)
        now = self._clock.now()
        self.notifier.publish([ConfigChanged(change, kind, key, before, after, self._revision, now)])


@dataclass
class Rig:
    """Everything around one listener."""

    db: Database
    settings: ListeningSettings = FAST
    timings: ListeningTimings = QUICK
    health_timeout_s: float = 2.0
    ui_quarantine_s: float = 0.2
    calls: list[tuple[float, CallRecord]] = field(default_factory=list)
    errors: list[ErrorReport | ErrorCleared] = field(default_factory=list)
    crashes: list[LoopFailure] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = SystemClock()
        self.bus = EventBus()
        self.notifier = ConfigNotifier()
        self.config = StubConfig(self.settings, self.notifier)
        self.supervisor = Supervisor(clock=self.clock, on_failure=self.crashes.append)
        self.intake = RecordingIntake()
        configs: Mapping[str, InstanceConfig] = {}
        self.registry = InstanceRegistry(
            configs=configs,
            notifier=self.notifier,
            timings=InstanceTimings(
                read_timeout_s=lambda: self._listening.read_timeout_s,
                send_timeout_s=lambda: 5.0,
                ui_quarantine_s=lambda: self.ui_quarantine_s,
                probe_interval_s=lambda: self._listening.probe_interval_s,
                health_timeout_s=self.health_timeout_s,
            ),
            clock=self.clock,
            bus=self.bus,
            supervisor=self.supervisor,
            on_call=lambda call: self.calls.append((self.clock.monotonic(), call)),
            on_error=self.errors.append,
        )
        self.obstacle: str | None = None
        self.listener = MessageListener(
            registry=self.registry,
            intake=self.intake,
            supervisor=self.supervisor,
            bus=self.bus,
            config=self.config,
            notifier=self.notifier,
            clock=self.clock,
            db=self.db,
            on_error=self.errors.append,
            obstacle=self._known_obstacle,
            timings=self.timings,
        )

    async def _known_obstacle(self) -> str | None:
        return self.obstacle

    @property
    def _listening(self) -> ListeningSettings:
        settings: ListeningSettings = self.config.snapshot.settings(LISTENING)
        return settings

    async def add_instance(self, base_url: str, instance_id: str = "pc1", **fields: object) -> Instance:
        await self.add_instance_document(base_url, instance_id, **fields)
        instance = self.registry.get(instance_id)
        assert instance is not None
        return instance

    async def add_instance_document(self, base_url: str, instance_id: str = "pc1", **fields: object) -> None:
        document = {
            "id": instance_id,
            "base_url": base_url,
            "api_key": "test-key-2",
            "rate_limit_per_minute": 0,
            **fields,
        }
        await self.config.apply([Put(INSTANCE, instance_id, document)], who="test")  # type: ignore[arg-type]

    def state(self, instance_id: str = "pc1") -> InstanceState:
        instance = self.registry.get(instance_id)
        assert instance is not None
        return instance.liveness.state()

    def status(self, who: str, instance_id: str = "pc1") -> ListenerStatus | None:
        found = (s for s in self.listener.listeners() if s.who == who and s.instance_id == instance_id)
        return next(found, None)

    def is_active(self, who: str, instance_id: str = "pc1") -> bool:
        status = self.status(who, instance_id)
        return status is not None and status.active

    def causes(self, operation: str) -> list[str]:
        return [e.cause_code for e in self.errors if isinstance(e, ErrorReport) and e.operation == operation]

    def under_way(self) -> list[str]:
        """Calls that have begun and not ended."""
        parts = self.listener._parts.values()
        return [name for part in parts for name in part.activity.under_way]

    def ended_at(self, route: str) -> list[float]:
        """When the calls of a route ended."""
        return [at_s for at_s, call in self.calls if call.route == route]

    async def close(self) -> None:
        await self.listener.close()
        await self.registry.close(timeout_s=0.1)
        assert await self.supervisor.stop() == ()

"""Watches the running console: evaluates its health score, counts its errors, answers what it has done.

Owns the current score, its history and the counters; the watched parts stay behind `MonitoredFacts`. The
supervisor runs it; the facade and the window read it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from wxauto_mgt.core.config.notifier import ConfigChanged, ConfigNotifier
from wxauto_mgt.core.instances.instance import InstanceAdded, InstanceRemoved
from wxauto_mgt.core.instances.liveness import InstanceStateChanged
from wxauto_mgt.core.listening.model import (
    ListenerAdded,
    ListenerRemoved,
    ListenerServiceChanged,
    ListenerStatus,
)
from wxauto_mgt.core.messages.model import MessageState, MessageStateChanged
from wxauto_mgt.core.metrics.calls import CallMetrics
from wxauto_mgt.core.metrics.readings import ProcessFigures
from wxauto_mgt.core.monitoring.error_episodes import ErrorEpisode, ErrorEpisodes
from wxauto_mgt.core.monitoring.facts import MonitoredFacts, ServiceState
from wxauto_mgt.core.monitoring.health_score import (
    EXAMPLES_SHOWN,
    PROBE_ROUNDS_NEEDED,
    ClientFacts,
    HealthInputs,
    HealthScore,
    evaluate,
)
from wxauto_mgt.core.monitoring.model import (
    ClientReport,
    HealthReport,
    HealthScoreChanged,
    ServiceStatus,
    Statistics,
)
from wxauto_mgt.core.monitoring.score_history import ScoreHistory
from wxauto_mgt.core.monitoring.store import MonitoringStore
from wxauto_mgt.core.wire import ErrorCleared, ErrorReport
from wxauto_mgt.errors import StorageError, StorageOverloaded
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus

_log = logging.getLogger(__name__)

EVALUATED_EVERY_S: Final = 10.0
_CHANGES_OF_STATE: Final[tuple[type[object], ...]] = (
    InstanceRemoved,
    InstanceStateChanged,
    ListenerServiceChanged,
)


class ServiceMonitor:
    """Measures, scores and remembers. Use it on the loop's thread.

    Args:
        process: the newest figures of this process; None before the first sample.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        bus: EventBus,
        notifier: ConfigNotifier,
        facts: MonitoredFacts,
        calls: CallMetrics,
        store: MonitoringStore,
        process: Callable[[], ProcessFigures | None],
        evaluated_every_s: float = EVALUATED_EVERY_S,
    ) -> None:
        self._clock = clock
        self._bus = bus
        self._notifier = notifier
        self._facts = facts
        self._calls = calls
        self._store = store
        self._process = process
        self._evaluated_every_s = evaluated_every_s
        self._errors = ErrorEpisodes(clock=clock)
        self._score: HealthScore | None = None
        self._history = ScoreHistory()
        self._is_evaluation_due = False
        self._is_store_failing = False
        self._probed: set[str] = set()
        self._config_reloads = 0
        self._listeners_added = 0
        self._listeners_removed = 0
        self._last_commit: tuple[int, datetime] | None = None
        self._uptime_base: tuple[datetime, float] | None = None
        self._subscriptions: list[Callable[[], None]] = []

    async def open(self) -> None:
        """Take over what earlier runs left and begin to listen to the bus.

        Raises:
            StorageError: the database cannot be read.
        """
        self._errors.restore(await self._store.load_episodes())
        self._subscriptions = [
            self._bus.subscribe(ErrorReport, self._on_error),
            self._bus.subscribe(ErrorCleared, self._errors.clear),
            self._notifier.subscribe(self._on_config_changed),
            self._bus.subscribe(MessageStateChanged, self._on_message_state_changed),
            self._bus.subscribe(InstanceAdded, self._on_instance_added),
            self._bus.subscribe(ListenerAdded, self._on_listener_added),
            self._bus.subscribe(ListenerRemoved, self._on_listener_removed),
            *(self._bus.subscribe(kind, self._on_change_of_state) for kind in _CHANGES_OF_STATE),
        ]

    async def close(self) -> None:
        """Stop listening and store what is not stored yet."""
        while self._subscriptions:
            self._subscriptions.pop()()
        await self._save()

    async def run(self, beat: Callable[[], None]) -> None:
        """Evaluate and store every ten seconds until cancelled."""
        while True:
            beat()
            self.evaluate()
            await self._save()
            await self._clock.sleep(self._evaluated_every_s)

    @property
    def score(self) -> float | None:
        """The bare figure of `health`; None while unknown."""
        return self._score.score if self._score is not None else None

    @property
    def health(self) -> HealthScore | None:
        """The score with its deductions as evaluated last; None before the first evaluation."""
        return self._score

    def evaluate(self) -> HealthScore:
        """Measure and score now; publishes HealthScoreChanged when it became another."""
        return self._evaluate(self._facts.listeners())

    def _evaluate(self, listeners: Sequence[ListenerStatus]) -> HealthScore:
        self._is_evaluation_due = False
        before, after = self._score, evaluate(self._inputs(listeners))
        self._score = after
        self._history.add(after)
        if before is None or (before.score, before.status) != (after.score, after.status):
            self._bus.publish(HealthScoreChanged(before, after))
        return after

    async def score_history(self, since: datetime) -> tuple[HealthScore, ...]:
        """Return the scores since an instant, oldest first: one per change, and one every ten minutes.

        Raises:
            StorageError: the database cannot be read.
        """
        stored = await self._store.scores(since)
        return (*stored, *self._history.unsaved_since(since))

    def recent_errors(self, limit: int) -> tuple[ErrorEpisode, ...]:
        """Return the newest errors, those of earlier runs included, newest first."""
        return self._errors.recent(limit)

    def service_status(self) -> ServiceStatus:
        """The service now."""
        state = self._facts.service()
        return ServiceStatus(
            state=state,
            uptime_s=self._uptime_s(state),
            loop_count=self._facts.loop_count(),
            error_count=self._errors.last_hour,
            last_error=next(iter(self._errors.recent(1)), None),
            process=self._process(),
        )

    def clients(self) -> tuple[ClientReport, ...]:
        """All enabled instances."""
        return tuple(
            ClientReport(
                status=status,
                error_count=self._errors.last_hour_of(status.instance_id),
                last_error=self._errors.newest_of(status.instance_id),
            )
            for status in self._facts.clients()
        )

    def listeners(self) -> tuple[ListenerStatus, ...]:
        """All listeners of enabled instances."""
        return tuple(self._facts.listeners())

    async def statistics(self) -> Statistics:
        """What was done since the start."""
        delivery = await self._facts.delivery()
        state = self._facts.service()
        return Statistics(
            messages_processed=delivery.others,
            total_errors=self._errors.total,
            api_calls=self._calls.total,
            listeners_added=self._listeners_added,
            listeners_removed=self._listeners_removed,
            config_reloads=self._config_reloads,
            uptime_s=self._uptime_s(state),
            started_at=state.started_at,
            error_ratio=self._calls.last_hour().ratio or 0.0,
            recent_error_count=self._errors.last_hour,
            delivery=delivery,
        )

    async def health_report(self, *, error_limit: int = 10) -> HealthReport:
        """Everything, with the score of this moment."""
        statistics = await self.statistics()
        listeners = self.listeners()
        return HealthReport(
            at=self._clock.now(),
            health=self._evaluate(listeners),
            service=self.service_status(),
            clients=self.clients(),
            listeners=listeners,
            statistics=statistics,
            recent_errors=self.recent_errors(error_limit),
        )

    def _inputs(self, listeners: Sequence[ListenerStatus]) -> HealthInputs:
        state = self._facts.service()
        inactive = [listener.who for listener in listeners if not listener.active]
        outcomes = self._calls.last_hour()
        clients = self._facts.clients()
        self._probed |= {c.instance_id for c in clients if c.probe_rounds >= PROBE_ROUNDS_NEEDED}
        return HealthInputs(
            is_running=state.is_running,
            is_paused=state.is_paused,
            blocked_by=state.blocked_by,
            error_count=self._errors.last_hour,
            clients=tuple(
                ClientFacts(
                    instance_id=client.instance_id,
                    connected=client.connected,
                    probe_rounds=client.probe_rounds,
                    was_probed=client.instance_id in self._probed,
                )
                for client in clients
            ),
            listener_count=len(listeners),
            active_listener_count=len(listeners) - len(inactive),
            inactive_listeners=tuple(inactive[:EXAMPLES_SHOWN]),
            failed_count=outcomes.failed,
            outcome_count=outcomes.all,
            measured_at=self._clock.now(),
        )

    def _uptime_s(self, state: ServiceState) -> float:
        """Count by the monotonic clock from the moment that a start was first seen."""
        if state.started_at is None:
            return 0.0
        now_s = self._clock.monotonic()
        if self._uptime_base is None or self._uptime_base[0] != state.started_at:
            age_s = max(0.0, (self._clock.now() - state.started_at).total_seconds())
            self._uptime_base = (state.started_at, now_s - age_s)
        return now_s - self._uptime_base[1]

    def _on_error(self, report: ErrorReport) -> None:
        if self._errors.report(report):
            self._evaluate_soon()

    def _on_message_state_changed(self, event: MessageStateChanged) -> None:
        if event.state in (MessageState.DONE, MessageState.DEAD):
            self._calls.record_delivery(ok=event.state is MessageState.DONE)

    def _on_instance_added(self, event: InstanceAdded) -> None:
        self._probed.discard(event.instance.id)
        self._evaluate_soon()

    def _on_listener_added(self, _event: ListenerAdded) -> None:
        self._listeners_added += 1
        self._evaluate_soon()

    def _on_listener_removed(self, _event: ListenerRemoved) -> None:
        self._listeners_removed += 1
        self._evaluate_soon()

    def _on_change_of_state(self, _event: object) -> None:
        self._evaluate_soon()

    def _on_config_changed(self, change: ConfigChanged) -> None:
        # All changes of one commit or reload come one by one, with the same revision and time.
        commit = (change.revision, change.at)
        if commit != self._last_commit:
            self._last_commit = commit
            self._config_reloads += 1
            self._evaluate_soon()

    def _evaluate_soon(self) -> None:
        """Evaluate once after all events of this turn of the loop."""
        if not self._is_evaluation_due:
            self._is_evaluation_due = True
            asyncio.get_running_loop().call_soon(self._evaluate_if_due)

    def _evaluate_if_due(self) -> None:
        if self._is_evaluation_due and self._subscriptions:
            self.evaluate()

    async def _save(self) -> None:
        episodes, scores = self._errors.take_unsaved(), self._history.take_unsaved()
        if not episodes and not scores:
            return
        try:
            await self._store.save(episodes, scores)
        except (StorageError, StorageOverloaded) as error:
            self._errors.give_back(episodes)
            self._history.give_back(scores)
            if not self._is_store_failing:
                _log.warning("Errors and scores are kept in memory only: %s", error)
            self._is_store_failing = True
            return
        if self._is_store_failing:
            self._is_store_failing = False
            _log.info("Errors and scores are stored again")

"""What happens in the console, for whoever watches: the newest events in memory, read by a cursor.

Owns the ring and its numbers; log records come from the pipeline's own tail. `GET /api/events` reads, the
composition root connects it with bus and notifier.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

from wxauto_mgt.core.alerting.model import Alert
from wxauto_mgt.core.config.notifier import ConfigChanged, ConfigNotifier
from wxauto_mgt.core.messages.model import MessagesStored
from wxauto_mgt.core.monitoring.checks.contract import CheckStatusChanged
from wxauto_mgt.core.monitoring.model import HealthScoreChanged
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus

EVENTS_KEPT: Final = 2_000
ALERTS_LOOKED_AT_EVERY_S: Final = 1.0

Value: TypeAlias = "str | int | float | bool | Mapping[str, str] | None"


@dataclass(frozen=True)
class FeedEvent:
    """One thing that happened; numbers rise by one."""

    number: int
    kind: str
    data: Mapping[str, Value]


@dataclass(frozen=True)
class Read:
    """Events after a cursor, oldest first; `missed` are no longer in memory."""

    events: tuple[FeedEvent, ...]
    missed: int


class EventFeed:
    """The newest events of one application.

    Args:
        alerts: those that are active now.

    Attributes:
        generation: a stream ends when it is not the one that it began in.
    """

    def __init__(
        self,
        *,
        bus: EventBus,
        notifier: ConfigNotifier,
        clock: Clock,
        alerts: Callable[[], Iterable[Alert]],
    ) -> None:
        self._clock = clock
        self._alerts = alerts
        self._events: deque[FeedEvent] = deque(maxlen=EVENTS_KEPT)
        self._number = 0
        self._known: dict[str, tuple[str, str, bool]] = {}
        self._waiting: set[asyncio.Event] = set()
        self.generation = 0
        self._unsubscribe = (
            bus.subscribe(MessagesStored, self._messages_stored),
            bus.subscribe(CheckStatusChanged, self._check_changed),
            bus.subscribe(HealthScoreChanged, self._score_changed),
            notifier.subscribe(self._config_changed),
        )

    @property
    def newest(self) -> int:
        """Number of the newest event; 0 before the first."""
        return self._number

    @property
    def watcher_count(self) -> int:
        """Streams that are open."""
        return len(self._waiting)

    def watch(self) -> asyncio.Event:
        """Return what is set at each event; give it back with `leave`."""
        waiting = asyncio.Event()
        self._waiting.add(waiting)
        return waiting

    def leave(self, waiting: asyncio.Event) -> None:
        """Watch no longer."""
        self._waiting.discard(waiting)

    def read(self, after: int, limit: int = 500) -> Read:
        """Return the oldest events after a cursor."""
        first = self._number - len(self._events) + 1
        missed = max(0, first - after - 1)
        begin = max(0, after + 1 - first)
        return Read(tuple(islice(self._events, begin, begin + limit)), missed)

    def end_streams(self) -> None:
        """Let the streams that are open now end."""
        self.generation += 1
        for waiting in self._waiting:
            waiting.set()

    def close(self) -> None:
        """Take no more events, and let the streams end."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self.end_streams()

    async def run(self, beat: Callable[[], None]) -> None:
        """Tell what became of alerts; a supervised loop."""
        while True:
            beat()
            self.look_at_alerts()
            await self._clock.sleep(ALERTS_LOOKED_AT_EVERY_S)

    def look_at_alerts(self) -> None:
        """Tell which alerts are new, changed or gone since the last look."""
        now: dict[str, tuple[str, str, bool]] = {}
        for alert in self._alerts():
            state = (alert.state.value, alert.level.value, alert.acknowledged is not None)
            now[alert.id] = state
            if self._known.get(alert.id) != state:
                self._add(
                    "alert",
                    id=alert.id,
                    rule=alert.rule,
                    state=state[0],
                    level=state[1],
                    acknowledged=state[2],
                    value=alert.value,
                    labels=dict(alert.labels),
                )
        for alert_id in self._known.keys() - now.keys():
            self._add("alert", id=alert_id, rule=alert_id.partition(":")[0], state="ok")
        self._known = now

    def _add(self, event: str, /, **data: Value) -> None:
        self._number += 1
        at = {"timestamp": self._clock.now().isoformat()}
        self._events.append(FeedEvent(self._number, event, {**data, **at}))
        for waiting in self._waiting:
            waiting.set()

    def _messages_stored(self, event: MessagesStored) -> None:
        self._add("messages", instance_id=event.instance_id, count=event.count, own_rows=event.own_rows)

    def _check_changed(self, event: CheckStatusChanged) -> None:
        self._add(
            "check", service=event.service_id, status=event.after.status.value, before=event.before.value
        )

    def _score_changed(self, event: HealthScoreChanged) -> None:
        self._add("health", score=event.after.score, status=event.after.status.value)

    def _config_changed(self, change: ConfigChanged) -> None:
        self._add(
            "config", change=change.type.value, kind=change.kind, id=change.id, revision=change.revision
        )


def counted(events: Iterable[FeedEvent]) -> Iterator[FeedEvent]:
    """Make one of several counts of messages of an instance in a row: a burst is one event."""
    held: FeedEvent | None = None
    for event in events:
        if (
            held is not None
            and held.kind == event.kind == "messages"
            and held.data["instance_id"] == event.data["instance_id"]
            and held.data["own_rows"] == event.data["own_rows"]
        ):
            count = int(str(held.data["count"])) + int(str(event.data["count"]))
            held = FeedEvent(event.number, event.kind, {**event.data, "count": count})
            continue
        if held is not None:
            yield held
        held = event
    if held is not None:
        yield held

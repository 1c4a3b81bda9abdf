"""Turns events of the core's bus into Qt signals, at most ten times a second.

Owns coalescing and the life of subscriptions; knows no event by name. Called by view-models.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

E = TypeVar("E")

COALESCE_MS = 100
# A view-model that was given more than this at once reads its rows again instead; see `Inbox.arrived`.
INBOX_LIMIT = 1000


class Bus(Protocol):
    """What this needs of the core's event bus."""

    def subscribe(self, event_type: type[E], callback: Callable[[E], None], /) -> Callable[[], None]:
        """Register a callback; the result ends the registration."""


class Inbox(QObject):
    """Collects events and hands them over in one list.

    `arrived` carries a list of events in order, oldest dropped past `INBOX_LIMIT`: events are hints, the rows
    are the truth.
    """

    arrived = Signal(list)

    def __init__(self, owner: QObject, *, interval_ms: int = COALESCE_MS) -> None:
        super().__init__(owner)
        self._waiting: deque[object] = deque(maxlen=INBOX_LIMIT)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(interval_ms)
        self._timer.timeout.connect(self._hand_over)

    def put(self, event: object) -> None:
        """Take one event; the first of a burst starts the clock. GUI thread only."""
        self._waiting.append(event)
        if not self._timer.isActive():
            self._timer.start()

    def _hand_over(self) -> None:
        events = list(self._waiting)
        self._waiting.clear()
        self.arrived.emit(events)


class EventBridge:
    """Subscribes inboxes to the bus and ends each subscription with its owner."""

    def __init__(self, bus: Bus, *, interval_ms: int = COALESCE_MS) -> None:
        self._bus = bus
        self._interval_ms = interval_ms

    def inbox(self, owner: QObject, *event_types: type[Any]) -> Inbox:
        """An inbox for some event types; lives as long as `owner`."""
        inbox = Inbox(owner, interval_ms=self._interval_ms)
        for event_type in event_types:
            end_with(owner, self._bus.subscribe(event_type, inbox.put))
        return inbox

    def inbox_for(
        self, owner: QObject, subscribe: Callable[[Callable[[Any], None]], Callable[[], None]]
    ) -> Inbox:
        """An inbox for any other source of callbacks, such as the configuration's notifier."""
        inbox = Inbox(owner, interval_ms=self._interval_ms)
        end_with(owner, subscribe(inbox.put))
        return inbox


def end_with(owner: QObject, end: Callable[[], None]) -> None:
    """Call `end` when `owner` is destroyed."""
    owner.destroyed.connect(lambda: end())

"""Synchronous events between parts of one process. They are hints: who must not miss one also scans its rows.

Built by the composition root and passed in. Threads other than the loop's own never publish.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from wxauto_mgt.errors import BugError

logger = logging.getLogger(__name__)

E = TypeVar("E")


class _Subscription:
    """Compared by identity, so that one callback may subscribe twice and end each on its own."""

    def __init__(self, callback: Callable[[object], None]) -> None:
        self.callback = callback
        self.is_active = True


class EventBus:
    """Calls subscribers of an event's exact class in the order in which they subscribed."""

    def __init__(self) -> None:
        self._subscriptions: dict[type, tuple[_Subscription, ...]] = {}
        self._thread_id = threading.get_ident()

    def subscribe(self, event_type: type[E], callback: Callable[[E], None]) -> Callable[[], None]:
        """Call `callback` for each event of exactly this class.

        Returns:
            A function that ends the subscription; calling it again does nothing. One that ends while an
            event is being published is not called for that event any more.
        """
        # The key guarantees the argument's type, which a mapping over all event types cannot express.
        subscription = _Subscription(callback)  # type: ignore[arg-type]
        self._subscriptions[event_type] = (*self._subscriptions.get(event_type, ()), subscription)

        def unsubscribe() -> None:
            subscription.is_active = False
            rest = tuple(s for s in self._subscriptions.get(event_type, ()) if s is not subscription)
            if rest:
                self._subscriptions[event_type] = rest
            else:
                self._subscriptions.pop(event_type, None)

        return unsubscribe

    def publish(self, event: object) -> None:
        """Call the subscribers now, on this thread; a failing one is logged and the rest go on.

        Raises:
            BugError: called on another thread than the one that built the bus.
        """
        if threading.get_ident() != self._thread_id:
            raise BugError("event_bus_wrong_thread", event=type(event).__name__)
        for subscription in self._subscriptions.get(type(event), ()):
            if not subscription.is_active:
                continue
            try:
                subscription.callback(event)
            except Exception:  # one subscriber must not cost the others the event
                logger.exception("event subscriber failed", extra={"event": type(event).__name__})

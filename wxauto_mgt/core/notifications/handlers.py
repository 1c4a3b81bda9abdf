"""Lets code in this process see each notification, one by one, in words: nothing of a storm is grouped.

Owns no retries: a handler that fails is logged. The facade for other programs adds them.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Final, TypeAlias

from wxauto_mgt.core.notifications.contract import Notice
from wxauto_mgt.core.notifications.model import NotificationRouted
from wxauto_mgt.core.notifications.registry import implied_config
from wxauto_mgt.core.notifications.surfaces import IN_APP
from wxauto_mgt.core.notifications.wording import Wording
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.supervisor import Supervisor

_log = logging.getLogger(__name__)

HANDLERS: Final = "notification_handlers"

NoticeHandler: TypeAlias = Callable[[Notice], object]
"""May be a coroutine function; then what it returns is awaited in the background."""


class NotificationHandlers:
    """Calls whoever asked for it when a notification was given to its channels. At least once."""

    def __init__(self, *, bus: EventBus, supervisor: Supervisor, wording: Wording) -> None:
        self._bus = bus
        self._supervisor = supervisor
        self._wording = wording
        self._config = implied_config(IN_APP)

    def add(self, handler: NoticeHandler) -> Callable[[], None]:
        """Call it from now on; returns what ends that."""

        def routed(event: NotificationRouted) -> None:
            notice = self._wording.notice(event.notification.key, event.notification, self._config)
            try:
                outcome = handler(notice)
            except Exception:  # noqa: BLE001 - foreign code; it must not keep others from hearing
                _log.exception("a notification handler failed")
                return
            if inspect.iscoroutine(outcome):
                self._supervisor.spawn(HANDLERS, outcome)

        return self._bus.subscribe(NotificationRouted, routed)

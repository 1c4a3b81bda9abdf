"""Broadcasts each committed change of the configuration to the parts it concerns.

Publishes nothing by itself: the service does, after the commit and with the new snapshot in force.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from wxauto_mgt.core.config.model import SETTINGS

_log = logging.getLogger(__name__)


class ConfigChangeType(StrEnum):
    """What kind of change it was."""

    INSTANCE_ADDED = "instance_added"
    INSTANCE_UPDATED = "instance_updated"
    INSTANCE_REMOVED = "instance_removed"
    LISTENER_ADDED = "listener_added"
    LISTENER_UPDATED = "listener_updated"
    LISTENER_REMOVED = "listener_removed"
    PLATFORM_ADDED = "platform_added"
    PLATFORM_UPDATED = "platform_updated"
    PLATFORM_REMOVED = "platform_removed"
    RULE_ADDED = "rule_added"
    RULE_UPDATED = "rule_updated"
    RULE_REMOVED = "rule_removed"
    SERVICE_ADDED = "service_added"
    SERVICE_UPDATED = "service_updated"
    SERVICE_REMOVED = "service_removed"
    CHANNEL_ADDED = "channel_added"
    CHANNEL_UPDATED = "channel_updated"
    CHANNEL_REMOVED = "channel_removed"
    ALERT_RULE_ADDED = "alert_rule_added"
    ALERT_RULE_UPDATED = "alert_rule_updated"
    ALERT_RULE_REMOVED = "alert_rule_removed"
    SETTINGS_UPDATED = "settings_updated"
    RELOADED = "reloaded"

    @classmethod
    def of(cls, kind: str, before: object | None, after: object | None) -> ConfigChangeType:
        """Tell the type from the kind and from what is absent."""
        if kind == SETTINGS:
            return cls.SETTINGS_UPDATED
        if before is None:
            return cls(f"{kind}_added")
        return cls(f"{kind}_removed" if after is None else f"{kind}_updated")


KNOWN_KINDS: Final = frozenset(
    change.value.removesuffix("_added") for change in ConfigChangeType if change.value.endswith("_added")
)
"""Every kind of object that the product has, whether or not its slice is part of this console yet."""


@dataclass(frozen=True)
class ConfigChanged:
    """One change that is committed and in force.

    Attributes:
        kind: kind of the section, `settings`, or "" for `reloaded`.
        id: the object, or the settings group.
        before, after: the slice's own frozen objects; None = not there, or out of force because its
            secret cannot be read.
    """

    type: ConfigChangeType
    kind: str
    id: str
    before: object | None
    after: object | None
    revision: int
    at: datetime


@dataclass(eq=False)
class _Subscriber:
    callback: Callable[[ConfigChanged], None]
    kinds: frozenset[str] | None


class ConfigNotifier:
    """Calls subscribers in the order in which they came, on the loop thread."""

    def __init__(self) -> None:
        self._subscribers: list[_Subscriber] = []

    def subscribe(
        self, callback: Callable[[ConfigChanged], None], *, kinds: Iterable[str] | None = None
    ) -> Callable[[], None]:
        """Call `callback` for each change from now on.

        Args:
            kinds: only changes of these kinds; None = all, `reloaded` too.

        Returns:
            A function that ends the subscription; calling it again does nothing.
        """
        subscriber = _Subscriber(callback, None if kinds is None else frozenset(kinds))
        self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return unsubscribe

    def publish(self, changes: Sequence[ConfigChanged]) -> None:
        """Tell every subscriber, change by change; one that fails is logged and the rest go on."""
        for change in changes:
            for subscriber in tuple(self._subscribers):
                if subscriber not in self._subscribers:
                    continue
                if subscriber.kinds is None or change.kind in subscriber.kinds:
                    _call(subscriber, change)


def _call(subscriber: _Subscriber, change: ConfigChanged) -> None:
    try:
        subscriber.callback(change)
    except Exception:  # noqa: BLE001 - a foreign callback must not keep the others from the change
        _log.exception("a subscriber failed on %s", change.type, extra={"config_id": change.id})

"""Which channels a notification goes to, and what of it has to wait. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from wxauto_mgt.core.notifications.model import Notification, NotificationKind, NotificationLevel
from wxauto_mgt.core.notifications.section import ChannelConfig

_LEVELLED: Final = (NotificationKind.FIRING, NotificationKind.RESOLVED)


def routes_of(
    notification: Notification,
    channels: Iterable[ChannelConfig],
    wanted: Sequence[str] | None,
    *,
    local: datetime,
) -> tuple[str, ...]:
    """The ids of the channels for a notification, each once.

    Args:
        wanted: channels that were named for it; they get it whatever their own conditions say. One that is
            missing stays in the answer, so that it shows as failed.
        local: now, in the zone that hours of the day are meant in.
    """
    if wanted is not None:
        return tuple(dict.fromkeys(wanted))
    return tuple(channel.id for channel in channels if is_wanted(notification, channel, local=local))


def is_wanted(notification: Notification, channel: ChannelConfig, *, local: datetime) -> bool:
    """Whether a channel's own conditions let a notification in."""
    if not channel.enabled or notification.kind not in channel.kinds:
        return False
    if notification.kind in _LEVELLED and notification.level.rank < channel.min_level.rank:
        return False
    # A resolved notice ends what its firing one began, at whatever hour.
    if (
        channel.active_hours is not None
        and notification.kind is NotificationKind.FIRING
        and not channel.active_hours.contains(local)
    ):
        return False
    return all(_fits(notification.labels.get(name), allowed) for name, allowed in channel.labels.items())


def min_level_now(channel: ChannelConfig, *, local: datetime) -> NotificationLevel:
    """The level that goes out at this hour; what is below it waits."""
    if channel.quiet_hours is not None and channel.quiet_hours.contains(local):
        return channel.quiet_min_level
    return NotificationLevel.INFO


def _fits(value: str | None, allowed: str) -> bool:
    return value is not None and value in (one.strip() for one in allowed.split(","))

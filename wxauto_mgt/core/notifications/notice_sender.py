"""Sends one notice by one channel, once: in words, within its time, every failure as one of ours.

Owns neither rows nor retries. The dispatcher and the test button call it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from wxauto_mgt.core.notifications.model import Notification
from wxauto_mgt.core.notifications.registry import ChannelRegistry, OpenChannel
from wxauto_mgt.core.notifications.wording import Wording
from wxauto_mgt.errors import ChannelError, ChannelPermanent, ChannelTransient

_log = logging.getLogger(__name__)


class NoticeSender:
    """The way from a notification to a channel."""

    def __init__(self, *, registry: ChannelRegistry, wording: Wording) -> None:
        self._registry = registry
        self._wording = wording

    async def send(self, channel_id: str, notice_id: str, notifications: Sequence[Notification]) -> None:
        """Send one notification, or several as a group.

        Raises:
            ChannelError: it did not provably arrive.
        """
        await self.send_by(self._registry.require(channel_id), notice_id, notifications)

    async def send_by(self, by: OpenChannel, notice_id: str, notifications: Sequence[Notification]) -> None:
        """Send by a channel that need not be the one in force.

        Raises:
            ChannelError: it did not provably arrive.
        """
        if len(notifications) == 1:
            notice = self._wording.notice(notice_id, notifications[0], by.config)
        else:
            notice = self._wording.group(notice_id, notifications, by.config)
        try:
            async with asyncio.timeout(by.channel.time_limit_s):
                await by.channel.send(notice)
        except ChannelError:
            raise
        except TimeoutError:
            raise ChannelTransient("channel_timed_out", may_have_arrived=True) from None
        except Exception as error:
            _log.exception("channel failed", extra={"channel_id": by.config.id})
            raise ChannelPermanent("channel_plugin_failed", cause=type(error).__name__) from error

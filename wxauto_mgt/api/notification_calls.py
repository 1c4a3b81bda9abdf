"""The calls of `MonitorAPI` about notifications: test, history, sending again, channels, handlers.

The composition root hands them to the facade.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from wxauto_mgt.api import arguments
from wxauto_mgt.api.answers import Answer, Answers
from wxauto_mgt.api.monitor_api import NotificationHandler
from wxauto_mgt.api.replies import JSON, Fields, Texts, iso, iso_or_none
from wxauto_mgt.core.notifications.channel_test import ChannelTest
from wxauto_mgt.core.notifications.contract import Notice
from wxauto_mgt.core.notifications.handlers import NotificationHandlers
from wxauto_mgt.core.notifications.model import ChannelFigures, DeliveryRecord, DeliveryState
from wxauto_mgt.core.notifications.outbox import Outbox
from wxauto_mgt.core.notifications.registry import ChannelRegistry
from wxauto_mgt.core.notifications.section import ChannelConfig
from wxauto_mgt.core.notifications.wording import Wording
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.clock import Clock

_MOST_RECORDS: Final = 1_000
_MOST_HOURS: Final = 24 * 3_650


class NotificationCalls:
    """Answers by the services around the outbox."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        channels: ChannelRegistry,
        test: ChannelTest,
        handlers: NotificationHandlers,
        wording: Wording,
        clock: Clock,
        texts: Texts,
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._test = test
        self._handlers = handlers
        self._wording = wording
        self._clock = clock
        self._texts = texts

    def answers(self) -> Answers:
        """The calls by their names."""
        return {
            "test_notification": self._test_notification,
            "add_notification_handler": self._add_handler,
            "get_notifications": self._notifications,
            "get_channels_status": self._channels_status,
            "resend_notification": self._resend,
        }

    async def _test_notification(self, channel: JSON, message: JSON) -> Answer:
        channel_id = arguments.text(channel, "channel")
        await self._test.send(channel_id, None if message is None else arguments.text(message, "message"))
        return Answer({"channel": channel_id})

    async def _add_handler(self, handler: NotificationHandler) -> Answer:
        if not callable(handler):
            raise PermanentError("handler_not_local")
        self._handlers.add(lambda notice: handler(_notice(notice)))
        return Answer({"added": True})

    async def _notifications(self, hours: JSON, state: JSON, limit: JSON) -> Answer:
        since = self._clock.now() - timedelta(
            hours=arguments.number(hours, "hours", least=0, most=_MOST_HOURS)
        )
        every = tuple(DeliveryState)
        records = await self._outbox.history(
            since=since,
            states=every if state is None else (arguments.choice(every, state, "state"),),
            limit=int(arguments.number(limit, "limit", least=0, most=_MOST_RECORDS)),
        )
        return Answer([self._record(record) for record in records], {"count": len(records)})

    async def _channels_status(self) -> Answer:
        figures = await self._outbox.figures()
        return Answer(
            [
                self._channel(config, figures.get(config.id) or ChannelFigures(config.id))
                for config in self._channels.configs().values()
            ]
        )

    async def _resend(self, delivery_id: JSON) -> Answer:
        return Answer({"channel": await self._outbox.resend(arguments.whole(delivery_id, "delivery_id"))})

    def _record(self, record: DeliveryRecord) -> JSON:
        config = self._channels.words_for(record.channel_id)
        notice = self._wording.notice("", record.notification, config)
        notification = record.notification
        return {
            "id": record.id,
            "notification_id": record.notification_id,
            "channel": record.channel_id,
            "state": record.state.value,
            "error": None
            if record.reason is None
            else self._texts.reason("error", record.reason, record.facts),
            "attempts": record.attempts,
            "key": notification.key,
            "kind": notification.kind.value,
            "level": notification.level.value,
            "title": notice.title,
            "message": notice.text,
            "labels": dict(notification.labels),
            "timestamp": iso(notification.at),
            "next_attempt_time": iso(record.next_attempt_at)
            if record.state is DeliveryState.PENDING
            else None,
            "ended_time": iso_or_none(record.ended_at),
            "group_size": record.group_size,
        }

    def _channel(self, config: ChannelConfig, figures: ChannelFigures) -> JSON:
        return {
            "id": config.id,
            "name": config.label,
            "type": config.type,
            "enabled": config.enabled,
            "sent_count": figures.sent,
            "failed_count": figures.failed,
            "consecutive_failures": figures.failures_in_row,
            "pending_count": figures.pending,
            "last_sent_time": iso_or_none(figures.last_sent_at),
            "last_error_time": iso_or_none(figures.last_error_at),
            "last_error": None
            if figures.last_error is None
            else self._texts.reason("error", figures.last_error, figures.last_error_facts),
        }


def _notice(notice: Notice) -> Fields:
    """What a handler is called with."""
    notification = notice.notifications[0]
    return {
        "key": notification.key,
        "kind": notice.kind.value,
        "level": notice.level.value,
        "title": notice.title,
        "message": notice.text,
        "labels": dict(notification.labels),
        "params": dict(notification.params),
        "timestamp": iso(notice.at),
    }

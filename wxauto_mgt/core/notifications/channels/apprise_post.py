"""Sends by apprise, in a thread: it blocks, and says no more than whether all went well.

Owns the boundary to that library; the channels `email` and `apprise` use it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from wxauto_mgt.core.notifications.contract import Notice
from wxauto_mgt.errors import ChannelPermanent, ChannelTransient

_log = logging.getLogger(__name__)


class Service(Protocol):
    """One of apprise's services, set up."""

    def notify(self, *, title: str, body: str) -> bool | None:
        """Send; True when all went well."""
        ...


async def send_by_apprise(make: Callable[[], Service | None], notice: Notice) -> None:
    """Send a notice.

    Args:
        make: sets the service up; None when apprise cannot. Runs in the thread: it may load apprise.

    Raises:
        ChannelPermanent: apprise does not know such a service, or its settings are wrong.
        ChannelTransient: it did not provably arrive; apprise does not tell why.
    """

    def work() -> bool:
        service = make()
        if service is None:
            raise ChannelPermanent("channel_service_unknown")
        return bool(service.notify(title=notice.title, body=notice.text or notice.title))

    try:
        is_sent = await asyncio.to_thread(work)
    except ChannelPermanent:
        raise
    except Exception as error:  # noqa: BLE001 - its services raise what their libraries raise
        _log.debug("apprise failed", exc_info=True)
        raise ChannelTransient(
            "channel_service_failed", may_have_arrived=True, cause=type(error).__name__
        ) from None
    if not is_sent:
        raise ChannelTransient("channel_service_failed", may_have_arrived=True, cause=None)

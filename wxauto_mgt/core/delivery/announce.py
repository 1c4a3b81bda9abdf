"""Tells the console, and its log, what became of messages and replies.

Called by delivery after each commit.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from wxauto_mgt.core.messages.model import ReplyStateChanged
from wxauto_mgt.core.messages.replies.store import Change
from wxauto_mgt.runtime.event_bus import EventBus

_log = logging.getLogger(__name__)


def announce(bus: EventBus, changes: Iterable[Change]) -> None:
    """Log and publish changes in their order; ids and states only, never a text."""
    for change in changes:
        facts = {"message_id": change.message_id}
        if isinstance(change, ReplyStateChanged):
            _log.info("reply %d is %s", change.reply_id, change.state, extra=facts)
        else:
            _log.info("message is %s", change.state, extra=facts)
        bus.publish(change)

"""What an earlier run left half done, and what a run leaves behind. Called by the composition root.

With the data folder's lock no other process works on these rows, so nobody has to wait for a lease.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from wxauto_mgt.core.delivery import store
from wxauto_mgt.core.messages.model import MessageState, MessageStateChanged
from wxauto_mgt.core.messages.replies import store as replies
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us


@dataclass(frozen=True)
class Recovered:
    """What was found at the start.

    Attributes:
        requeued: messages whose claim was taken back.
        platform_unknown: messages whose platform call must not be repeated; dead letters now.
        sends_unknown: replies that may or may not have been sent.
    """

    requeued: int
    platform_unknown: int
    sends_unknown: int


async def recover(db: Database, *, clock: Clock) -> Recovered:
    """Take back all claims before delivery starts; a sent reply without an answer becomes unknown."""
    now_us = to_us(clock.now())

    def job(tx: sqlite3.Connection) -> Recovered:
        changes: list[replies.Change] = []
        for message_id in store.claimed_messages(tx):
            changes += store.recover_message(tx, message_id, now_us=now_us)
        states = [change.state for change in changes if isinstance(change, MessageStateChanged)]
        lost = replies.lose_open_sends(
            tx, instance_id=None, reason="interrupted", settled_by="restart", now_us=now_us
        )
        return Recovered(
            requeued=states.count(MessageState.QUEUED),
            platform_unknown=states.count(MessageState.DEAD),
            sends_unknown=sum(not isinstance(change, MessageStateChanged) for change in lost),
        )

    return await db.run(job)


async def close_run(db: Database, *, clock: Clock) -> None:
    """Give each reply that was sent an end, so that the figures of the run add up; late echoes still count.

    Call it once nothing sends any more.
    """
    now_us = to_us(clock.now())

    def job(tx: sqlite3.Connection) -> None:
        replies.lose_open_sends(tx, instance_id=None, reason="interrupted", settled_by="stop", now_us=now_us)
        replies.give_up_echoes(tx, accepted_before_us=now_us, now_us=now_us)

    await db.run(job)

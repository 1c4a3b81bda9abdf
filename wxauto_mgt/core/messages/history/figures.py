"""The delivery figures of a run, from counters that triggers keep. Report, monitor and window ask.

Counts nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wxauto_mgt.core.messages.history import store
from wxauto_mgt.core.messages.model import MessageState, ReplyState
from wxauto_mgt.storage.database import Database

_SENT = (
    ReplyState.SENDING,
    ReplyState.CONFIRMED,
    ReplyState.UNCONFIRMED,
    ReplyState.UNKNOWN,
    ReplyState.FAILED,
)


@dataclass(frozen=True)
class DeliveryFigures:
    """What became of the rows that a run received, also where a later run dealt with them.

    Attributes:
        received: rows of all kinds; filtered and matched ones are among them.
        delivered: matched ones that a platform answered.
        replied: texts of such answers that were sent or given up. Once nothing is being sent, confirmed,
            unconfirmed, unknown and failed make it up.
        others: rows that other people wrote, replays left out.
    """

    received: int = 0
    filtered: int = 0
    matched: int = 0
    delivered: int = 0
    replied: int = 0
    confirmed: int = 0
    unconfirmed: int = 0
    unknown: int = 0
    failed: int = 0
    dead: int = 0
    held: int = 0
    unmatched: int = 0
    others: int = 0

    def report(self) -> dict[str, int]:
        """The figures as the report and the interfaces name them."""
        names = (
            "received", "filtered", "matched", "delivered", "replied", "confirmed", "unconfirmed", "unknown",
            "failed", "dead",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


async def figures_of_run(db: Database, run_id: str) -> DeliveryFigures:
    """The figures of one run; deleting old messages leaves them as they are."""
    return _figures(await store.counters_of_run(db, run_id))


def _figures(values: Mapping[str, int]) -> DeliveryFigures:
    def message(state: MessageState) -> int:
        return values.get(f"message.{state}", 0)

    def reply(state: ReplyState) -> int:
        return values.get(f"reply.{state}", 0)

    return DeliveryFigures(
        received=sum(message(state) for state in MessageState),
        filtered=message(MessageState.FILTERED),
        matched=values.get("matched", 0),
        delivered=values.get("delivered", 0),
        replied=sum(reply(state) for state in _SENT),
        confirmed=reply(ReplyState.CONFIRMED),
        unconfirmed=reply(ReplyState.UNCONFIRMED),
        unknown=reply(ReplyState.UNKNOWN),
        failed=reply(ReplyState.FAILED),
        dead=message(MessageState.DEAD),
        held=message(MessageState.HELD),
        unmatched=message(MessageState.UNMATCHED),
        others=values.get("others", 0),
    )


@dataclass(frozen=True)
class OpenDecisions:
    """What waits for work or for a person right now."""

    queued: int
    delivering: int
    held: int
    dead: int
    replies_pending: int


async def open_decisions(db: Database) -> OpenDecisions:
    """Counts of what is there now; discarded dead letters are left out."""
    values = await store.counters_now(db)
    return OpenDecisions(
        queued=values.get("message.queued", 0),
        delivering=values.get("message.delivering", 0),
        held=values.get("message.held", 0),
        dead=await store.count_open_dead_letters(db),
        replies_pending=values.get("reply.pending", 0),
    )

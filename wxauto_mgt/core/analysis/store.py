"""What analysis reads from the console database; it writes nothing there. `PerformanceReader` asks."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from wxauto_mgt.core.analysis.model import BusyChat, MessagePath, Stage, StageTime
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us

_CHATS_SHOWN: Final = 5
_LATEST: Final = 5_000
"""Bounds the work whatever the span: neither table has an index by time alone."""

_STAGES = """
SELECT step, count(*) AS count, avg(at_us - before_us) / 1e6 AS mean_s FROM (
    SELECT step, at_us, lag(at_us) OVER (PARTITION BY message_id ORDER BY id) AS before_us
    FROM timeline WHERE id > (SELECT coalesce(max(id), 0) FROM timeline) - ?
) WHERE before_us IS NOT NULL AND at_us >= ? GROUP BY step
"""
_BUSIEST = """
SELECT c.instance_id, c.name, count(*) AS count FROM message m JOIN chat c ON c.id = m.chat_id
WHERE m.id > (SELECT coalesce(max(id), 0) FROM message) - ? AND m.received_at_us >= ?
    AND m.origin = 'other' AND m.verdict <> 'replay'
GROUP BY c.id ORDER BY count DESC, c.id LIMIT ?
"""


class MessagePathStore:
    """Reads stages and busy chats."""

    def __init__(self, *, db: Database) -> None:
        self._db = db

    async def read(self, since: datetime) -> MessagePath:
        """Return the message path since an instant.

        Raises:
            StorageError: the database cannot be read.
        """
        stages = {row["step"]: row for row in await self._db.fetch_all(_STAGES, (_LATEST, to_us(since)))}
        chats = await self._db.fetch_all(_BUSIEST, (_LATEST, to_us(since), _CHATS_SHOWN))
        return MessagePath(
            stages=tuple(
                StageTime(stage, stages[stage.end]["count"], stages[stage.end]["mean_s"])
                for stage in Stage
                if stage.end in stages
            ),
            busiest_chats=tuple(BusyChat(row["instance_id"], row["name"], row["count"]) for row in chats),
        )

"""Messages as rows for other programs. The command line writes them as JSON lines or CSV."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final, TypedDict

from wxauto_mgt.core.messages.history import store
from wxauto_mgt.storage.times import from_us


class ExportRow(TypedDict):
    """One exported message; `reply_state` is that of its last reply."""

    id: int
    instance_id: str
    chat: str
    sender: str
    type: str
    content: str
    received_at: str
    state: str
    platform: str | None
    reply: str | None
    reply_state: str | None


EXPORT_FIELDS: Final = tuple(ExportRow.__annotations__)


def export_messages(connection: sqlite3.Connection) -> Iterator[ExportRow]:
    """Yield all messages, oldest first, while reading; times are ISO-8601 in UTC."""
    for row in store.export_rows(connection):
        yield ExportRow(
            id=row["id"],
            instance_id=row["instance_id"],
            chat=row["chat"],
            sender=row["sender"],
            type=row["type"],
            content=row["content"],
            received_at=from_us(row["received_at_us"]).isoformat(),
            state=row["state"],
            platform=row["platform"],
            reply=row["reply"],
            reply_state=row["reply_state"],
        )

"""Fills a console database with messages that look as if they had been received, faster than receiving them.

Triggers and indexes are off while rows go in and put back unchanged; the figures that the triggers would have
kept are computed from the rows.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

RUN_ID: Final = "bench"

_ROWS: Final = """
WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < :messages)
INSERT INTO message (chat_id, instance_id, run_id, channel, origin, sender, kind, content, upstream_id, raw,
                     received_at_us, verdict, state)
SELECT chat.id, chat.instance_id, :run, 'window', iif(n % 3 = 2, 'own', 'other'), '顾客' || (n % 7), 'text',
       '你好，请问订单 ' || n || ' 什么时候可以发货？', '42' || n, '{}', :first_us + n * 1000000, 'new',
       iif(n % 3 = 2, 'filtered', 'done')
FROM number JOIN chat ON chat.id = (n * 7919) % :chats + 1
"""
_FIGURES: Final = """
INSERT INTO counter (scope, name, value)
SELECT 'run:' || :run, name, value FROM
    (SELECT 'others' AS name, count(*) AS value FROM message WHERE origin = 'other'
     UNION ALL SELECT 'message.' || state, count(*) FROM message GROUP BY state)
"""
_CHATS: Final = """
UPDATE chat SET message_count = found.others, last_message_at_us = found.newest_us
FROM (SELECT chat_id, sum(origin = 'other') AS others, max(received_at_us) AS newest_us FROM message
      GROUP BY chat_id) AS found
WHERE found.chat_id = chat.id
"""


def store_messages(path: Path, *, messages: int, chats: list[tuple[str, str]]) -> None:
    """Put `messages` rows into an empty, migrated database that nobody has open.

    Args:
        chats: instance id and name of each; the rows are spread evenly over them, mixed in time.
    """
    values = {"messages": messages, "chats": len(chats), "run": RUN_ID, "first_us": 1_700_000_000_000_000}
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO chat (instance_id, name) VALUES (?, ?)", chats)
        taken = _take_off(connection)
        connection.execute(_ROWS, values)
        connection.execute(_CHATS)
        connection.execute(_FIGURES, values)
        for sql in taken:
            connection.execute(sql)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _take_off(connection: sqlite3.Connection) -> list[str]:
    """Drop triggers and indexes of the messages; returns the statements that make them again."""
    found = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema"
        " WHERE tbl_name = 'message' AND type IN ('trigger', 'index') AND sql IS NOT NULL"
    ).fetchall()
    for kind, name, _sql in found:
        connection.execute(f"DROP {kind} {name}")
    return [sql for _kind, _name, sql in found]

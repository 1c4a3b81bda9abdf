"""Exports, figures and clean-up tell the truth about the rows."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator

import pytest

from tests.core.delivery.desk import Desk
from tests.fakes.clock import FakeClock
from wxauto_mgt.core.delivery.recovery import close_run
from wxauto_mgt.core.messages.history.export import EXPORT_FIELDS, export_messages
from wxauto_mgt.core.messages.history.figures import figures_of_run, open_decisions
from wxauto_mgt.core.messages.history.retention import RETENTION, MessageRetention
from wxauto_mgt.core.messages.settings import MessageSettings
from wxauto_mgt.core.platforms.contract import PlatformReply
from wxauto_mgt.storage.database import Database, open_readonly

DAY_S = 86_400


@pytest.fixture
async def desk(db: Database, fake_clock: FakeClock) -> AsyncIterator[Desk]:
    built = Desk(db, fake_clock)
    yield built
    await built.supervisor.stop("")


async def test_an_export_reads_beside_a_running_console(desk: Desk) -> None:
    desk.open_platform(lambda request: PlatformReply(("one", "two")))
    desk.start()
    await desk.receive("=1+1")
    await desk.until_messages("done")
    await desk.receive("open")
    connection = open_readonly(desk.db.path)
    try:
        rows = list(export_messages(connection))
    finally:
        connection.close()
    assert tuple(rows[0]) == EXPORT_FIELDS
    assert rows[0] == {
        "id": 1,
        "instance_id": "pc1",
        "chat": "张三",
        "sender": "张三",
        "type": "text",
        "content": "=1+1",
        "received_at": "2026-01-01T00:00:00+00:00",
        "state": "done",
        "platform": "p1",
        "reply": "one\ntwo",
        "reply_state": "unconfirmed",
    }


async def test_the_figures_of_a_run_add_up_once_it_is_closed(desk: Desk) -> None:
    desk.open_platform()
    desk.window()
    desk.start()
    await desk.receive("a", "b")
    await desk.until_sent("re: a", "re: b")
    await desk.echo("re: a")
    await desk.until_replies("confirmed", "sending")
    await desk.until_step("send_accepted", 2)
    await desk.stop()
    await close_run(desk.db, clock=desk.clock)
    assert (await figures_of_run(desk.db, "run1")).report() == {
        "received": 3,
        "filtered": 1,
        "matched": 2,
        "delivered": 2,
        "replied": 2,
        "confirmed": 1,
        "unconfirmed": 1,
        "unknown": 0,
        "failed": 0,
        "dead": 0,
    }


async def test_old_messages_go_with_all_that_belongs_to_them_and_the_figures_stay(desk: Desk) -> None:
    desk.open_platform()
    desk.window()
    desk.start()
    await desk.receive("old")
    await desk.until_sent("re: old")
    await desk.echo("re: old")
    await desk.until_messages("done")
    await desk.stop()
    await desk.receive("open")
    before = await figures_of_run(desk.db, "run1")
    await desk.clock.advance(181 * DAY_S)
    retention = MessageRetention(db=desk.db, clock=desk.clock, settings=MessageSettings)
    desk.supervisor.start(RETENTION, retention.run)
    await desk.until_messages("queued")
    for _ in range(3):
        await desk.clock.advance(1.0)
    assert await desk.messages() == [("open", "queued", None)]
    assert await figures_of_run(desk.db, "run1") == before
    assert (await open_decisions(desk.db)).queued == 1
    for table in ("reply", "platform_attempt"):
        assert await desk.db.fetch_all(f"SELECT 1 FROM {table}") == []
    orphans = await desk.db.fetch_all("SELECT 1 FROM timeline WHERE message_id <> 3")
    assert orphans == []


async def test_zero_days_keep_everything(desk: Desk) -> None:
    await desk.echo("own")
    await desk.clock.advance(4000 * DAY_S)
    keep = MessageRetention(
        db=desk.db, clock=desk.clock, settings=lambda: MessageSettings(message_retention_days=0)
    )
    assert await keep.clean_up(lambda: None) == 0


async def test_an_id_is_never_given_twice(desk: Desk) -> None:
    """What is stored after a send must have a higher id, also when everything before it was deleted."""
    await desk.echo("own")
    await desk.db.run(lambda tx: tx.execute("DELETE FROM timeline").rowcount)
    await desk.db.run(lambda tx: tx.execute("DELETE FROM message").rowcount)
    await desk.receive("a")
    assert [line["id"] for line in await desk.db.fetch_all("SELECT id FROM message")] == [2]


@pytest.mark.parametrize(
    ("table", "states", "allowed"),
    [
        (
            "message",
            ("queued", "delivering", "done", "filtered", "unmatched", "held", "dead"),
            {
                "queued>delivering", "queued>unmatched", "queued>filtered",
                "delivering>queued", "delivering>done", "delivering>dead",
                "held>queued", "held>filtered",
                "dead>queued", "dead>delivering", "dead>done", "done>dead",
            },
        ),
        (
            "reply",
            ("pending", "sending", "confirmed", "unconfirmed", "failed", "unknown"),
            {
                "pending>sending", "pending>failed", "sending>pending", "sending>confirmed",
                "sending>unconfirmed", "sending>unknown", "sending>failed", "unconfirmed>confirmed",
                "unconfirmed>failed", "unknown>confirmed", "unknown>failed", "failed>pending",
            },
        ),
    ],
)  # fmt: skip
async def test_the_tables_refuse_every_other_change_of_state(
    desk: Desk, table: str, states: tuple[str, ...], allowed: set[str]
) -> None:
    desk.open_platform()
    desk.start()
    await desk.receive("a")
    await desk.until_messages("done")
    await desk.stop()

    def job(tx: sqlite3.Connection) -> set[str]:
        tx.execute("SAVEPOINT probe")
        passed = set()
        trigger = f"{table}_life_cycle"
        body = tx.execute("SELECT sql FROM sqlite_master WHERE name = ?", (trigger,)).fetchone()[0]
        for before in states:
            for after in states:
                if before == after:
                    continue
                tx.execute(f"DROP TRIGGER {trigger}")
                tx.execute(f"UPDATE {table} SET state = ? WHERE id = 1", (before,))
                tx.execute(body)
                try:
                    tx.execute(f"UPDATE {table} SET state = ? WHERE id = 1", (after,))
                    passed.add(f"{before}>{after}")
                except sqlite3.IntegrityError:
                    pass
        tx.execute("ROLLBACK TO probe")
        return passed

    await desk.db.run(lambda tx: tx.execute("UPDATE reply SET accepted_at_us = NULL").rowcount)
    assert await desk.db.run(job) == allowed

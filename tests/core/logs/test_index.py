"""Search of the log records against a scan of all of them; what is counted, kept and left out."""

from __future__ import annotations

import asyncio
import sqlite3
import string
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.clock import FakeClock
from wxauto_mgt.core.logs import store
from wxauto_mgt.core.logs.index import LogIndex
from wxauto_mgt.core.logs.query import LogQuery
from wxauto_mgt.core.logs.record import Category, Fact, Level, LogEntry
from wxauto_mgt.storage.database import Database

START = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
MIGRATION = Path(store.__file__).parents[2] / "storage" / "migrations" / "telemetry" / "0003_logs.sql"


def entry(
    message: str,
    *,
    number: int = 1,
    after_s: float = 0,
    level: Level = Level.INFO,
    category: Category = Category.SYSTEM,
    instance_id: str | None = None,
    facts: dict[str, Fact] | None = None,
) -> LogEntry:
    return LogEntry(
        sequence=number,
        timestamp=START + timedelta(seconds=after_s),
        level=level,
        category=category,
        message=message,
        module="m",
        function="f",
        line_number=1,
        request_id=None,
        user_id=None,
        instance_id=instance_id,
        message_id=None,
        trace_id=None,
        exception=None,
        facts=facts or {},
    )


@pytest.fixture
async def telemetry(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(
        tmp_path / "telemetry.db", kind="telemetry", synchronous="NORMAL", backup_dir=tmp_path / "backups"
    )
    yield database
    await database.close()


def index_of(
    telemetry: Database, clock: FakeClock, *, most_records: int = 100, capacity: int = 100
) -> LogIndex:
    return LogIndex(
        telemetry=telemetry,
        clock=clock,
        kept_days=lambda: 30,
        most_records=most_records,
        queue_capacity=capacity,
    )


@pytest.fixture
async def index(telemetry: Database, fake_clock: FakeClock) -> LogIndex:
    index = index_of(telemetry, fake_clock)
    await index.open()
    return index


async def found(index: LogIndex, text: str = "", **filters: object) -> list[str]:
    page = await index.search(LogQuery(text=text, **filters))  # type: ignore[arg-type]
    return [one.message for one in page.entries]


async def keep(index: LogIndex, entries: Sequence[LogEntry]) -> None:
    for one in entries:
        index.take(one)
    await index.write()


# Few characters, so that words meet by chance; some that fold to two, end a C string or have no UTF-8.
TEXTS = st.text(alphabet="监听服务没有运行 abAB\"'%*ßİ\0\ud800\U00020000", max_size=12)
ENTRIES = st.builds(
    entry,
    TEXTS,
    after_s=st.integers(-50, 50),
    level=st.sampled_from(Level),
    category=st.sampled_from((Category.API, Category.UI)),
    instance_id=st.sampled_from((None, "pc1", "监听")),
    facts=st.dictionaries(st.sampled_from(("route", "次数")), TEXTS, max_size=2),
)
INSTANTS = st.none() | st.builds(lambda after_s: START + timedelta(seconds=after_s), st.integers(-50, 50))
QUERIES = st.builds(
    LogQuery,
    text=st.text(alphabet="监听服务没有运行 abAB\"'%*ßİ\0\ud800\U00020000", max_size=7),
    levels=st.frozensets(st.sampled_from(Level), max_size=2),
    category=st.sampled_from((None, Category.API)),
    instance_id=st.sampled_from((None, "pc1", "监听")),
    since=INSTANTS,
    until=INSTANTS,
    limit=st.integers(1, 4),
)


def folded(text: str) -> str:
    return text.replace("\0", " ").casefold().replace("\ud800", "?")


def is_wanted(one: LogEntry, query: LogQuery) -> bool:
    """The slow and obvious search."""
    fields = [one.message, one.module, one.instance_id or ""]
    fields += [f"{name}={value}" for name, value in one.facts.items()]
    return (
        all(any(word in folded(field) for field in fields) for word in folded(query.text).split())
        and (not query.levels or one.level in query.levels)
        and query.category in (None, one.category)
        and query.instance_id in (None, one.instance_id)
        and (query.since is None or one.timestamp >= query.since)
        and (query.until is None or one.timestamp < query.until)
    )


@settings(max_examples=300, deadline=None)
@given(
    entries=st.lists(ENTRIES, max_size=25),
    query=QUERIES,
    has_full_text=st.booleans(),
    before=st.none() | st.integers(1, 26),
)
def test_search_finds_what_a_scan_finds(
    entries: list[LogEntry], query: LogQuery, has_full_text: bool, before: int | None
) -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(MIGRATION.read_text("utf-8"))
    assert store.open_full_text(connection)
    store.insert(connection, entries, has_full_text=True)
    expected = [
        number
        for number, one in reversed(list(enumerate(entries, 1)))
        if is_wanted(one, query) and (before is None or number < before)
    ]
    query = LogQuery(**{**vars(query), "before": before})
    sql, params = store.search_statement(query, has_full_text=has_full_text)
    numbers = [row[0] for row in connection.execute(sql, params)]
    connection.close()
    assert numbers == expected[: query.limit + 1]


@pytest.mark.parametrize(
    "text", ["监", "监听", "监听服", "听服务没有", "PC1", "pc1 没有", "route=/api", "服务 监听"]
)
async def test_words_of_any_length_are_found_in_any_field(index: LogIndex, text: str) -> None:
    wanted = entry("监听服务没有运行", instance_id="pc1", facts={"route": "/api/x"})
    await keep(index, [wanted, entry("delivery went well"), entry("另一条")])
    (one,) = (await index.search(LogQuery(text=text))).entries
    assert one == wanted


async def test_pages_follow_one_another_without_gap_or_repeat(index: LogIndex) -> None:
    await keep(index, [entry(f"消息 {number}") for number in range(7)])
    seen, cursor = [], None
    while True:
        page = await index.search(LogQuery(text="消息", before=cursor, limit=3))
        seen += [one.message for one in page.entries]
        await keep(index, [entry("消息 later")])
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"消息 {number}" for number in reversed(range(7))]


async def test_records_are_counted_by_level_category_and_hour(index: LogIndex) -> None:
    await keep(index, [entry("a"), entry("b", level=Level.ERROR), entry("c", after_s=3600)])
    await keep(index, [entry("d", after_s=3601, category=Category.UI), entry("old", after_s=-7200)])
    counted = await index.statistics(START)
    assert counted.count_by_level[Level.INFO] == 3
    assert counted.count_by_level[Level.ERROR] == 1
    assert counted.count_by_category[Category.UI] == 1
    assert [(hour.start.hour, sum(hour.count_by_level.values())) for hour in counted.hours] == [
        (8, 2),
        (9, 2),
    ]


async def test_too_many_and_too_old_records_leave_the_index(
    telemetry: Database, fake_clock: FakeClock
) -> None:
    index = index_of(telemetry, fake_clock, most_records=3)
    await index.open()
    old = fake_clock.now() - timedelta(days=31) - START
    await keep(index, [entry(f"第{number}条记录") for number in range(5)])
    recent = fake_clock.now() - START
    await keep(index, [entry(f"新的记录{n}", after_s=recent.total_seconds()) for n in range(3)])
    await keep(index, [entry("旧的记录", after_s=old.total_seconds())])
    await index.expire(lambda: None)
    assert await found(index, "的记录") == ["新的记录2", "新的记录1"]
    assert await found(index) == ["新的记录2", "新的记录1"]
    (row,) = await telemetry.fetch_all("SELECT count(*) FROM log_text WHERE log_text MATCH '\"条记录\"'")
    assert row[0] == 0


async def test_full_queue_leaves_records_out_and_counts_them(
    telemetry: Database, fake_clock: FakeClock
) -> None:
    index = index_of(telemetry, fake_clock, capacity=2)
    for letter in string.ascii_lowercase[:5]:
        index.take(entry(letter))
    await index.write()
    assert await found(index) == ["b", "a"]
    assert index.left_out == 3


@pytest.mark.expects_log("the search of the logs misses new records")
async def test_full_disk_is_said_once_and_nothing_queued_is_lost(
    index: LogIndex, telemetry: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await telemetry.run(lambda tx: tx.execute("PRAGMA max_page_count = 1").fetchall())
    await keep(index, [entry("one" * 50_000)])
    await keep(index, [entry("two")])
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    await telemetry.run(lambda tx: tx.execute("PRAGMA max_page_count = 100000").fetchall())
    await index.write()
    assert await found(index) == ["two", "one" * 50_000]


async def test_write_that_is_cancelled_stores_its_records_once(index: LogIndex) -> None:
    index.take(entry("one"))
    task = asyncio.create_task(index.write())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await keep(index, [entry("two")])
    assert await found(index) == ["two", "one"]

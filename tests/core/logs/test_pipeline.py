"""From a log call to the file and the live tail; what a flood and a failing disk do."""

from __future__ import annotations

import gzip
import json
import logging
import shutil
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.waiting import eventually
from wxauto_mgt.core.logs.daily_file import Retention
from wxauto_mgt.core.logs.file_processing import FileProcessingLog
from wxauto_mgt.core.logs.pipeline import LogPipeline, LogPolicy
from wxauto_mgt.core.logs.record import Category, Level
from wxauto_mgt.core.secrets.redaction import Redactor

LISTENING = logging.getLogger("wxauto_mgt.core.listening.poller")
CONFIG = logging.getLogger("wxauto_mgt.core.config.service")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 11, 22, 15, 59, 30, tzinfo=UTC))


@pytest.fixture
async def pipeline(tmp_path: Path, clock: FakeClock) -> AsyncIterator[LogPipeline]:
    pipeline = LogPipeline(
        folder=tmp_path / "logs",
        clock=clock,
        redaction=Redactor(),
        queue_capacity=100,
        zone=timezone(timedelta(hours=8)),
    )
    pipeline.attach()
    yield pipeline
    await pipeline.close()


def lines(folder: Path, name: str = "wxauto_mgt_20261122.log") -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "logs" / name).read_text("utf-8").splitlines()]


async def test_record_reaches_file_and_tail_with_its_facts(pipeline: LogPipeline, tmp_path: Path) -> None:
    LISTENING.info("polled %d chats", 3, extra={"instance_id": "pc1", "route": "/api/x"})
    assert pipeline.flush()
    (line,) = lines(tmp_path)
    assert line["message"] == "polled 3 chats"
    assert line["instance_id"] == "pc1"
    assert line["category"] == "MESSAGE"
    assert line["facts"] == {"route": "/api/x"}
    assert line["timestamp"] == "2026-11-22T15:59:30+00:00"
    (entry,) = pipeline.tail().entries
    assert entry.message == "polled 3 chats"


async def test_file_changes_at_local_midnight(
    pipeline: LogPipeline, clock: FakeClock, tmp_path: Path
) -> None:
    LISTENING.info("before")
    await clock.advance(60)
    LISTENING.info("after")
    assert pipeline.flush()
    assert [line["message"] for line in lines(tmp_path, "wxauto_mgt_20261123.log")] == ["after"]
    await eventually(lambda: not (tmp_path / "logs" / "wxauto_mgt_20261122.log").exists())
    packed = (tmp_path / "logs" / "wxauto_mgt_20261122.log.gz").read_bytes()
    assert json.loads(gzip.decompress(packed))["message"] == "before"


async def test_levels_hold_per_category_and_change_at_run_time(pipeline: LogPipeline) -> None:
    LISTENING.debug("hidden")
    pipeline.apply(LogPolicy(levels={Category.MESSAGE: Level.DEBUG, Category.CONFIG: Level.ERROR}))
    LISTENING.debug("seen")
    CONFIG.info("hidden")
    pipeline.apply(LogPolicy())
    LISTENING.debug("hidden again")
    assert pipeline.flush()
    assert [entry.message for entry in pipeline.tail().entries] == ["seen"]


async def test_loggers_are_as_before_after_closing(tmp_path: Path, clock: FakeClock) -> None:
    product, root = logging.getLogger("wxauto_mgt"), logging.getLogger()
    before = (product.level, list(root.handlers))
    pipeline = LogPipeline(folder=tmp_path, clock=clock, redaction=Redactor())
    pipeline.attach()
    LISTENING.info("last words")
    await pipeline.close()
    assert (product.level, list(root.handlers)) == before
    text = (tmp_path / f"wxauto_mgt_{clock.now().astimezone():%Y%m%d}.log").read_text("utf-8")
    assert "last words" in text


async def test_two_consoles_of_one_process_log_each_as_it_wants(
    pipeline: LogPipeline, tmp_path: Path, clock: FakeClock
) -> None:
    other = LogPipeline(
        folder=tmp_path / "other",
        clock=clock,
        redaction=Redactor(),
        policy=LogPolicy(levels={Category.MESSAGE: Level.DEBUG}),
    )
    other.attach()
    LISTENING.debug("detail")
    await other.close()
    LISTENING.info("still heard")
    pipeline.flush()
    assert [entry.message for entry in other.tail().entries] == ["detail"]
    assert [entry.message for entry in pipeline.tail().entries] == ["still heard"]


async def test_tail_continues_from_a_cursor_and_says_what_it_missed(pipeline: LogPipeline) -> None:
    LISTENING.info("one")
    pipeline.flush()
    first = pipeline.tail()
    assert pipeline.tail(after=first.cursor).entries == ()
    assert pipeline.tail(after=first.cursor).cursor == first.cursor
    for number in range(5):
        LISTENING.info("n%d", number)
    pipeline.flush()
    later = pipeline.tail(after=first.cursor, limit=2)
    assert [entry.message for entry in later.entries] == ["n3", "n4"]
    assert later.missed == 3


async def test_statistics_count_by_level_and_category(pipeline: LogPipeline) -> None:
    LISTENING.info("a")
    LISTENING.info("b")
    CONFIG.info("c")
    pipeline.flush()
    status = pipeline.status()
    assert sum(count for (level, _), count in status.counts.items() if level is Level.INFO) == 3
    assert not any(level is Level.ERROR for level, _ in status.counts)
    assert status.counts[Level.INFO, Category.MESSAGE] == 2
    assert (status.written, status.dropped, status.unwritten) == (3, 0, 0)


class _Stuck(Redactor):
    """Holds the writer's thread, as a disk that hangs would."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.is_entered = threading.Event()

    def redact_text(self, text: str) -> str:
        self.is_entered.set()
        self.go_on.wait(5)
        return text


@pytest.mark.expects_log("too bad")
async def test_flood_drops_the_least_important_counts_it_and_says_so(
    tmp_path: Path, clock: FakeClock
) -> None:
    redaction = _Stuck()
    pipeline = LogPipeline(
        folder=tmp_path / "logs", clock=clock, redaction=redaction, queue_capacity=10, zone=UTC
    )
    pipeline.attach()
    LISTENING.info("first")
    redaction.is_entered.wait(5)
    for number in range(30):
        LISTENING.info("flood %d", number)
    LISTENING.warning("too bad")
    assert pipeline.status().dropped == 20
    assert pipeline.status().queued == 11
    redaction.go_on.set()
    await pipeline.close()
    messages = [line["message"] for line in lines(tmp_path)]
    assert messages[0] == "first"
    assert "too bad" in messages
    assert messages[-1] == "20 log records were dropped"


async def test_disk_that_cannot_be_written_is_counted_visible_and_recovers(
    pipeline: LogPipeline, clock: FakeClock, tmp_path: Path
) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    LISTENING.info("lost 1")
    pipeline.flush()
    status = pipeline.status()
    assert status.unwritten == 1
    assert status.file_error
    LISTENING.info("lost 2")  # not tried again within the second
    pipeline.flush()
    assert pipeline.status().unwritten == 2
    assert pipeline.tail().entries[0].message == "lost 1"
    assert any("cannot be written" in entry.message for entry in pipeline.tail().entries)

    (tmp_path / "logs").unlink()
    await clock.advance(2)
    LISTENING.info("written")
    pipeline.flush()
    assert pipeline.status().file_error is None
    assert [line["message"] for line in lines(tmp_path)] == [
        "The log file can be written again; 2 records so far reached memory only",
        "written",
    ]


async def test_log_folder_that_was_deleted_comes_back(
    pipeline: LogPipeline, clock: FakeClock, tmp_path: Path
) -> None:
    LISTENING.info("one")
    pipeline.flush()
    shutil.rmtree(tmp_path / "logs")
    await clock.advance(24 * 3600)
    LISTENING.info("two")
    pipeline.flush()
    assert [line["message"] for line in lines(tmp_path, "wxauto_mgt_20261123.log")] == ["two"]


async def test_extra_that_cannot_be_rendered_costs_only_its_record(pipeline: LogPipeline) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    LISTENING.info("bad", extra={"thing": Broken()})
    LISTENING.info("good")
    assert pipeline.flush()
    assert [entry.message for entry in pipeline.tail().entries] == ["good"]
    assert pipeline.status().unwritten == 1


def test_policy_without_levels_is_info() -> None:
    policy = LogPolicy(retention=Retention(days=1))
    assert all(policy.level_of(category) is Level.INFO for category in Category)


async def test_taker_gets_each_record_once_with_those_before_it_came(pipeline: LogPipeline) -> None:
    CONFIG.info("before")
    assert pipeline.flush()
    taken: list[str] = []
    pipeline.hand_on(lambda entry: taken.append(entry.message))
    CONFIG.info("after")
    CONFIG.info("last")
    assert pipeline.flush()
    assert taken == ["before", "after", "last"]


async def test_what_happens_to_files_stands_in_a_log_of_its_own_too(
    pipeline: LogPipeline, tmp_path: Path
) -> None:
    LISTENING.info("polled")
    LISTENING.info("fetched", extra={"file_operation": "download", "file": "a.jpg"})
    assert pipeline.flush()
    (line,) = lines(tmp_path, "file_processing.log")
    assert line["facts"] == {"file_operation": "download", "file": "a.jpg"}
    assert len(lines(tmp_path)) == 2


def test_the_log_about_files_keeps_one_older_part(tmp_path: Path) -> None:
    log = FileProcessingLog(tmp_path, most_bytes=10)
    for number in range(5):
        log.write(f"line {number}\n".encode())
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "file_processing.1.log",
        "file_processing.log",
    ]
    assert (tmp_path / "file_processing.log").read_bytes() == b"line 4\n"

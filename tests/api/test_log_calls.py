"""The calls about logs, over a real index."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.clock import FakeClock
from wxauto_mgt.api.answers import Answers
from wxauto_mgt.api.log_calls import LogCalls
from wxauto_mgt.api.replies import JSON
from wxauto_mgt.core.logs.index import LogIndex
from wxauto_mgt.core.logs.record import make_entry
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.storage.database import Database


@pytest.fixture
async def answers(tmp_path: Path, fake_clock: FakeClock) -> AsyncIterator[Answers]:
    telemetry = await Database.open(
        tmp_path / "telemetry.db", kind="telemetry", synchronous="NORMAL", backup_dir=tmp_path / "backups"
    )
    index = LogIndex(telemetry=telemetry, clock=fake_clock, kept_days=lambda: 30)
    await index.open()
    for number, (level, message) in enumerate(
        ((logging.INFO, "监听已开始"), (logging.ERROR, "监听已停止"), (logging.ERROR, "发送失败")), 1
    ):
        record = logging.LogRecord("wxauto_mgt.core.listening.x", level, "x.py", 7, message, None, None)
        record.instance_id = "pc1"
        entry = make_entry(
            record, sequence=number, timestamp=fake_clock.now(), message=message, redaction=Redactor()
        )
        index.take(entry)
    await index.write()
    yield LogCalls(index=index, clock=fake_clock).answers()
    await telemetry.close()


async def call(answers: Answers, method: str, **arguments: JSON) -> Any:
    return (await answers[method](**arguments)).data


async def test_search_filters_and_pages(answers: Answers, fake_clock: FakeClock) -> None:
    first = await call(answers, "search_logs", q="监听", limit=1)
    assert [record["message"] for record in first["logs"]] == ["监听已停止"]
    second = await call(answers, "search_logs", q="监听", limit=1, cursor=first["next_cursor"])
    assert [record["message"] for record in second["logs"]] == ["监听已开始"]
    assert second["next_cursor"] is None
    assert second["logs"][0] == {
        "timestamp": fake_clock.now().isoformat(),
        "level": "INFO",
        "category": "MESSAGE",
        "message": "监听已开始",
        "module": "wxauto_mgt.core.listening.x",
        "function": "",
        "line_number": 7,
        "request_id": None,
        "user_id": None,
        "instance_id": "pc1",
        "message_id": None,
        "trace_id": None,
        "exception": None,
    }
    errors = await call(answers, "search_logs", level="error", category="Message", instance_id="pc1")
    assert [record["message"] for record in errors["logs"]] == ["发送失败", "监听已停止"]
    now = fake_clock.now().isoformat()
    assert (await call(answers, "search_logs", until=now))["logs"] == []
    assert len((await call(answers, "search_logs", since=now))["logs"]) == 3


async def test_statistics_count_levels_by_hour(answers: Answers) -> None:
    counted = await call(answers, "get_log_statistics", hours=1)
    assert counted["levels"]["ERROR"] == 2
    assert counted["categories"]["MESSAGE"] == 3
    assert [hour["levels"]["INFO"] for hour in counted["trend"]] == [1]


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("search_logs", {"level": "LOUD"}),
        ("search_logs", {"category": "nothing"}),
        ("search_logs", {"q": 3}),
        ("search_logs", {"q": "x" * 1001}),
        ("search_logs", {"limit": 0}),
        ("search_logs", {"limit": True}),
        ("search_logs", {"cursor": "-1"}),
        ("search_logs", {"cursor": "9" * 30}),
        ("search_logs", {"since": "yesterday"}),
        ("search_logs", {"until": "2026-11-22T08:00:00"}),
        ("get_log_statistics", {"hours": 0}),
        ("get_log_statistics", {"hours": float("nan")}),
        ("get_log_statistics", {"hours": "1"}),
    ],
)
async def test_arguments_that_make_no_sense_are_refused(
    answers: Answers, method: str, arguments: dict[str, JSON]
) -> None:
    with pytest.raises(PermanentError, match=f"name={next(iter(arguments))}"):
        await call(answers, method, **arguments)

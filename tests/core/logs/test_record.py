"""What a record says, and what it never says."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from wxauto_mgt.core.logs.record import Category, Level, LogEntry, category_of, make_entry
from wxauto_mgt.core.secrets.redaction import Redactor

AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def entry_of(message: str = "hello", *, error: BaseException | None = None, **extra: object) -> LogEntry:
    redactor = Redactor()
    redactor.add_secret("planted-secret-1")
    record = logging.LogRecord(
        "wxauto_mgt.core.delivery.worker",
        logging.INFO,
        "worker.py",
        7,
        message,
        None,
        None if error is None else (type(error), error, error.__traceback__),
        "claim",
    )
    record.__dict__.update(extra)
    return make_entry(record, sequence=1, timestamp=AT, message=record.getMessage(), redaction=redactor)


def test_line_has_the_fields_that_other_programs_rely_on() -> None:
    entry = entry_of(instance_id="pc1", message_id=42, trace_id="t", request_id="r", user_id="u")
    document = json.loads(entry.as_json_line())
    assert document == {
        "timestamp": "2026-11-22T08:30:00+00:00",
        "level": "INFO",
        "category": "DELIVERY",
        "message": "hello",
        "module": "wxauto_mgt.core.delivery.worker",
        "function": "claim",
        "line_number": 7,
        "request_id": "r",
        "user_id": "u",
        "instance_id": "pc1",
        "message_id": "42",
        "trace_id": "t",
        "exception": None,
    }


@pytest.mark.parametrize(
    ("module", "category"),
    [
        ("wxauto_mgt.core.instances.client", Category.API),
        ("wxauto_mgt.core.listening.poller", Category.MESSAGE),
        ("wxauto_mgt.core.platforms.openai.plugin", Category.DELIVERY),
        ("wxauto_mgt.storage.writer", Category.DATABASE),
        ("wxauto_mgt.core.config", Category.CONFIG),
        ("wxauto_mgt.ui.pages.logs", Category.UI),
        ("wxauto_mgt.runtime.supervisor", Category.SYSTEM),
        ("asyncio", Category.SYSTEM),
    ],
)
def test_category_comes_from_the_module_path(module: str, category: Category) -> None:
    assert category_of(module) is category


def test_caller_may_name_the_audit_category() -> None:
    assert entry_of(category=Category.AUDIT).category is Category.AUDIT


def test_secrets_are_masked_by_value_and_by_field_name_everywhere() -> None:
    entry = entry_of(
        "key planted-secret-1",
        error=ValueError("refused planted-secret-1"),
        api_key="short",
        url="http://x/?k=planted-secret-1",
        trace_id="planted-secret-1",
        nested={"password": "pw", "list": ["planted-secret-1"]},
    )
    line = entry.as_json_line().decode()
    assert "planted-secret-1" not in line
    assert "short" not in line
    assert "'pw'" not in line
    assert "ValueError: refused ***" in line


@pytest.mark.parametrize("field", ["content", "text", "body", "reply", "raw", "prompt"])
def test_what_people_wrote_is_not_logged_even_when_given(field: str) -> None:
    extra: dict[str, Any] = {field: "悄悄话"}
    assert "悄悄话" not in entry_of(**extra).as_json_line().decode()


def test_line_is_valid_utf8_and_json_whatever_the_values() -> None:
    entry = entry_of("half a pair \ud83d and 中文", ratio=float("nan"), top=float("inf"), thing=object())
    document = json.loads(entry.as_json_line().decode("utf-8", "strict"))
    assert document["message"] == "half a pair \ud83d and 中文"
    assert document["facts"]["ratio"] == "nan"
    assert "中文" in entry.as_json_line().decode()


@pytest.mark.parametrize(
    ("number", "level"),
    [(5, Level.DEBUG), (10, Level.DEBUG), (25, Level.INFO), (30, Level.WARNING), (99, Level.CRITICAL)],
)
def test_numbers_between_levels_belong_to_the_lower_one(number: int, level: Level) -> None:
    assert Level.of(number) is level

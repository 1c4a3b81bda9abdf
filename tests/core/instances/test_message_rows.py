"""Who wrote a row, in both message families."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxauto_mgt.core.instances.message_rows import row_of, rows_of_chat
from wxauto_mgt.core.wire import Origin


@pytest.mark.parametrize(
    ("item", "origin"),
    [
        # 39.x: `type` is the content kind
        ({"type": "text", "sender": "张三"}, Origin.OTHER),
        ({"type": "image", "sender": "张三", "content": "[图片]"}, Origin.OTHER),
        ({"type": "text", "sender": "self"}, Origin.OWN),
        ({"type": "voice", "sender": "self"}, Origin.OWN),
        ({"type": "base", "sender": "system", "content": "张三撤回了一条消息"}, Origin.SYSTEM),
        (
            {"type": "base", "sender": "system", "content": "9:00", "time": "2026-01-01 09:00:00"},
            Origin.TIME_MARK,
        ),
        ({"type": "base", "sender": "system", "content": "以下为新消息"}, Origin.DIVIDER),
        ({"type": "base", "sender": "system", "content": "9:00", "time": ""}, Origin.SYSTEM),
        ({"type": "base", "sender": "system", "content": "9:00", "time": None}, Origin.SYSTEM),
        ({"type": "other", "sender": "base"}, Origin.SYSTEM),
        ({"type": "text", "sender": "system"}, Origin.SYSTEM),
        ({"type": "text", "sender": "以下为新消息", "content": "以下为新消息"}, Origin.OTHER),
        ({"type": "text", "sender": "张三", "content": "以下为新消息"}, Origin.OTHER),
        # 3.9.x: `type` is the origin
        ({"type": "friend", "sender": "张三"}, Origin.OTHER),
        ({"type": "self", "sender": "Self"}, Origin.OWN),
        ({"type": "sys", "sender": "SYS"}, Origin.SYSTEM),
        ({"type": "recall", "sender": "Recall"}, Origin.SYSTEM),
        ({"type": "time", "sender": "Time", "content": "昨天 9:00"}, Origin.TIME_MARK),
        # people with unlucky names
        ({"type": "text", "sender": "Time"}, Origin.OTHER),
        ({"type": "text", "sender": "Self"}, Origin.OTHER),
        ({"type": "text", "sender": "SYS"}, Origin.OTHER),
        ({"type": "text", "sender": "Recall"}, Origin.OTHER),
        ({"type": "text", "sender": "System"}, Origin.OTHER),
        ({"type": "friend", "sender": "Time"}, Origin.OTHER),
        ({"type": "friend", "sender": "self"}, Origin.OTHER),
        ({"type": "friend", "sender": "system"}, Origin.OTHER),
        # what the server could not convert
        ({"type": "error", "sender": "", "id": ""}, Origin.UNKNOWN),
        ({"type": "text", "sender": ""}, Origin.UNKNOWN),
        ({"type": "unknown", "sender": "张三"}, Origin.OTHER),
        ({"type": None, "sender": "张三"}, Origin.UNKNOWN),
        ({"type": "text", "sender": None}, Origin.UNKNOWN),
        ({"type": "text", "sender": "张三", "content": None}, Origin.UNKNOWN),
    ],
)
def test_origin(item: dict[str, str | None], origin: Origin) -> None:
    assert row_of({"content": "你好", **item}).origin is origin


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ({"type": "text"}, "text"),
        ({"type": "Quote"}, "quote"),
        ({"type": "friend", "mtype": None}, "text"),
        ({"type": "friend", "mtype": "image"}, "image"),
        ({"type": "self", "mtype": 1}, "text"),
        ({"type": "sys"}, "base"),
        ({"type": "time"}, "base"),
    ],
)
def test_kinds_of_both_families_are_folded(item: dict[str, str | int | None], kind: str) -> None:
    assert row_of({"content": "x", "sender": "张三", **item}).kind == kind


def test_ids_stay_texts_of_any_length() -> None:
    def upstream_id(value: str | int | None) -> str:
        return row_of({"type": "text", "content": "x", "sender": "张三", "id": value}).upstream_id

    assert upstream_id("42137703645912345678") == "42137703645912345678"
    assert upstream_id(42137703645912345678) == "42137703645912345678"
    assert upstream_id(None) == ""


def test_time_text_is_kept_on_time_rows_only() -> None:
    stamp = "2026-01-01 09:00:00"
    time_row = row_of({"type": "base", "content": "9:00", "sender": "system", "time": stamp})
    assert time_row.time_text == stamp
    old = row_of({"type": "time", "content": "昨天 9:00", "sender": "Time"})
    assert old.time_text == "昨天 9:00"
    assert row_of({"type": "text", "content": "x", "sender": "张三", "time": stamp}).time_text is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
items = json_values | st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("type", "content", "sender", "sender_remark", "id", "time", "mtype"), json_values
    ),
)


@given(name=st.text(), values=st.lists(items, max_size=5))
def test_nothing_is_dropped_and_everything_can_be_stored(name: str, values: list[object]) -> None:
    chat = rows_of_chat(name, values)  # type: ignore[arg-type]
    assert len(chat.rows) == len(values)
    chat.name.encode()
    for row, value in zip(chat.rows, values, strict=True):
        assert json.dumps(json.loads(row.raw)) == json.dumps(value)
        for text in (
            row.content,
            row.sender,
            row.kind,
            row.upstream_id,
            row.sender_remark,
            row.time_text,
            row.raw,
        ):
            (text or "").encode()

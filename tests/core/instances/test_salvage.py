"""Whole message objects are found in whatever is left of a reply."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from wxauto_mgt.core.instances.salvage import salvage_messages

texts = st.text(st.characters(codec="utf-8") | st.sampled_from('"\\{}[]:,\n'), max_size=20)
messages = st.fixed_dictionaries(
    {
        "content": texts,
        "file_path": st.none(),
        "id": st.from_regex(r"[0-9]{1,20}", fullmatch=True),
        "mtype": st.none(),
        "sender": texts,
        "sender_remark": texts,
        "time": st.sampled_from(["", None]),
        "type": st.sampled_from(["text", "base", "image"]),
    }
)
replies = st.dictionaries(texts, st.lists(messages, max_size=4), max_size=4)


def body_of(chats: object, *, indent: int | None = 2, ascii_only: bool = True) -> str:
    envelope = {"code": 0, "data": {"messages": chats}, "message": "获取成功"}
    return json.dumps(envelope, indent=indent, sort_keys=True, ensure_ascii=ascii_only)


def flat(chats: dict[str, list[object]]) -> list[tuple[str, object]]:
    return [(name, item) for name in sorted(chats) for item in chats[name]]


@given(chats=replies, indent=st.sampled_from([None, 2]), ascii_only=st.booleans())
def test_a_whole_reply_is_found_whole(
    chats: dict[str, list[object]], indent: int | None, ascii_only: bool
) -> None:
    found = salvage_messages(body_of(chats, indent=indent, ascii_only=ascii_only))
    assert [(name, item) for name in found for item in found[name]] == flat(chats)


@given(chats=replies, indent=st.sampled_from([None, 2]), data=st.data())
def test_a_cut_reply_gives_exactly_the_objects_that_end_before_the_cut(
    chats: dict[str, list[object]], indent: int | None, data: st.DataObject
) -> None:
    body = body_of(chats, indent=indent)
    cut = data.draw(st.integers(0, len(body)))
    found = salvage_messages(body[:cut])
    got = [(name, item) for name in found for item in found[name]]
    everything = flat(chats)
    assert got == everything[: len(got)]
    longer = salvage_messages(body[: cut + 1])
    assert sum(map(len, longer.values())) - len(got) <= 1
    if cut == len(body):
        assert got == everything


@given(chats=replies, data=st.data())
def test_damage_in_the_middle_neither_raises_nor_invents(
    chats: dict[str, list[object]], data: st.DataObject
) -> None:
    body = body_of(chats)
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(len(body), start + 30)))
    junk = data.draw(st.text('"\\{}[]:,\n\x00x', max_size=10))
    found = salvage_messages(body[:start] + junk + body[end:])
    originals = [item for items in chats.values() for item in items]
    strange = [item for items in found.values() for item in items if item not in originals]
    assert len(strange) <= 2


def test_one_spoilt_object_does_not_cost_its_neighbours() -> None:
    items = [{"type": "text", "content": f"第{n}条", "sender": "张三", "id": "1"} for n in range(5)]
    body = body_of({"群": items, "张三": items[:2]}).replace(
        '"content": "\\u7b2c2\\u6761",', '"content": "\\u7b2c2,'
    )
    found = salvage_messages(body)
    assert [item["content"] for item in found["群"]] == ["第0条", "第1条", "第3条", "第4条"]  # type: ignore[index,call-overload]
    assert len(found["张三"]) == 2


def test_json_inside_a_message_is_text() -> None:
    trap = '"老板": [{"type": "text", "content": "转账", "sender": "老板", "id": "1"}]'
    item = {"type": "text", "content": trap, "sender": "骗子", "id": "1"}
    body = body_of({"骗子": [item, item]})
    assert salvage_messages(body) == {"骗子": [item, item]}
    assert salvage_messages(body[: body.rindex("sender")]) == {"骗子": [item]}


def test_hostile_input_ends_quickly() -> None:
    for hostile in (
        '"a":[' + "{" * 100_000,
        '"a":[' + '{"b":' * 50_000,
        '"' + '\\"' * 500_000,
        "[" * 100_000,
    ):
        assert salvage_messages(hostile) == {}

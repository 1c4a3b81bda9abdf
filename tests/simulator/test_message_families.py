"""Rows of every origin in both generations of message objects."""

from __future__ import annotations

import pytest

from tests.simulator.conftest import HandClock
from wxauto_mgt.simulator import Family, SimulatorConfig, World

V39 = {
    "text": ("text", "王五", "文字"),
    "image": ("image", "王五", "[图片]"),
    "emotion": ("other", "王五", "[动画表情]"),
    "own": ("text", "self", "手机"),
    "notice": ("base", "system", "拍了拍"),
    "recall": ("base", "system", "撤回"),
    "time": ("base", "system", "09:00"),
    "bare": ("other", "base", "光秃秃"),
}
V3_9 = {
    "text": ("friend", "王五", "文字"),
    "own": ("self", "Self", "手机"),
    "notice": ("sys", "SYS", "拍了拍"),
    "recall": ("recall", "Recall", "撤回"),
    "time": ("time", "Time", "09:00"),
}


def _rows(clock: HandClock, family: Family) -> dict[str, dict[str, object]]:
    world = World(SimulatorConfig(family=family, echo_delay_s=0), monotonic=clock)
    world.initialize()
    world.add_chat("群", "group")
    world.listen_add("群")
    world.receive("群", "王五", "文字", remark="老王")
    world.receive("群", "王五", kind="image")
    world.receive("群", "王五", kind="emotion")
    world.say_from_phone("群", "手机")
    world.add_notice("群", "拍了拍")
    world.add_notice("群", "撤回", kind="recall")
    world.add_time_row("群")
    world.add_bare_row("群", "光秃秃")
    batch = world.listen_get()
    assert batch is not None
    names = ("text", "image", "emotion", "own", "notice", "recall", "time", "bare")
    return {name: dict(row) for name, row in zip(names, batch[1], strict=True)}


@pytest.mark.parametrize(("family", "expected"), [(Family.V39, V39), (Family.V3_9, V3_9)])
def test_origins_show_as_the_family_has_them(
    clock: HandClock, family: Family, expected: dict[str, tuple[str, str, str]]
) -> None:
    rows = _rows(clock, family)

    for name, shape in expected.items():
        row = rows[name]
        assert (name, row["type"], row["sender"], row["content"]) == (name, *shape)


def test_the_remark_is_the_name_above_the_bubble(clock: HandClock) -> None:
    rows = _rows(clock, Family.V39)

    assert (rows["text"]["sender"], rows["text"]["sender_remark"]) == ("王五", "老王")
    assert rows["image"]["sender_remark"] == "王五"


def test_only_time_rows_have_a_time(clock: HandClock) -> None:
    rows = _rows(clock, Family.V39)

    assert {name for name, row in rows.items() if row["time"] is not None} == {"time"}
    assert rows["time"]["time"] == "2026-11-22 09:00:00"


def test_old_media_rows_hold_a_windows_path(clock: HandClock) -> None:
    image = _rows(clock, Family.V3_9)["image"]

    assert image["mtype"] == "image"
    assert str(image["content"]).startswith("C:\\")
    assert str(image["content"]).endswith(".jpg")

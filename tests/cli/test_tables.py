"""Columns line up in a terminal whatever stands in them, and nothing in them steers it."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxauto_mgt.cli.tables import Cell, Colour, painted, printable, table, text_width
from wxauto_mgt.cli.terminal import shows_colours


@pytest.mark.parametrize(
    ("text", "width"),
    [("", 0), ("abc", 3), ("张三", 4), ("ｆｕｌｌ", 8), ("e\u0301", 1), ("，。", 4), ("😀", 2), ("—", 1)],
)
def test_width_is_that_of_a_terminal(text: str, width: int) -> None:
    assert text_width(text) == width


def test_columns_begin_at_the_same_place_in_every_line() -> None:
    rows = [("张三", "1", "甲"), ("bob", "22", "乙"), ("一个很长的名字", "333", "丙")]
    lines = list(table(("谁", "数", "x"), rows, width=None, is_coloured=False))
    starts = {text_width(line[: line.index(last)]) for line, last in zip(lines, "x甲乙丙", strict=True)}
    assert len(starts) == 1
    assert lines[2] == "bob" + " " * 13 + "22   乙"


def test_the_last_column_is_cut_to_the_terminal() -> None:
    rows = [("a", "中文中文中文中文中文"), ("b", "short")]
    lines = list(table((), rows, width=14, is_coloured=False))
    assert lines == ["a  中文中文中…", "b  short"]
    assert all(text_width(line) <= 14 for line in lines)
    assert next(table((), rows, width=2, is_coloured=False)) == "a  中文中…"


def test_colours_take_no_room() -> None:
    rows = [(Cell("ok", Colour.GOOD), "x"), (Cell("broken", Colour.BAD), "y")]
    plain = list(table((), rows, width=None, is_coloured=False))
    coloured = list(table((), rows, width=None, is_coloured=True))
    assert plain == ["ok      x", "broken  y"]
    assert coloured == ["\x1b[32mok\x1b[0m      x", "\x1b[31mbroken\x1b[0m  y"]
    assert painted("", Colour.BAD, is_coloured=True) == ""


def test_no_rows_make_no_lines() -> None:
    assert list(table((), [], width=80, is_coloured=False)) == []


@given(st.text())
def test_foreign_text_is_one_harmless_line(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert "\x1b" not in shown


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"WT_SESSION": "1"}, True),
        ({}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_are_for_terminals_whose_user_wants_them(environment: dict[str, str], expected: bool) -> None:
    assert shows_colours(_Terminal(), environment) is expected
    assert not shows_colours(io.StringIO(), environment)

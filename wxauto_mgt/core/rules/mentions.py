"""Whether a message's text mentions somebody with @. Pure; the matcher calls it."""

from __future__ import annotations

from collections.abc import Sequence


def mentions_any(text: str, marks: Sequence[str]) -> bool:
    """Whether one of `@name` stands in the text, ended by white space or the text's end.

    WeChat puts U+2005 behind the name that it inserts; older clients and people type a plain space.

    A name that begins another one followed by a space ("Bob" in "@Bob Smith") counts as mentioned: with a
    plain space the two cannot be told apart.
    """
    return any(_mentions(text, mark) for mark in marks)


def _mentions(text: str, mark: str) -> bool:
    start = text.find(mark)
    while start != -1:
        end = start + len(mark)
        if end == len(text) or text[end].isspace():
            return True
        start = text.find(mark, end)
    return False

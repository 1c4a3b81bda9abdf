"""Titles and messages that alerts and notices bear, and who did something, put into words.

Called by the view-models of pages.
"""

from __future__ import annotations

from collections.abc import Mapping

from wxauto_mgt.core.notifications.templates import fill
from wxauto_mgt.errors import Fact
from wxauto_mgt.ui.words import Words


def told(words: Words, text: str, params: Mapping[str, Fact]) -> str:
    """A key of the catalogue, or a person's own template, with its facts."""
    shown = {
        name: words.number(value, digits=2) if isinstance(value, float) else value
        for name, value in params.items()
    }
    level = f"alerts.level.{params.get('level')}"
    if words.has(level):
        shown["level"] = words(level)
    return words(text, **shown) if words.has(text) else fill(text, shown)


def who_word(words: Words, who: str) -> str:
    """Who it was, as people call it: a door of this console, or a token of the interface."""
    door, _, name = who.partition(":")
    if name and words.has(f"audit.who_{door}"):
        return words(f"audit.who_{door}", name=name)
    key = f"settings.who_{who}"
    return words(key) if words.has(key) else who

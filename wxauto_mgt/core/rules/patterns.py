"""The small pattern language of a rule: `*`, one text, a comma list, or `regex:` and an expression.

Owns reading patterns; the matcher owns applying them, the analysis comparing them.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from wxauto_mgt.errors import PatternRefused
from wxauto_mgt.runtime.user_regex import UserRegex

EVERYTHING: Final = "*"
REGEX_PREFIX: Final = "regex:"


def folded_name(text: str) -> str:
    """Names are equal when they look equal: composed characters, no white space around."""
    return unicodedata.normalize("NFC", text).strip()


def folded_text(text: str) -> str:
    """Keywords are found whatever the case of Latin letters."""
    return unicodedata.normalize("NFC", text).casefold()


@dataclass(frozen=True)
class Pattern:
    """A pattern, read: everything, or words, or an expression.

    Attributes:
        words: the texts of a list, folded.
        whole: the list as one name: WeChat calls a group without a title by its members, "Ann, Bob".
        regex: the expression, valid; matched anywhere in the text unless anchored.
    """

    is_everything: bool = False
    words: frozenset[str] = frozenset()
    whole: str = ""
    regex: str = ""

    @property
    def names(self) -> frozenset[str]:
        """All names that satisfy a pattern for names; empty where it is no list."""
        return self.words | {self.whole} if self.words else frozenset()


def split_words(text: str) -> tuple[str, ...]:
    """Split at commas of both widths; empty parts are dropped."""
    parts = (part.strip() for part in text.replace("，", ",").split(","))
    return tuple(part for part in parts if part)


def read_name_pattern(text: str) -> Pattern:
    """Read a pattern for names (chat, sender): words must equal the whole name.

    Raises:
        PatternRefused
    """
    pattern = _read(text)
    if not pattern.words:
        return pattern
    return Pattern(words=frozenset(folded_name(word) for word in pattern.words), whole=folded_name(text))


def read_content_pattern(text: str) -> Pattern:
    """Read a pattern for message texts: words must occur in it, case aside.

    Raises:
        PatternRefused
    """
    pattern = _read(text)
    words = frozenset(folded_text(word) for word in pattern.words)
    return Pattern(is_everything=pattern.is_everything, words=words, regex=pattern.regex)


def _read(text: str) -> Pattern:
    stripped = text.strip()
    if stripped == EVERYTHING:
        return Pattern(is_everything=True)
    if stripped.startswith(REGEX_PREFIX):
        expression = stripped.removeprefix(REGEX_PREFIX)
        UserRegex(expression)
        return Pattern(regex=expression)
    words = split_words(stripped)
    if not words:
        raise PatternRefused("pattern_empty")
    if EVERYTHING in words:
        raise PatternRefused("pattern_star_in_list")
    return Pattern(words=frozenset(words))

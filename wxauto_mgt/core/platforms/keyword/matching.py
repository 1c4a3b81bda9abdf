"""Whether a keyword fits a message's text, by each way of matching. Pure; the plugin calls it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import Final

from wxauto_mgt.core.platforms.keyword.config import MatchType
from wxauto_mgt.runtime.user_regex import UserRegex

FUZZY_RATIO: Final = 0.75
"""Judgement call: one wrong character in a keyword of four passes, one in three does not."""

FUZZY_TEXT_CHARS: Final = 200
"""Fuzzy search costs time per character; what a person asks stands at the beginning."""

# WeChat ends an inserted mention with this space; without it nobody can tell where the name ends.
_MENTION: Final = re.compile("@[^@\u2005]{1,64}\u2005")

Matcher = Callable[[str], bool]


def folded(text: str) -> str:
    """Composed characters, no mentions, no case, no white space around."""
    return _MENTION.sub("", unicodedata.normalize("NFC", text)).strip().casefold()


def matcher_of(match_type: MatchType, keywords: Sequence[str]) -> Matcher:
    """Make the function that says whether one of the keywords fits a text as it came."""
    if match_type is MatchType.REGEX:
        regexes = [UserRegex(keyword) for keyword in keywords]
        return lambda text: any(regex.occurs_in(text) for regex in regexes)
    words = [folded(keyword) for keyword in keywords]
    if match_type is MatchType.EXACT:
        return lambda text: folded(text) in words
    if match_type is MatchType.CONTAINS:
        return lambda text: any(word in folded(text) for word in words)
    return lambda text: any(is_similar(word, folded(text)) for word in words)


def is_similar(word: str, text: str) -> bool:
    """Whether some stretch of the text, as long as the word, resembles it.

    The measure is Ratcliff-Obershelp (difflib): twice the matching characters over all characters of both. It
    rewards runs and respects their order; it knows nothing of sounds or meanings.
    """
    text = text[:FUZZY_TEXT_CHARS]
    if word in text:
        return True
    length = len(word)
    if len(text) <= length:
        return _ratio(word, text) >= FUZZY_RATIO
    wanted = Counter(word)
    window = Counter(text[:length])
    common = (wanted & window).total()
    for start in range(len(text) - length + 1):
        if start:
            common += _slide(wanted, window, text[start - 1], text[start + length - 1])
        # The characters in common bound the ratio from above, and cost next to nothing to keep.
        if common >= FUZZY_RATIO * length and _ratio(word, text[start : start + length]) >= FUZZY_RATIO:
            return True
    return False


def _slide(wanted: Counter[str], window: Counter[str], leaving: str, entering: str) -> int:
    """Move the window by one character; return by how much the characters in common change."""
    change = -1 if window[leaving] <= wanted[leaving] else 0
    window[leaving] -= 1
    window[entering] += 1
    return change + (1 if window[entering] <= wanted[entering] else 0)


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()

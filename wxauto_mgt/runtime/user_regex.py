"""Regular expressions that users write, on an engine whose time is linear in the text (google-re2).

Owns compiling, the reasons of a refusal, and matching many at once. Called for every
pattern that a user may write; nothing else compiles those.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import re2

from wxauto_mgt.errors import PatternRefused

MAX_PATTERN_CHARS: Final = 1000
SET_MEMORY_BYTES: Final = 64 * 1024 * 1024  # a limit, reached only by hundreds of large patterns; our choice

# re2's message -> our reason; the first that begins the message wins
_REASONS: Final = (
    ("invalid perl operator: (?=", "regex_lookaround"),
    ("invalid perl operator: (?!", "regex_lookaround"),
    ("invalid perl operator: (?<", "regex_lookaround"),
    ("invalid perl operator", "regex_group_kind"),
    ("invalid escape sequence: \\", "regex_escape"),
    ("missing )", "regex_parenthesis_open"),
    ("unexpected )", "regex_parenthesis_close"),
    ("missing ]", "regex_bracket_open"),
    ("no argument for repetition operator", "regex_nothing_to_repeat"),
    ("bad repetition operator", "regex_repetition"),
    ("invalid repetition size", "regex_repetition_size"),
    ("invalid character class range", "regex_character_range"),
    ("trailing \\", "regex_trailing_backslash"),
    ("pattern too large", "regex_too_large"),
)


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False  # re2 would write the pattern to stderr
    options.never_capture = True  # we only ask whether, never where
    return options


def _refusal(message: str) -> PatternRefused:
    detail = message.partition(": ")[2]
    for beginning, reason in _REASONS:
        if message.startswith(beginning):
            if reason == "regex_escape" and detail[1:2].isdigit() and detail[1:2] != "0":
                reason = "regex_back_reference"
            return PatternRefused(reason, detail=detail)
    return PatternRefused("regex_other", detail=message)


class UserRegex:
    """One compiled pattern; says whether it occurs anywhere in a text.

    Raises:
        PatternRefused: the pattern is empty, too long, wrong, or uses what a linear-time engine cannot do.
    """

    def __init__(self, pattern: str) -> None:
        if not pattern:
            raise PatternRefused("regex_empty")
        if len(pattern) > MAX_PATTERN_CHARS:
            raise PatternRefused("regex_too_long", limit=MAX_PATTERN_CHARS)
        self.pattern = pattern
        try:
            self._regex = re2.compile(pattern.encode(), options=_options())
        except UnicodeEncodeError:  # a lone surrogate, from a broken document
            raise PatternRefused("regex_other", detail="UTF-8") from None
        except re2.error as error:
            reason = error.args[0]
            raise _refusal(reason.decode() if isinstance(reason, bytes) else str(reason)) from None

    def occurs_in(self, text: str) -> bool:
        """Whether the pattern matches somewhere in the text."""
        return self._regex.search(_encoded(text)) is not None


class UserRegexSet:
    """Many patterns matched in one pass over a text.

    Args:
        patterns: valid patterns; `matching` answers by their position.

    Raises:
        PatternRefused: one of them is not valid.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._regexes = tuple(UserRegex(pattern) for pattern in patterns)
        self._set = _joined(patterns) if len(patterns) > 1 else None

    def matching(self, text: str) -> frozenset[int]:
        """Positions of the patterns that occur in the text."""
        if self._set is not None:
            found = self._set.Match(_encoded(text))
            if len(self._regexes) in found:
                return frozenset(found) - {len(self._regexes)}
        return frozenset(i for i, regex in enumerate(self._regexes) if regex.occurs_in(text))


def _joined(patterns: Sequence[str]) -> re2.Set | None:
    """One automaton for all patterns, or None where it would not fit into its memory."""
    options = _options()
    options.max_mem = SET_MEMORY_BYTES
    joined = re2.Set.SearchSet(options)
    for pattern in patterns:
        joined.Add(pattern)
    # Matches every text. A set that runs out of memory answers "nothing" without an error; when this one is
    # missing from the answer, we know.
    joined.Add("")
    try:
        joined.Compile()
    except re2.error:
        return None
    return joined


def _encoded(text: str) -> bytes:
    return text.encode(errors="replace")  # lone surrogates: a text from the wire may hold anything

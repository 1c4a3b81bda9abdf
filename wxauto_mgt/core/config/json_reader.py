"""Reads JSON, keeping each field's line and seeing duplicate keys, which the standard library does not tell.

Only `reading` calls it.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import Final

from wxauto_mgt.core.config.located import MAX_DEPTH, FieldPath, Findings, LocatedDocument, refused
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.errors import ConfigError


class JsonReader:
    """One pass over one text."""

    _SPACE: Final = re.compile(r"[ \t\n\r]*")
    _NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
    _WORDS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None}

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._found = Findings()
        self._decoder = json.JSONDecoder()
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def read(self) -> LocatedDocument:
        value = self._value((), 0)
        self._skip_space()
        if self._at != len(self._text):
            raise self._bad()
        return self._found.located(value)

    def _line(self) -> int:
        return bisect_right(self._line_starts, self._at)

    def _bad(self) -> ConfigError:
        return refused("bad_json", line=self._line())

    def _skip_space(self) -> None:
        match = self._SPACE.match(self._text, self._at)
        if match is not None:
            self._at = match.end()

    def _peek(self) -> str:
        self._skip_space()
        return self._text[self._at : self._at + 1]

    def _take(self, expected: str) -> None:
        if self._peek() != expected:
            raise self._bad()
        self._at += 1

    def _value(self, path: FieldPath, depth: int) -> JSON:
        first = self._peek()
        line = self._line()
        self._found.lines.setdefault(path, line)
        if depth > MAX_DEPTH:
            raise refused("document_too_deep", line=line, limit=MAX_DEPTH)
        if first == "{":
            return self._object(path, depth)
        if first == "[":
            return self._array(path, depth)
        if first == '"':
            return self._found.check_text(self._string(), path, line)
        return self._number_or_word(path, line)

    def _object(self, path: FieldPath, depth: int) -> dict[str, JSON]:
        result: dict[str, JSON] = {}
        self._take("{")
        if self._peek() == "}":
            self._at += 1
            return result
        while True:
            if self._peek() != '"':
                raise self._bad()
            line = self._line()
            name = self._string()
            inner = (*path, name)
            self._found.check_text(name, inner, line)
            if name in result:
                self._found.add(inner, "duplicate_key", line)
            self._found.lines.setdefault(inner, line)
            self._take(":")
            result[name] = self._value(inner, depth + 1)
            if self._peek() != ",":
                self._take("}")
                return result
            self._at += 1

    def _array(self, path: FieldPath, depth: int) -> list[JSON]:
        result: list[JSON] = []
        self._take("[")
        if self._peek() == "]":
            self._at += 1
            return result
        while True:
            result.append(self._value((*path, str(len(result))), depth + 1))
            if self._peek() != ",":
                self._take("]")
                return result
            self._at += 1

    def _string(self) -> str:
        try:
            value, self._at = self._decoder.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            self._at = error.pos
            raise self._bad() from None
        return str(value)

    def _number_or_word(self, path: FieldPath, line: int) -> JSON:
        for word, meaning in self._WORDS.items():
            if self._text.startswith(word, self._at):
                self._at += len(word)
                return meaning
        match = self._NUMBER.match(self._text, self._at)
        if match is None:
            raise self._bad()
        self._at = match.end()
        try:
            number = float(match.group()) if match.group(1) or match.group(2) else int(match.group())
        except ValueError:
            # Python refuses integers of thousands of digits.
            raise self._bad() from None
        if not math.isfinite(number):
            self._found.add(path, "not_finite", line)
            return None
        return number

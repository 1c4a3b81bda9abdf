"""A document with the line of each field, and what readers gather on their way to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.errors import ConfigError, Fact, Problem

MAX_DEPTH: Final = 64

FieldPath: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class LocatedDocument:
    """A document and where its fields stand.

    Attributes:
        lines: line (from 1) of each field, by its path; list indices are text.
        unquoted: fields whose YAML text was read as a number, a flag or nothing; quotes would make it text.
    """

    value: Mapping[str, JSON]
    lines: Mapping[FieldPath, int]
    unquoted: frozenset[FieldPath] = frozenset()

    def line_of(self, path: FieldPath) -> int | None:
        """Return the line of a field, else of what it stands in."""
        for length in range(len(path), -1, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return line
        return None


def place_in_document(path: FieldPath) -> tuple[str, str]:
    """Split a path into place and field: `rules`, `2`, `chat` -> `rules[2]`, `chat`."""
    if len(path) >= 2 and path[1].isdigit():
        return f"{path[0]}[{path[1]}]", ".".join(path[2:])
    if len(path) >= 2:
        return f"{path[0]} {path[1]}", ".".join(path[2:])
    return "".join(path[:1]), ""


def refused(reason: str, *, line: int | None = None, **params: Fact) -> ConfigError:
    """Make the error of a document that cannot be read at all."""
    return ConfigError([Problem(place="", field="", reason=reason, params=params, line=line)])


@dataclass
class Findings:
    """What a reader gathers while it walks."""

    lines: dict[FieldPath, int] = field(default_factory=dict)
    unquoted: set[FieldPath] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def add(self, path: FieldPath, reason: str, line: int, **params: Fact) -> None:
        place, name = place_in_document(path)
        self.problems.append(Problem(place=place, field=name, reason=reason, params=params, line=line))

    def check_text(self, value: str, path: FieldPath, line: int) -> str:
        """Half of a surrogate pair is no text: neither the database nor a file can hold it."""
        try:
            value.encode()
        except UnicodeEncodeError:
            self.add(path, "not_text", line)
        return value

    def located(self, value: JSON) -> LocatedDocument:
        if not isinstance(value, dict):
            self.problems.append(Problem(place="", field="", reason="document_not_mapping", line=1))
        if self.problems or not isinstance(value, dict):
            raise ConfigError(sorted(self.problems, key=lambda problem: problem.line or 0))
        return LocatedDocument(value, self.lines, frozenset(self.unquoted))

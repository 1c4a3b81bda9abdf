"""What commands print: results on standard output, errors on standard error, one line each.

Owns the streams' encoding and the exit statuses. Knows no command.
"""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Final, TextIO

from wxauto_mgt.api.replies import JSON
from wxauto_mgt.cli.tables import Cell, Colour, painted, printable, table
from wxauto_mgt.errors import ConfigError, ConsoleError, DataFolderInUse, Problem, StorageError
from wxauto_mgt.texts.catalogue import Catalogue

CLEAR: Final = "\x1b[H\x1b[J"


class ExitStatus(IntEnum):
    """What a script learns from a command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    DATA_FOLDER = 3

    @classmethod
    def of(cls, error: ConsoleError) -> ExitStatus:
        """Classify an error."""
        if isinstance(error, ConfigError):
            return cls.USAGE
        if isinstance(error, DataFolderInUse | StorageError) or error.code == "data_folder_unusable":
            return cls.DATA_FOLDER
        return cls.FAILED


def use_utf8(stream: TextIO) -> None:
    """Make a standard stream UTF-8 without changed line ends on every system; Windows would do otherwise."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="")


def shows_colours(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether a stream is a terminal that shows colours and whose user wants them (no-color.org)."""
    if not stream.isatty() or environment.get("NO_COLOR"):
        return False
    # Windows sets no TERM; its newer terminal says that it is there.
    return environment.get("TERM", "") not in ("", "dumb") or "WT_SESSION" in environment


class Terminal:
    """The two streams of one command.

    Args:
        as_json: whether results are JSON for programs; errors are then told on standard output too.
        is_coloured: whether results may be coloured.
    """

    def __init__(
        self,
        *,
        out: TextIO,
        err: TextIO,
        catalogue: Catalogue,
        as_json: bool = False,
        is_coloured: bool = False,
    ) -> None:
        self.out = out
        self.catalogue = catalogue
        self.as_json = as_json
        self.is_coloured = is_coloured
        self._err = err

    def say(self, key: str, /, **params: object) -> None:
        """Print one sentence of the catalogue as a result."""
        self.print(self.catalogue.text(key, **params))

    def print(self, line: str) -> None:
        """Print one line as a result."""
        self.out.write(f"{line}\n")

    def print_json(self, value: Mapping[str, JSON] | JSON, *, in_one_line: bool = False) -> None:
        """Print a result for programs."""
        self.out.write(json.dumps(value, ensure_ascii=False, indent=None if in_one_line else 2) + "\n")

    def print_table(self, head: Sequence[str], rows: Sequence[Sequence[Cell | str]]) -> None:
        """Print a table; its columns are named by texts of the catalogue, `cli.column.<head>`."""
        named = [self.catalogue.text(f"cli.column.{name}") for name in head]
        for line in table(named, rows, width=self._width(), is_coloured=self.is_coloured):
            self.print(line)

    def print_coloured(self, text: str, colour: Colour | None) -> None:
        """Print one line as a result, whatever stands in it."""
        self.print(painted(printable(text), colour, is_coloured=self.is_coloured))

    def print_wrapped(self, mark: Cell, text: str) -> None:
        """Print a text after a mark."""
        self.print(painted(mark.text, mark.colour, is_coloured=self.is_coloured) + printable(text))

    def clear(self) -> None:
        """Begin anew at the top, where the result goes to a terminal."""
        if self.out.isatty():
            self.out.write(CLEAR)

    def complain(self, key: str, /, **params: object) -> None:
        """Print one sentence of the catalogue as an error."""
        self._complain(self.catalogue.text(key, **params))

    def complain_of(self, sentence: str) -> None:
        """Print a sentence that somebody else put into words as an error."""
        self._complain(sentence)

    def refuse(self, sentence: str) -> ExitStatus:
        """Print why the running console did not do it; return the status."""
        self._complain(sentence)
        if self.as_json:
            self.print_json({"success": False, "error": sentence})
        return ExitStatus.FAILED

    def warn(self, problems: Sequence[Problem]) -> None:
        """Print problems that kept nothing from being done."""
        for problem in problems:
            self._complain(self.catalogue.problem(problem))

    def fail(self, error: ConsoleError) -> ExitStatus:
        """Print an error, each problem of a refused configuration in its own line; return the status."""
        if isinstance(error, ConfigError):
            self.warn(error.problems)
        else:
            self._complain(self.catalogue.error(error))
        if self.as_json:
            self.print_json({"success": False, "error": error.code, "problems": self._as_json(error)})
        return ExitStatus.of(error)

    def _as_json(self, error: ConsoleError) -> list[JSON]:
        if not isinstance(error, ConfigError):
            return []
        return [
            {**dataclasses.asdict(problem), "message": self.catalogue.problem(problem)}
            for problem in error.problems
        ]

    def _width(self) -> int | None:
        return shutil.get_terminal_size().columns if self.out.isatty() else None

    def _complain(self, text: str) -> None:
        # One line each, whatever a file name or a foreign message contains.
        self._err.write(printable(text) + "\n")

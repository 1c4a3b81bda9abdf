"""What commands print: results on standard output, errors on standard error, one line each.

Owns the streams' encoding and the exit statuses. Knows no command.
"""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import TextIO

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.errors import ConfigError, ConsoleError, DataFolderInUse, Problem, StorageError
from wxauto_mgt.texts.catalogue import Catalogue


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


class Terminal:
    """The two streams of one command.

    Args:
        as_json: whether results are JSON for programs; errors are then told on standard output too.
    """

    def __init__(self, *, out: TextIO, err: TextIO, catalogue: Catalogue, as_json: bool = False) -> None:
        self.out = out
        self.catalogue = catalogue
        self.as_json = as_json
        self._err = err

    def say(self, key: str, /, **params: object) -> None:
        """Print one sentence of the catalogue as a result."""
        self.print(self.catalogue.text(key, **params))

    def print(self, line: str) -> None:
        """Print one line as a result."""
        self.out.write(f"{line}\n")

    def print_json(self, value: Mapping[str, JSON]) -> None:
        """Print a result for programs."""
        self.out.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")

    def complain(self, key: str, /, **params: object) -> None:
        """Print one sentence of the catalogue as an error."""
        self._complain(self.catalogue.text(key, **params))

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

    def _complain(self, text: str) -> None:
        # One line each, whatever a file name or a foreign message contains.
        self._err.write(" ".join(text.split()) + "\n")

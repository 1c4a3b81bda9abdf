"""How each parser of the argument tree behaves, and the kinds of words that it takes."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NoReturn, Self, TypedDict

from wxauto_mgt.cli.commands import Command
from wxauto_mgt.cli.usage import HelpFormatter, formatter
from wxauto_mgt.texts.catalogue import Catalogue

Make = Callable[[argparse.Namespace], Command]

_SECONDS_OF: Final = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


class _Shared(TypedDict):
    """What every parser of the tree is made with."""

    allow_abbrev: bool
    add_help: bool
    formatter_class: partial[HelpFormatter]


class UsageError(Exception):
    """The words make no command; `detail` is argparse's sentence."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Parser(argparse.ArgumentParser):
    """Reports a wrong command line as an exception, so that it can be told in one line of our own."""

    @classmethod
    def worded(cls, catalogue: Catalogue, *, prog: str, description: str) -> Self:
        """Make the root of a tree."""
        parser = cls(prog=prog, description=description, **_shared(catalogue))
        parser.add_help_option(catalogue)
        return parser

    def add_help_option(self, catalogue: Catalogue) -> None:
        """Take the place of argparse's own option, whose help is English."""
        self.add_argument("-h", "--help", action="help", help=catalogue.text("cli.help.help"))

    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


class CommandTree:
    """Adds commands to a parser, each with its help and with what may stand everywhere.

    Args:
        children: argparse's collection of subcommands.
    """

    def __init__(self, children: argparse._SubParsersAction[Parser], catalogue: Catalogue) -> None:
        self._children = children
        self._catalogue = catalogue

    def add(self, name: str, help_key: str, make: Make) -> Parser:
        """Add a command; `make` turns what was parsed into it."""
        parser = self._parser(name, help_key)
        add_everywhere(parser, self._catalogue)
        parser.set_defaults(make=make)
        return parser

    def group(self, name: str, help_key: str) -> CommandTree:
        """Add a command that only has subcommands."""
        parser = self._parser(name, help_key)
        children = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        return CommandTree(children, self._catalogue)

    def text(self, key: str) -> str:
        """Return a text of the catalogue."""
        return self._catalogue.text(key)

    def _parser(self, name: str, help_key: str) -> Parser:
        parser = self._children.add_parser(name, help=self.text(help_key), **_shared(self._catalogue))
        parser.add_help_option(self._catalogue)
        return parser


def add_everywhere(parser: Parser, catalogue: Catalogue, *, is_root: bool = False) -> None:
    """Add what may stand before or after a command; there it must not reset what stood before."""
    unset = argparse.SUPPRESS
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="D",
        default=None if is_root else unset,
        help=catalogue.text("cli.help.data_dir"),
    )
    for name in ("debug", "json"):
        parser.add_argument(
            f"--{name}",
            action="store_true",
            default=False if is_root else unset,
            help=catalogue.text(f"cli.help.{name}"),
        )


def _shared(catalogue: Catalogue) -> _Shared:
    return {"allow_abbrev": False, "add_help": False, "formatter_class": formatter(catalogue)}


def seconds(text: str) -> float:
    """Read a positive number of seconds."""
    value = float(text)
    if not math.isfinite(value) or value <= 0:
        raise ValueError(text)
    return value


def duration(text: str) -> float:
    """Read a length of time such as 90, 30s, 15m, 2h or 7d, in seconds."""
    found = re.fullmatch(r"([0-9.]+)([smhd]?)", text)
    if found is None:
        raise ValueError(text)
    return seconds(found[1]) * _SECONDS_OF[found[2]]


def port(text: str) -> int:
    """Read a port; 0 means any."""
    value = int(text)
    if not 0 <= value <= 65535:
        raise ValueError(text)
    return value


def count(text: str) -> int:
    """Read how many are wanted, 1 to 1,000."""
    value = int(text)
    if not 1 <= value <= 1_000:
        raise ValueError(text)
    return value


def pair(text: str) -> tuple[str, str]:
    """Read NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ValueError(text)
    return name, value

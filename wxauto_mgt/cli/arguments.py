"""The argument tree. Turns words into an `Invocation`; runs nothing.

Only `entry` calls it.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NoReturn

from wxauto_mgt.core.config.documents import DocumentFormat
from wxauto_mgt.run_options import RunOptions
from wxauto_mgt.texts.catalogue import Catalogue

STANDARD_STREAM: Final = Path("-")


@dataclass(frozen=True)
class ConfigCheck:
    """Tell what an import would do; store nothing."""

    file: Path
    replace: bool


@dataclass(frozen=True)
class ConfigImport:
    """Import a document in one transaction."""

    file: Path
    replace: bool


@dataclass(frozen=True)
class ConfigExport:
    """Write the configuration as a document."""

    file: Path
    format: DocumentFormat | None
    with_secrets: bool


@dataclass(frozen=True)
class MessagesExport:
    """Write all messages, oldest first."""

    file: Path
    format: Literal["jsonl", "csv"]


@dataclass(frozen=True)
class Simulate:
    """Serve a stand-in WXAUTO-HTTP-API server."""

    port: int


@dataclass(frozen=True)
class ShowVersion:
    """Print the version."""


@dataclass(frozen=True)
class RunConsole:
    """Run the console itself."""

    headless: bool


Command = ConfigCheck | ConfigImport | ConfigExport | MessagesExport | Simulate | ShowVersion | RunConsole


@dataclass(frozen=True)
class Invocation:
    """One parsed command line."""

    command: Command
    options: RunOptions
    as_json: bool


class UsageError(Exception):
    """The words make no command; `detail` is argparse's sentence."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class _Parser(argparse.ArgumentParser):
    """Reports a wrong command line as an exception, so that it can be told in one line of our own."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def parse(argv: Sequence[str], catalogue: Catalogue) -> Invocation:
    """Parse a command line.

    Raises:
        UsageError: it makes no sense.
        SystemExit: help was asked for and printed.
    """
    found = _parser(catalogue).parse_args(argv)
    options = RunOptions(
        data_dir=found.data_dir,
        demo=found.demo,
        duration_s=found.duration,
        report=found.report,
        debug=found.debug,
    )
    return Invocation(_command(found), options, as_json=found.json)


def _command(found: argparse.Namespace) -> Command:
    if found.version:
        return ShowVersion()
    match (found.command, getattr(found, "action", None)):
        case ("config", "check"):
            return ConfigCheck(found.file, found.replace)
        case ("config", "import"):
            return ConfigImport(found.file, found.replace)
        case ("config", "export"):
            return ConfigExport(found.file, found.format, found.with_secrets)
        case ("messages", "export"):
            return MessagesExport(found.file, found.format)
        case ("simulate", _):
            return Simulate(found.port)
    return RunConsole(headless=found.headless)


def _parser(catalogue: Catalogue) -> _Parser:
    text = catalogue.text
    parser = _Parser(prog="main.py", description=text("cli.help.program"), allow_abbrev=False)
    parser.add_argument("--headless", action="store_true", help=text("cli.help.headless"))
    parser.add_argument("--demo", action="store_true", help=text("cli.help.demo"))
    parser.add_argument("--duration", type=_seconds, metavar="S", help=text("cli.help.duration"))
    parser.add_argument("--report", type=Path, metavar="FILE", help=text("cli.help.report"))
    parser.add_argument("--version", action="store_true", help=text("cli.help.version"))
    _add_everywhere(parser, catalogue, is_root=True)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title=text("cli.help.commands"))
    _add_config(commands, catalogue)
    _add_messages(commands, catalogue)
    simulate = commands.add_parser("simulate", help=text("cli.help.simulate"), allow_abbrev=False)
    simulate.add_argument("--port", type=_port, default=5000, metavar="P", help=text("cli.help.port"))
    _add_everywhere(simulate, catalogue)
    return parser


def _add_config(commands: argparse._SubParsersAction[_Parser], catalogue: Catalogue) -> None:
    text = catalogue.text
    config = commands.add_parser("config", help=text("cli.help.config"), allow_abbrev=False)
    actions = config.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name in ("check", "import"):
        action = actions.add_parser(name, help=text(f"cli.help.config_{name}"), allow_abbrev=False)
        action.add_argument("file", nargs="?", type=Path, default=STANDARD_STREAM, metavar="FILE")
        action.add_argument("--replace", action="store_true", help=text("cli.help.replace"))
        _add_everywhere(action, catalogue)
    export = actions.add_parser("export", help=text("cli.help.config_export"), allow_abbrev=False)
    export.add_argument("file", nargs="?", type=Path, default=STANDARD_STREAM, metavar="FILE")
    export.add_argument("--format", choices=("yaml", "json"), help=text("cli.help.config_format"))
    export.add_argument("--with-secrets", action="store_true", help=text("cli.help.with_secrets"))
    _add_everywhere(export, catalogue)


def _add_messages(commands: argparse._SubParsersAction[_Parser], catalogue: Catalogue) -> None:
    text = catalogue.text
    messages = commands.add_parser("messages", help=text("cli.help.messages"), allow_abbrev=False)
    actions = messages.add_subparsers(dest="action", metavar="ACTION", required=True)
    export = actions.add_parser("export", help=text("cli.help.messages_export"), allow_abbrev=False)
    export.add_argument("file", nargs="?", type=Path, default=STANDARD_STREAM, metavar="FILE")
    export.add_argument(
        "--format", choices=("jsonl", "csv"), default="jsonl", help=text("cli.help.messages_format")
    )
    _add_everywhere(export, catalogue)


def _add_everywhere(parser: _Parser, catalogue: Catalogue, *, is_root: bool = False) -> None:
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


def _seconds(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or value <= 0:
        raise ValueError(text)
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise ValueError(text)
    return value

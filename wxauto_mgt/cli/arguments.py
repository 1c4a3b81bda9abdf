"""The argument tree. Turns words into an `Invocation`; runs nothing.

Only `entry` and the completion call it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wxauto_mgt.cli.commands import (
    STANDARD_STREAM,
    Command,
    Completion,
    ConfigCheck,
    ConfigExport,
    ConfigImport,
    Doctor,
    MessagesExport,
    RunConsole,
    ShowVersion,
    Simulate,
)
from wxauto_mgt.cli.completion import SHELLS
from wxauto_mgt.cli.console_arguments import add_console_commands
from wxauto_mgt.cli.parsers import CommandTree, Parser, add_everywhere, port, seconds
from wxauto_mgt.run_options import RunOptions
from wxauto_mgt.texts.catalogue import Catalogue


@dataclass(frozen=True)
class Invocation:
    """One parsed command line."""

    command: Command
    options: RunOptions
    as_json: bool


def parse(argv: Sequence[str], catalogue: Catalogue) -> Invocation:
    """Parse a command line.

    Raises:
        UsageError: it makes no sense.
        SystemExit: help was asked for and printed.
    """
    found = build_parser(catalogue).parse_args(argv)
    options = RunOptions(
        data_dir=found.data_dir,
        demo=found.demo,
        duration_s=found.duration,
        report=found.report,
        debug=found.debug,
    )
    if found.version:
        return Invocation(ShowVersion(), options, as_json=found.json)
    command: Command = found.make(found)
    return Invocation(command, options, as_json=found.json)


def build_parser(catalogue: Catalogue) -> Parser:
    """Build the whole tree, with help in words of the catalogue."""
    text = catalogue.text
    parser = Parser.worded(catalogue, prog="main.py", description=text("cli.help.program"))
    parser.add_argument("--headless", action="store_true", help=text("cli.help.headless"))
    parser.add_argument("--demo", action="store_true", help=text("cli.help.demo"))
    parser.add_argument("--duration", type=seconds, metavar="S", help=text("cli.help.duration"))
    parser.add_argument("--report", type=Path, metavar="FILE", help=text("cli.help.report"))
    parser.add_argument("--version", action="store_true", help=text("cli.help.version"))
    add_everywhere(parser, catalogue, is_root=True)
    parser.set_defaults(make=lambda found: RunConsole(headless=found.headless))
    children = parser.add_subparsers(dest="command", metavar="COMMAND", title=text("cli.help.commands"))
    tree = CommandTree(children, catalogue)
    add_console_commands(tree)
    _add_config(tree)
    _add_messages(tree)
    doctor = tree.add("doctor", "cli.help.doctor", lambda found: Doctor(live=found.live))
    doctor.add_argument("--live", action="store_true", help=text("cli.help.live"))
    simulate = tree.add("simulate", "cli.help.simulate", lambda found: Simulate(found.port))
    simulate.add_argument("--port", type=port, default=5000, metavar="P", help=text("cli.help.port"))
    completion = tree.add("completion", "cli.help.completion", lambda found: Completion(found.shell))
    completion.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))
    return parser


def _add_config(tree: CommandTree) -> None:
    config = tree.group("config", "cli.help.config")
    check = config.add("check", "cli.help.config_check", lambda found: ConfigCheck(found.file, found.replace))
    import_ = config.add(
        "import", "cli.help.config_import", lambda found: ConfigImport(found.file, found.replace)
    )
    for action in (check, import_):
        action.add_argument("file", nargs="?", type=Path, default=STANDARD_STREAM, metavar="FILE")
        action.add_argument("--replace", action="store_true", help=tree.text("cli.help.replace"))
    export = config.add(
        "export",
        "cli.help.config_export",
        lambda found: ConfigExport(found.file, found.format, found.with_secrets),
    )
    export.add_argument("file", nargs="?", type=Path, default=STANDARD_STREAM, metavar="FILE")
    export.add_argument("--format", choices=("yaml", "json"), help=tree.text("cli.help.config_format"))
    export.add_argument("--with-secrets", action="store_true", help=tree.text("cli.help.with_secrets"))


def _add_messages(tree: CommandTree) -> None:
    messages = tree.group("messages", "cli.help.messages")
    export = messages.add(
        "export", "cli.help.messages_export", lambda found: MessagesExport(found.file, found.format)
    )
    export.add_argument("file", nargs="?", type=Path, default=STANDARD_STREAM, metavar="FILE")
    export.add_argument(
        "--format", choices=("jsonl", "csv"), default="jsonl", help=tree.text("cli.help.messages_format")
    )

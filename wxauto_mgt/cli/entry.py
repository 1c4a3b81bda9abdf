"""Entry of the program: chooses the language, runs one command or the console, returns the exit status.

Loads Qt only for the window. Called by `main.py` and by the installed script.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import wxauto_mgt
from wxauto_mgt import app
from wxauto_mgt.app.headless import run_headless
from wxauto_mgt.cli.arguments import (
    ConfigCheck,
    ConfigExport,
    ConfigImport,
    Invocation,
    MessagesExport,
    RunConsole,
    ShowVersion,
    Simulate,
    UsageError,
    parse,
)
from wxauto_mgt.cli.config_commands import ConfigCommands
from wxauto_mgt.cli.messages_command import run_messages_export
from wxauto_mgt.cli.simulate_command import simulate
from wxauto_mgt.cli.terminal import ExitStatus, Terminal, use_utf8
from wxauto_mgt.errors import ConsoleError
from wxauto_mgt.run_options import RunOptions, resolve_data_dir
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import detect_language


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program.

    Args:
        argv: arguments without the program's name; None takes those of the process.

    Returns:
        0 ok, 1 failed, 2 wrong usage or invalid file, 3 data folder in use or unusable.
    """
    use_utf8(sys.stdout)
    use_utf8(sys.stderr)
    catalogue = Catalogue(detect_language(os.environ))
    terminal = Terminal(out=sys.stdout, err=sys.stderr, catalogue=catalogue)
    try:
        invocation = parse(sys.argv[1:] if argv is None else argv, catalogue)
    except UsageError as error:
        terminal.complain("cli.usage", detail=error.detail)
        return ExitStatus.USAGE
    terminal.as_json = invocation.as_json
    return _guarded(invocation, terminal)


def _guarded(invocation: Invocation, terminal: Terminal) -> int:
    try:
        status = _run(invocation, terminal)
        terminal.out.flush()
    except ConsoleError as error:
        return terminal.fail(error)
    except KeyboardInterrupt:
        return ExitStatus.FAILED
    except BrokenPipeError:
        # The reader of a pipe (`head`) has enough. Python would complain when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.FAILED
    return status


def _run(invocation: Invocation, terminal: Terminal) -> int:
    match invocation.command:
        case ShowVersion():
            terminal.print(wxauto_mgt.__version__)
            return ExitStatus.OK
        case RunConsole(headless=True):
            return run_headless(invocation.options)
        case RunConsole():
            return _run_window(invocation.options, terminal)
    _log_for_commands(debug=invocation.options.debug)
    data_dir = resolve_data_dir(invocation.options, os.environ)
    match invocation.command:
        case MessagesExport() as command:
            return run_messages_export(command, data_dir, terminal)
        case Simulate() as command:
            return asyncio.run(simulate(command, terminal))
        case ConfigCheck() | ConfigImport() | ConfigExport() as command:
            return asyncio.run(_run_config(command, data_dir, terminal))


async def _run_config(
    command: ConfigCheck | ConfigImport | ConfigExport, data_dir: Path, terminal: Terminal
) -> ExitStatus:
    types = app.platform_types()
    # Plugins refuse documents in words of their own.
    terminal.catalogue = Catalogue(terminal.catalogue.language, extra_folders=types.text_folders())
    commands = ConfigCommands(
        data_dir=data_dir,
        sections=app.config_sections(types, app.channel_types()),
        settings_groups=app.settings_groups(),
        secret_box=app.secret_box,
        environment=os.environ,
        terminal=terminal,
    )
    match command:
        case ConfigCheck():
            return await commands.check(command)
        case ConfigImport():
            return await commands.import_(command)
        case ConfigExport():
            return await commands.export(command)


def _run_window(options: RunOptions, terminal: Terminal) -> int:
    try:
        # Imported here: everything but the window must start on a machine without Qt.
        from wxauto_mgt.ui.bootstrap import run_window
    except ImportError as error:
        if (error.name or "").startswith("wxauto_mgt"):
            raise
        terminal.complain("cli.no_window", cause=str(error))
        return ExitStatus.FAILED
    return run_window(options)


def _log_for_commands(*, debug: bool) -> None:
    """Keep stderr to errors told in words; `--debug` shows the log there too."""
    if debug:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    else:
        logging.getLogger().addHandler(logging.NullHandler())

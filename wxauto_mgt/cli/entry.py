"""Entry of the program: chooses the language, runs one command or the console, returns the exit status.

Loads what builds a console only for commands that need it. Called by `main.py` and by the installed script.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Sequence

import wxauto_mgt
from wxauto_mgt.cli.arguments import Invocation, build_parser, parse
from wxauto_mgt.cli.asking import CallRefused
from wxauto_mgt.cli.commands import (
    Completion,
    ConfigCheck,
    ConfigExport,
    ConfigImport,
    Doctor,
    MessagesExport,
    RunConsole,
    ShowHealth,
    ShowLogs,
    ShowVersion,
    Simulate,
)
from wxauto_mgt.cli.completion import completion_script
from wxauto_mgt.cli.console_commands import run_console_command
from wxauto_mgt.cli.parsers import UsageError
from wxauto_mgt.cli.terminal import ExitStatus, Terminal, shows_colours, use_utf8
from wxauto_mgt.cli.usage import in_words
from wxauto_mgt.errors import ConsoleError
from wxauto_mgt.run_options import resolve_data_dir
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
    terminal = Terminal(
        out=sys.stdout,
        err=sys.stderr,
        catalogue=catalogue,
        is_coloured=shows_colours(sys.stdout, os.environ),
    )
    try:
        invocation = parse(sys.argv[1:] if argv is None else argv, catalogue)
    except UsageError as error:
        terminal.complain("cli.usage", detail=in_words(error.detail, catalogue))
        return ExitStatus.USAGE
    terminal.as_json = invocation.as_json
    return _guarded(invocation, terminal)


def _guarded(invocation: Invocation, terminal: Terminal) -> int:
    try:
        status = _run(invocation, terminal)
        terminal.out.flush()
    except ConsoleError as error:
        return terminal.fail(error)
    except CallRefused as error:
        return terminal.refuse(error.sentence)
    except KeyboardInterrupt:
        return ExitStatus.OK if _is_endless(invocation) else ExitStatus.FAILED
    except BrokenPipeError:
        # The reader of a pipe (`head`) has enough. Python would complain when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.FAILED
    return status


def _is_endless(invocation: Invocation) -> bool:
    """Whether Ctrl-C is how the command is meant to end."""
    match invocation.command:
        case ShowHealth(watch=True) | ShowLogs(follow=True):
            return True
    return False


def _run(invocation: Invocation, terminal: Terminal) -> int:
    command, options = invocation.command, invocation.options
    if not isinstance(command, RunConsole):
        _log_for_commands(debug=options.debug)
    match command:
        case ShowVersion():
            terminal.print(wxauto_mgt.__version__)
            return ExitStatus.OK
        case Completion(shell):
            terminal.out.write(completion_script(shell, build_parser(terminal.catalogue)))
            return ExitStatus.OK
        case (
            RunConsole()
            | MessagesExport()
            | Simulate()
            | Doctor()
            | ConfigCheck()
            | ConfigImport()
            | ConfigExport()
        ):
            # Imported here: what builds a whole console takes far longer to load than a question to one.
            from wxauto_mgt.cli.local_commands import run_locally

            return run_locally(command, options, terminal)
    return asyncio.run(run_console_command(command, resolve_data_dir(options, os.environ), terminal))


def _log_for_commands(*, debug: bool) -> None:
    """Keep stderr to errors told in words; `--debug` shows the log there too."""
    if debug:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    else:
        logging.getLogger().addHandler(logging.NullHandler())

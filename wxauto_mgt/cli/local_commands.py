"""Runs what works on the data folder or is the console itself, without asking a running one.

`entry` imports it only then: what builds a whole console takes long to load.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from wxauto_mgt import app
from wxauto_mgt.app.headless import run_headless
from wxauto_mgt.cli.commands import (
    ConfigCheck,
    ConfigCommand,
    ConfigExport,
    ConfigImport,
    Doctor,
    LocalCommand,
    MessagesExport,
    RunConsole,
    Simulate,
)
from wxauto_mgt.cli.config_commands import ConfigCommands
from wxauto_mgt.cli.doctor.examination import Examination
from wxauto_mgt.cli.messages_command import run_messages_export
from wxauto_mgt.cli.simulate_command import simulate
from wxauto_mgt.cli.terminal import ExitStatus, Terminal
from wxauto_mgt.run_options import RunOptions, resolve_data_dir
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.texts.catalogue import Catalogue


def run_locally(command: LocalCommand, options: RunOptions, terminal: Terminal) -> int:
    """Run one command to its end; return the exit status.

    Raises:
        ConsoleError: it failed.
    """
    data_dir = resolve_data_dir(options, os.environ)
    match command:
        case RunConsole(headless=True):
            return run_headless(options)
        case RunConsole():
            return _run_window(options, terminal)
        case MessagesExport():
            return run_messages_export(command, data_dir, terminal)
        case Doctor():
            examination = Examination(
                data_dir=data_dir, environment=os.environ, clock=SystemClock(), terminal=terminal
            )
            return asyncio.run(examination.run(command))
        case Simulate():
            return asyncio.run(simulate(command, terminal))
        case ConfigCheck() | ConfigImport() | ConfigExport():
            return asyncio.run(_run_config(command, data_dir, terminal))


async def _run_config(command: ConfigCommand, data_dir: Path, terminal: Terminal) -> ExitStatus:
    plugins = app.load_plugins()
    # Plugins refuse documents in words of their own.
    terminal.catalogue = Catalogue(terminal.catalogue.language, extra_folders=plugins.text_folders())
    commands = ConfigCommands(
        data_dir=data_dir,
        sections=app.config_sections(plugins),
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

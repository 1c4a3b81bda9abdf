"""Runs the commands that ask a running console: attaches to the one of the data folder, picks the group."""

from __future__ import annotations

from pathlib import Path

from wxauto_mgt.api.attach import RemoteMonitorAPI
from wxauto_mgt.api.console_link import ConsoleLink
from wxauto_mgt.api.monitor_api import MonitorAPI
from wxauto_mgt.cli.alert_commands import AlertCommands
from wxauto_mgt.cli.commands import (
    Act,
    ConsoleCommand,
    CreateToken,
    EndSilence,
    ListTokens,
    MakeSilence,
    Reload,
    Repair,
    RevokeToken,
    ShowAlerts,
    ShowErrors,
    ShowHealth,
    ShowListeners,
    ShowLogs,
    ShowMetrics,
    ShowServices,
    ShowSilences,
    ShowStatus,
)
from wxauto_mgt.cli.log_commands import LogCommands
from wxauto_mgt.cli.metric_commands import MetricCommands
from wxauto_mgt.cli.service_commands import ServiceCommands
from wxauto_mgt.cli.state_commands import StateCommands
from wxauto_mgt.cli.terminal import ExitStatus, Terminal
from wxauto_mgt.cli.token_commands import TokenCommands
from wxauto_mgt.runtime.clock import SystemClock


async def run_console_command(command: ConsoleCommand, data_dir: Path, terminal: Terminal) -> ExitStatus:
    """Run one command against the console of a data folder.

    Raises:
        CallRefused: no console runs there, or it refused.
    """
    link = ConsoleLink(data_dir=data_dir, texts=lambda: terminal.catalogue, clock=SystemClock())
    return await answer(command, RemoteMonitorAPI(link=link), terminal)


async def answer(command: ConsoleCommand, api: MonitorAPI, terminal: Terminal) -> ExitStatus:
    """Run one command against a console.

    Raises:
        CallRefused: it refused.
    """
    clock = SystemClock()
    state = StateCommands(api=api, terminal=terminal, clock=clock)
    services = ServiceCommands(api=api, terminal=terminal, clock=clock)
    tokens = TokenCommands(api=api, terminal=terminal)
    alerts = AlertCommands(api=api, terminal=terminal)
    match command:
        case ShowStatus():
            return await state.status()
        case ShowHealth():
            return await state.health(command)
        case ShowErrors():
            return await state.errors(command)
        case ShowListeners():
            return await state.listeners()
        case ShowServices():
            return await services.services()
        case Repair():
            return await services.repair(command)
        case Act():
            return await state.act(command)
        case Reload():
            return await state.reload()
        case ShowAlerts():
            return await alerts.show(command)
        case MakeSilence():
            return await alerts.silence(command)
        case EndSilence():
            return await alerts.end_silence(command)
        case ShowSilences():
            return await alerts.silences()
        case CreateToken():
            return await tokens.create(command)
        case ListTokens():
            return await tokens.list_all()
        case RevokeToken():
            return await tokens.revoke(command)
        case ShowLogs():
            return await LogCommands(api=api, terminal=terminal, clock=clock).show(command)
        case ShowMetrics():
            return await MetricCommands(api=api, terminal=terminal).show(command)

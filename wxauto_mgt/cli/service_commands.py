"""`services`: what is watched and how it is."""

from __future__ import annotations

from wxauto_mgt.api.monitor_api import MonitorAPI
from wxauto_mgt.cli.asking import data_of, fields_of, rows_of
from wxauto_mgt.cli.terminal import ExitStatus, Terminal
from wxauto_mgt.cli.values import Values


class ServiceCommands:
    """The commands, answered by one console."""

    def __init__(self, *, api: MonitorAPI, terminal: Terminal) -> None:
        self._api = api
        self._terminal = terminal
        self._values = Values(terminal.catalogue)

    async def services(self) -> ExitStatus:
        """List the monitored services."""
        services = rows_of(data_of(await self._api.get_services()))
        if self._terminal.as_json:
            self._terminal.print_json([*services])
            return ExitStatus.OK
        if not services:
            self._terminal.say("cli.no_services")
            return ExitStatus.OK
        values = self._values
        self._terminal.print_table(
            ("service", "state", "critical", "last_check", "response_ms", "failures", "requests", "message"),
            [
                (
                    values.text(service["service"]),
                    values.state("check_status", service["status"]),
                    values.fact(service["critical"]),
                    values.moment(service["last_check"]),
                    values.number(service["response_time_ms"], digits=1),
                    values.text(service["consecutive_failures"]),
                    values.text(fields_of(service["figures"]).get("total_requests")),
                    values.text(service["message"]),
                )
                for service in services
            ],
        )
        return ExitStatus.OK

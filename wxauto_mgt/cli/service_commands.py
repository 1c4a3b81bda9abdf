"""`services` and `repair`: what is watched, how it is, and mending it now."""

from __future__ import annotations

from typing import Final

from wxauto_mgt.api.monitor_api import MonitorAPI
from wxauto_mgt.api.replies import JSON, Fields
from wxauto_mgt.cli.asking import data_of, fields_of, rows_of
from wxauto_mgt.cli.commands import Repair
from wxauto_mgt.cli.terminal import ExitStatus, Terminal
from wxauto_mgt.cli.values import Values
from wxauto_mgt.runtime.clock import Clock

POLL_S: Final = 0.5
_WELL: Final = ("recovered", "recovered_by_itself")


class ServiceCommands:
    """The commands, answered by one console."""

    def __init__(self, *, api: MonitorAPI, terminal: Terminal, clock: Clock) -> None:
        self._api = api
        self._terminal = terminal
        self._clock = clock
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

    async def repair(self, command: Repair) -> ExitStatus:
        """Begin to repair a service; with `wait`, fails unless it is well afterwards."""
        reply = await self._api.trigger_recovery(command.service, dry_run=command.dry_run)
        begun = fields_of(data_of(reply))
        if command.wait:
            run = await self._ended(command.service, begun["recovery_id"])
            return self._show_run(run)
        if self._terminal.as_json:
            self._terminal.print_json(begun)
        elif command.dry_run:
            self._show_plan(begun)
        else:
            self._terminal.say("cli.repair_begun", service=command.service, id=str(begun["recovery_id"]))
        return ExitStatus.OK

    async def _ended(self, service: str, recovery_id: JSON) -> Fields:
        """Wait for a repair; its own time limits end it."""
        while True:
            runs = rows_of(data_of(await self._api.get_recovery_journal(service, limit=10)))
            found = next((run for run in runs if run["recovery_id"] == recovery_id), None)
            if found is not None and found["outcome"] is not None:
                return found
            await self._clock.sleep(POLL_S)

    def _show_run(self, run: Fields) -> ExitStatus:
        if self._terminal.as_json:
            self._terminal.print_json(run)
        else:
            self._terminal.print_table(
                ("step", "result", "proof"),
                [
                    (
                        self._values.text(step["title"]),
                        self._values.text(step["sentence"]),
                        self._values.text(fields_of(step["proof"]).get("sentence")),
                    )
                    for step in rows_of(run["steps"])
                ],
            )
            self._terminal.print(self._values.text(run["sentence"]))
        return ExitStatus.OK if run["outcome"] in _WELL else ExitStatus.FAILED

    def _show_plan(self, plan: Fields) -> None:
        self._terminal.print(self._values.text(fields_of(plan["why"]).get("sentence")))
        self._terminal.print_table(
            ("step", "would_act", "obstacle"),
            [
                (
                    self._values.text(step["title"]),
                    self._values.fact(step["would_act"], good=True),
                    self._values.text(step["obstacle"]),
                )
                for step in rows_of(plan["steps"])
            ],
        )

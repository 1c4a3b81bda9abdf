"""`status`, `health`, `errors`, `listeners`, and what makes the listener service act.

Shows what the running console answers; measures nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from wxauto_mgt.api.monitor_api import MonitorAPI
from wxauto_mgt.api.replies import JSON, Fields
from wxauto_mgt.cli.asking import CallRefused, data_of, fields_of, rows_of
from wxauto_mgt.cli.commands import Act, ShowErrors, ShowHealth
from wxauto_mgt.cli.tables import Cell, Colour
from wxauto_mgt.cli.terminal import ExitStatus, Terminal
from wxauto_mgt.cli.values import NOT_KNOWN, Values
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime.clock import Clock

REFRESH_S: Final = 2.0
_ERRORS_WITH_HEALTH: Final = 5


class StateCommands:
    """The commands, answered by one console."""

    def __init__(self, *, api: MonitorAPI, terminal: Terminal, clock: Clock) -> None:
        self._api = api
        self._terminal = terminal
        self._clock = clock
        self._values = Values(terminal.catalogue)

    async def status(self) -> ExitStatus:
        """Show the listener service and the process."""
        status = fields_of(data_of(await self._api.get_service_status()))
        if self._terminal.as_json:
            self._terminal.print_json(status)
            return ExitStatus.OK
        values = self._values
        self._facts(
            ("service", self._service_state(status)),
            ("started", values.moment(status.get("started_at"))),
            ("uptime", values.text(status.get("uptime_formatted"))),
            ("loops", values.text(status.get("task_count"))),
            ("errors", values.text(status.get("error_count"))),
            ("last_error", values.text(status.get("last_error_message"))),
            ("memory_mb", values.number(status.get("memory_usage_mb"), digits=1)),
            ("cpu_percent", values.number(status.get("cpu_percent"), digits=1)),
        )
        return ExitStatus.OK

    async def health(self, command: ShowHealth) -> ExitStatus:
        """Show the health once, or until the reader has enough; fails unless it is healthy."""
        if command.sample:
            return await self._write_sample()
        while command.watch:
            try:
                await self._show_health(is_watch=True)
            except CallRefused as error:  # it may come back; who watches wants to see that
                self._terminal.clear()
                self._terminal.refuse(error.sentence)
            self._terminal.out.flush()
            await self._clock.sleep(REFRESH_S)
        return await self._show_health(is_watch=False)

    async def errors(self, command: ShowErrors) -> ExitStatus:
        """List the newest errors."""
        errors = rows_of(data_of(await self._api.get_recent_errors(command.limit)))
        if self._terminal.as_json:
            self._terminal.print_json([*errors])
        elif errors:
            self._show_errors(errors)
        else:
            self._terminal.say("cli.no_errors")
        return ExitStatus.OK

    async def listeners(self) -> ExitStatus:
        """List the listened chats."""
        listeners = rows_of(data_of(await self._api.get_listeners_status()))
        if self._terminal.as_json:
            self._terminal.print_json([*listeners])
            return ExitStatus.OK
        if not listeners:
            self._terminal.say("cli.no_listeners")
            return ExitStatus.OK
        values = self._values
        self._terminal.print_table(
            ("instance", "active", "kind", "last_message", "messages", "errors", "chat"),
            [
                (
                    values.text(row["instance_id"]),
                    values.fact(row["active"], good=True),
                    values.state("listener.kind", row["kind"]),
                    values.moment(row["last_message_time"]),
                    values.text(row["message_count"]),
                    values.text(row["error_count"]),
                    values.text(row["who"]),
                )
                for row in listeners
            ],
        )
        return ExitStatus.OK

    async def act(self, command: Act) -> ExitStatus:
        """Have the service act; the reply comes once it is proved."""
        calls = {
            "restart": self._api.restart_service,
            "pause": self._api.pause_service,
            "resume": self._api.resume_service,
        }
        state = fields_of(data_of(await calls[command.action]()))
        if self._terminal.as_json:
            self._terminal.print_json(state)
        else:
            self._terminal.say(f"cli.done_{command.action}", at=self._values.moment(state.get("started_at")))
        return ExitStatus.OK

    async def reload(self) -> ExitStatus:
        """Take over a configuration that another process stored."""
        result = fields_of(data_of(await self._api.reload_config()))
        if self._terminal.as_json:
            self._terminal.print_json(result)
        else:
            key = "cli.done_reload" if result.get("changed") else "cli.reload_unchanged"
            self._terminal.say(key, revision=str(result.get("revision")))
        return ExitStatus.OK

    async def _write_sample(self) -> ExitStatus:
        written = fields_of(data_of(await self._api.write_health_sample()))
        if self._terminal.as_json:
            self._terminal.print_json(written)
        else:
            self._terminal.say("cli.sample_written", path=str(written["path"]))
        return ExitStatus.OK

    async def _show_health(self, *, is_watch: bool) -> ExitStatus:
        report = fields_of(data_of(await self._api.get_health_report()))
        terminal, values = self._terminal, self._values
        if is_watch:
            terminal.clear()
        status = report.get("overall_status")
        if terminal.as_json:
            terminal.print_json(report, in_one_line=is_watch)
            return ExitStatus.OK if status == "healthy" else ExitStatus.FAILED
        statistics = fields_of(report["statistics"])
        self._facts(
            ("health", self._score(report.get("health_score"), status)),
            ("measured", values.moment(report.get("timestamp"))),
            ("service", self._service_state(fields_of(report["message_listener"]))),
            ("listeners", self._listeners_in_words(rows_of(report["listeners"]))),
            ("messages", values.text(statistics.get("total_messages_processed"))),
            ("error_rate", values.percent(statistics.get("error_rate"))),
        )
        self._show_deductions(rows_of(report["deductions"]))
        self._show_clients(rows_of(report["api_clients"]))
        errors = rows_of(report["recent_errors"])[:_ERRORS_WITH_HEALTH]
        if errors:
            self._terminal.print("")
            self._show_errors(errors)
        return ExitStatus.OK if status == "healthy" else ExitStatus.FAILED

    def _score(self, score: JSON, status: JSON) -> Cell:
        word = self._values.state("cli.health", status)
        number = self._values.number(score, digits=1)
        return word if number == NOT_KNOWN else Cell(f"{number}  {word.text}", word.colour)

    def _service_state(self, status: Fields) -> Cell:
        if status.get("paused"):
            return Cell(self._terminal.catalogue.text("cli.service.paused"), Colour.WARNING)
        if status.get("blocked_by"):
            return Cell(self._terminal.catalogue.text("score.listener_service_blocked"), Colour.BAD)
        is_running = status.get("running") is True
        key = "cli.service.running" if is_running else "cli.service.stopped"
        return Cell(self._terminal.catalogue.text(key), Colour.GOOD if is_running else Colour.BAD)

    def _listeners_in_words(self, listeners: Sequence[Fields]) -> str:
        active = sum(1 for listener in listeners if listener["active"])
        return self._terminal.catalogue.text("cli.listeners_active", active=active, total=len(listeners))

    def _show_deductions(self, deductions: Sequence[Fields]) -> None:
        rows = [
            (
                f"-{self._values.number(deduction['points'], digits=1)}",
                self._deduction(deduction),
            )
            for deduction in deductions
            if deduction["points"]
        ]
        if rows:
            self._terminal.print("")
            self._terminal.print_table(("points", "reason"), rows)

    def _deduction(self, deduction: Fields) -> str:
        params: dict[str, Fact] = {
            name: value
            for name, value in fields_of(deduction["params"]).items()
            if not isinstance(value, list | dict)
        }
        evidence = deduction["evidence"]
        names = [str(name) for name in evidence] if isinstance(evidence, list) else []
        sentence = self._terminal.catalogue.text(str(deduction["reason_code"]), **params)
        return f"{sentence} ({', '.join(names)})" if names else sentence

    def _show_clients(self, clients: Sequence[Fields]) -> None:
        if not clients:
            return
        values = self._values
        self._terminal.print("")
        self._terminal.print_table(
            ("instance", "connected", "last_check", "errors", "last_error"),
            [
                (
                    values.text(client["instance_id"]),
                    values.fact(client["connected"], good=True),
                    values.moment(client["last_check_time"]),
                    values.text(client["error_count"]),
                    values.text(client["last_error"]),
                )
                for client in clients
            ],
        )

    def _show_errors(self, errors: Sequence[Fields]) -> None:
        values = self._values
        self._terminal.print_table(
            ("time", "part", "error"),
            [
                (
                    values.moment(error["datetime"]),
                    values.text(error["service_name"]),
                    values.text(error["error_message"]),
                )
                for error in errors
            ],
        )

    def _facts(self, *facts: tuple[str, Cell | str]) -> None:
        text = self._terminal.catalogue.text
        self._terminal.print_table(
            (), [(Cell(text(f"cli.fact.{name}"), Colour.FAINT), value) for name, value in facts]
        )

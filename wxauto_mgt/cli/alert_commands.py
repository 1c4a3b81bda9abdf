"""`alerts` and `silence`: what fires, and what is kept quiet for a while."""

from __future__ import annotations

from wxauto_mgt.api.monitor_api import MonitorAPI
from wxauto_mgt.cli.asking import data_of, fields_of, rows_of
from wxauto_mgt.cli.commands import EndSilence, MakeSilence, ShowAlerts
from wxauto_mgt.cli.terminal import ExitStatus, Terminal
from wxauto_mgt.cli.values import Values

WHO = "cli"


class AlertCommands:
    """The commands, answered by one console."""

    def __init__(self, *, api: MonitorAPI, terminal: Terminal) -> None:
        self._api = api
        self._terminal = terminal
        self._values = Values(terminal.catalogue)

    async def show(self, command: ShowAlerts) -> ExitStatus:
        """List the active alerts, or those of the last hours."""
        hours = command.history_hours
        reply = await (self._api.get_active_alerts() if hours is None else self._api.get_alert_history(hours))
        alerts = rows_of(data_of(reply))
        if self._terminal.as_json:
            self._terminal.print_json([*alerts])
            return ExitStatus.OK
        if not alerts:
            self._terminal.say("cli.no_alerts" if hours is None else "cli.no_alert_history")
            return ExitStatus.OK
        values = self._values
        self._terminal.print_table(
            ("time", "level", "state", "value", "alert", "labels", "title"),
            [
                (
                    values.moment(alert["timestamp"]),
                    values.state("alerts.level", alert["level"]),
                    values.state("alerts.state", alert["state"]),
                    values.number(alert["current_value"], digits=2),
                    values.text(alert["id"]),
                    values.labels(alert["labels"]),
                    values.text(alert["title"]),
                )
                for alert in alerts
            ],
        )
        return ExitStatus.OK

    async def silence(self, command: MakeSilence) -> ExitStatus:
        """Keep notices back for a while."""
        reply = await self._api.silence(
            rule=command.rule,
            labels=dict(command.labels) or None,
            duration_s=command.duration_s,
            who=WHO,
            note=command.note,
        )
        silence = fields_of(data_of(reply))
        if self._terminal.as_json:
            self._terminal.print_json(silence)
        else:
            until = self._values.moment(silence["ends_at"])
            self._terminal.say("cli.silence_made", rule=command.rule, until=until, id=str(silence["id"]))
        return ExitStatus.OK

    async def end_silence(self, command: EndSilence) -> ExitStatus:
        """End a silence now."""
        ended = fields_of(data_of(await self._api.end_silence(command.silence_id)))
        if self._terminal.as_json:
            self._terminal.print_json(ended)
        else:
            self._terminal.say("cli.silence_ended", id=command.silence_id)
        return ExitStatus.OK

    async def silences(self) -> ExitStatus:
        """List the silences that have not ended."""
        silences = rows_of(data_of(await self._api.get_silences()))
        if self._terminal.as_json:
            self._terminal.print_json([*silences])
            return ExitStatus.OK
        if not silences:
            self._terminal.say("cli.no_silences")
            return ExitStatus.OK
        values = self._values
        self._terminal.print_table(
            ("id", "rule", "labels", "until", "who", "note"),
            [
                (
                    values.text(silence["id"]),
                    values.text(silence["rule"]),
                    values.labels(silence["labels"]),
                    values.moment(silence["ends_at"]),
                    values.text(silence["who"]),
                    values.text(silence["note"]),
                )
                for silence in silences
            ],
        )
        return ExitStatus.OK

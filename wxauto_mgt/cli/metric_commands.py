"""`metrics`: the newest value of each metric, or the records of one."""

from __future__ import annotations

from collections.abc import Sequence

from wxauto_mgt.api.monitor_api import MonitorAPI
from wxauto_mgt.api.replies import Fields
from wxauto_mgt.cli.asking import data_of, fields_of, rows_of
from wxauto_mgt.cli.commands import ShowMetrics
from wxauto_mgt.cli.terminal import ExitStatus, Terminal
from wxauto_mgt.cli.values import Values


class MetricCommands:
    """The command, answered by one console."""

    def __init__(self, *, api: MonitorAPI, terminal: Terminal) -> None:
        self._api = api
        self._terminal = terminal
        self._values = Values(terminal.catalogue)

    async def show(self, command: ShowMetrics) -> ExitStatus:
        """List the newest values, or the records of one metric, oldest first."""
        if command.name is None:
            records = [fields_of(record) for record in await self._newest()]
        else:
            records = rows_of(data_of(await self._api.get_metric_history(command.name, command.duration_s)))
        if self._terminal.as_json:
            self._terminal.print_json([*records])
        elif records:
            self._print(records)
        else:
            self._terminal.say("cli.no_metrics")
        return ExitStatus.OK

    async def _newest(self) -> Sequence[Fields]:
        names = [str(metric["name"]) for metric in rows_of(data_of(await self._api.get_metric_names()))]
        newest = [fields_of(data_of(await self._api.get_latest_metric(name))) for name in names]
        return [record for record in newest if record]

    def _print(self, records: Sequence[Fields]) -> None:
        values = self._values
        self._terminal.print_table(
            ("time", "value", "metric", "labels"),
            [
                (
                    values.moment(record["timestamp"]),
                    values.number(record["value"], digits=3),
                    values.text(record["name"]),
                    values.labels(record["labels"]),
                )
                for record in records
            ],
        )

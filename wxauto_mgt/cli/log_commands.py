"""`logs`: records of the running console, once or as they come.

Asks page by page; owns which records were shown already.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Final

from wxauto_mgt.api.monitor_api import MonitorAPI
from wxauto_mgt.api.replies import Fields
from wxauto_mgt.cli.asking import CallRefused, data_of, fields_of, rows_of
from wxauto_mgt.cli.commands import ShowLogs
from wxauto_mgt.cli.tables import Colour
from wxauto_mgt.cli.terminal import ExitStatus, Terminal
from wxauto_mgt.cli.values import Values
from wxauto_mgt.runtime.clock import Clock

POLL_S: Final = 0.5
_PAGE: Final = 500
_MOST_PAGES: Final = 20
_REMEMBERED: Final = 5_000
_COLOURS: Final = {"WARNING": Colour.WARNING, "ERROR": Colour.BAD, "CRITICAL": Colour.BAD}


class LogCommands:
    """The command, answered by one console."""

    def __init__(self, *, api: MonitorAPI, terminal: Terminal, clock: Clock) -> None:
        self._api = api
        self._terminal = terminal
        self._clock = clock
        self._values = Values(terminal.catalogue)
        self._since: str | None = None
        self._shown: deque[str] = deque(maxlen=_REMEMBERED)

    async def show(self, command: ShowLogs) -> ExitStatus:
        """Show the newest records, oldest of them first; with `follow`, each new one after them."""
        newest, _ = await self._page(command, limit=command.count, cursor=None)
        self._print_new(newest, in_one_line=command.follow)
        if self._terminal.as_json and not command.follow:
            self._terminal.print_json([*newest])
        elif not newest and not command.follow:
            self._terminal.say("cli.no_log_records")
        is_away = False
        while command.follow:
            self._terminal.out.flush()
            await self._clock.sleep(POLL_S)
            try:
                self._print_new(await self._since_last(command), in_one_line=True)
                is_away = False
            except CallRefused as error:  # a console that is restarted comes back
                if not is_away:
                    self._terminal.complain_of(error.sentence)
                is_away = True
        return ExitStatus.OK

    async def _since_last(self, command: ShowLogs) -> list[Fields]:
        """Return what came since the last record shown, newest first, the last ones shown among them."""
        found: list[Fields] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page, cursor = await self._page(command, limit=_PAGE, cursor=cursor)
            found += page
            if cursor is None:
                break
        return found

    async def _page(
        self, command: ShowLogs, *, limit: int, cursor: str | None
    ) -> tuple[list[Fields], str | None]:
        reply = await self._api.search_logs(
            level=command.level,
            category=command.category,
            q=command.words,
            limit=limit,
            cursor=cursor,
            instance_id=command.instance_id,
            since=self._since,
        )
        page = fields_of(data_of(reply))
        next_cursor = page.get("next_cursor")
        return rows_of(page.get("logs")), next_cursor if isinstance(next_cursor, str) else None

    def _print_new(self, records: list[Fields], *, in_one_line: bool) -> None:
        for record in reversed(records):
            known_by = json.dumps(record, sort_keys=True)
            if known_by in self._shown:
                continue
            self._shown.append(known_by)
            self._since = str(record["timestamp"])
            if not self._terminal.as_json:
                self._print(record)
            elif in_one_line:
                self._terminal.print_json(record, in_one_line=True)

    def _print(self, record: Fields) -> None:
        level = str(record["level"])
        where = [str(record[name]) for name in ("instance_id", "message_id") if record.get(name) is not None]
        parts = (
            self._values.moment(record["timestamp"]),
            f"{level:<8}",
            f"{record['category']!s:<8}",
            *([f"[{' '.join(where)}]"] if where else []),
            str(record["message"]),
        )
        self._terminal.print_coloured(" ".join(parts), _COLOURS.get(level))
        for line in str(record.get("exception") or "").splitlines():
            self._terminal.print_coloured(f"    {line}", Colour.FAINT)

"""A console for commands: the test sets its replies; its calls and what is printed are kept."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from wxauto_mgt.api.monitor_api import MonitorAPI, NotificationHandler
from wxauto_mgt.api.replies import JSON, Fields
from wxauto_mgt.cli.commands import ConsoleCommand
from wxauto_mgt.cli.console_commands import answer
from wxauto_mgt.cli.terminal import ExitStatus, Terminal
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

TIMESTAMP = "2026-01-01T00:00:00+00:00"


CATALOGUES = {language: Catalogue(language) for language in Language}


def refusal(sentence: str) -> Fields:
    return {"success": False, "error": sentence, "timestamp": TIMESTAMP}


class SetReplies(MonitorAPI):
    """Answers each call by what was set for it; of several replies the last one stays."""

    def __init__(self, **data: JSON) -> None:
        self.replies: dict[str, list[Fields]] = {}
        self.calls: list[tuple[str, Mapping[str, object]]] = []
        for method, value in data.items():
            self.set(method, value)

    def set(self, method: str, *values: JSON) -> None:
        self.replies[method] = [{"success": True, "data": value, "timestamp": TIMESTAMP} for value in values]

    def refuse(self, method: str, sentence: str) -> None:
        self.replies[method] = [refusal(sentence)]

    async def _call(self, method: str, **arguments: JSON | NotificationHandler) -> Fields:
        self.calls.append((method, arguments))
        replies = self.replies[method]
        return replies.pop(0) if len(replies) > 1 else replies[0]


class Screen:
    """One terminal and one console; `run` runs a command."""

    def __init__(self, api: MonitorAPI, *, as_json: bool = False, language: Language = Language.EN) -> None:
        self.api = api
        self._out, self._err = io.StringIO(), io.StringIO()
        self.terminal = Terminal(
            out=self._out, err=self._err, catalogue=CATALOGUES[language], as_json=as_json
        )

    async def run(self, command: ConsoleCommand) -> ExitStatus:
        return await answer(command, self.api, self.terminal)

    @property
    def out(self) -> str:
        return self._out.getvalue()

    @property
    def err(self) -> str:
        return self._err.getvalue()

    def lines(self) -> Sequence[str]:
        return self.out.splitlines()

"""How long an edit of a rule takes to be in force, in single-row commits of the same disk."""

from __future__ import annotations

import time
from typing import Final

from benchmarks import limits
from benchmarks.bench import Bench
from benchmarks.console import PLATFORM, instance_id, opened, started
from benchmarks.figures import Line, Sample
from benchmarks.polling import WentWrong
from benchmarks.server import chat_name
from benchmarks.server_process import server_process
from wxauto_mgt.app import Application
from wxauto_mgt.app.rules_in_force import RulesOfSnapshot
from wxauto_mgt.core.config.model import JSON, Put
from wxauto_mgt.core.config.notifier import ConfigChanged
from wxauto_mgt.core.rules.facts import MessageFacts
from wxauto_mgt.core.wire import ChatKind

NAME: Final = "edit"
INSTANCES: Final = 20
CHATS: Final = 30
_COMMITS_PER_EDIT: Final = 20


async def run(bench: Bench) -> list[Line]:
    """Among 20 instances, 600 listeners and 30 rules, in a console that runs and is paused."""
    edits = 20 if bench.is_quick else 60
    folder = bench.folder(NAME)
    commits: list[float] = []
    durations: list[float] = []
    async with server_process(INSTANCES) as server:
        await server.order("open_windows", chats=CHATS)
        async with opened(folder, server.urls, chats=CHATS) as app:
            await started(app, listeners=INSTANCES * CHATS)
            await app.listener.pause()
            told: list[ConfigChanged] = []
            app.notifier.subscribe(told.append)  # the last to be told
            rules = RulesOfSnapshot(config=app.config)
            for number in range(edits):
                commits += limits.single_row_commits(folder, commits=_COMMITS_PER_EDIT)
                durations.append(await _edit(app, rules, number, told))
    measured = Sample(tuple(seconds * 1000 for seconds in durations), "ms")
    limit = Sample(tuple(seconds * 1000 for seconds in commits), "ms")
    return [
        Line(
            NAME,
            f"a rule among {INSTANCES} instances, {INSTANCES * CHATS} listeners: applied, told, obeyed",
            measured,
            "one commit of one row, synchronous=FULL",
            limit,
            measured.median / limit.median,
            "commits",
            "within 20",
        )
    ]


async def _edit(app: Application, rules: RulesOfSnapshot, number: int, told: list[ConfigChanged]) -> float:
    chat = f"改动 {number}"
    document: dict[str, JSON] = {"id": "other-0", "chat": chat, "platforms": [PLATFORM], "priority": 500}
    facts = MessageFacts(
        instance_id=instance_id(0),
        chat=chat,
        chat_kind=ChatKind.UNKNOWN,
        sender="顾客",
        content=chat_name(0),
        kind="text",
    )
    told.clear()
    started_s = time.perf_counter()
    revision = await app.config.apply([Put("rule", "other-0", document)], who="bench")
    rule = rules().rules.match(facts)
    ended_s = time.perf_counter()
    if rule is None or rule.id != "other-0" or [change.revision for change in told] != [revision]:
        raise WentWrong("the edit was not in force when it returned")
    return ended_s - started_s

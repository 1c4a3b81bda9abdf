"""Every source file keeps every rule, and each rule finds what it is there for."""

from __future__ import annotations

import gc
import textwrap

import pytest

from tests.architecture import rules
from tests.architecture.rules import RULES, Rule
from tests.architecture.sources import Source, all_sources, parse


@pytest.fixture(scope="module")
def sources() -> tuple[Source, ...]:
    parsed = all_sources()
    gc.freeze()  # a million nodes, which the collection after each test would go through
    return parsed


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_sources_keep_the_rule(rule: Rule, sources: tuple[Source, ...]) -> None:
    found = [message for source in sources for message in rule(source)]
    if found:
        pytest.fail("\n".join(found), pytrace=False)


BROKEN = [
    (rules.tasks_have_an_owner, "core/a.py", "import asyncio\nasyncio.create_task(f())"),
    (rules.tasks_have_an_owner, "core/a.py", "from asyncio import ensure_future"),
    (rules.tasks_have_an_owner, "ui/pages/a.py", "self._loop.create_task(f())"),
    (rules.time_is_injected, "core/a.py", "import time\nx = time.time()"),
    (rules.time_is_injected, "core/a.py", "from datetime import datetime\nx = datetime.now(UTC)"),
    (rules.time_is_injected, "core/a.py", "import datetime\nx = datetime.datetime.utcnow()"),
    (rules.qasync_stays_in_its_two_files, "ui/main_window.py", "import qasync"),
    (rules.qasync_stays_in_its_two_files, "ui/bootstrap.py", "from qasync import asyncSlot"),
    (rules.late_imports_say_why, "core/a.py", "def f():\n    import json"),
    (rules.sql_stands_in_stores, "core/a/service.py", "x = '''\n  SELECT a FROM b'''"),
    (rules.sql_stands_in_stores, "core/a/service.py", "x = f'INSERT INTO {t} VALUES (1)'"),
    (rules.modules_are_named_for_their_purpose, "core/utils.py", ""),
    (rules.modules_are_named_for_their_purpose, "core/text_helpers.py", ""),
    (rules.classes_are_named_for_their_role, "core/a.py", "class ConfigManager: pass"),
    (rules.the_window_never_nests_loops, "ui/a.py", "dialog.exec()"),
    (rules.the_window_never_nests_loops, "ui/a.py", "QMessageBox.question(self, 'a', 'b')"),
    (rules.view_models_know_no_widgets, "ui/pages/a/view_model.py", "from PySide6.QtWidgets import QLabel"),
    (rules.view_models_know_no_widgets, "ui/pages/a/view_model.py", "from PySide6 import QtWidgets"),
    (rules.systems_differ_in_one_place, "core/a.py", "import sys\nx = sys.platform"),
]

KEPT = [
    (rules.tasks_have_an_owner, "runtime/a.py", "import asyncio\nasyncio.create_task(f())"),
    (
        rules.tasks_have_an_owner,
        "core/a.py",
        """
        async def f():
            async with asyncio.TaskGroup() as group:
                group.create_task(g())
        """,
    ),
    (rules.time_is_injected, "core/a.py", "x = self._clock.now()"),
    (
        rules.late_imports_say_why,
        "core/a.py",
        "def f():\n    # heavy, and rarely needed\n    import a\n    import b",
    ),
    (rules.sql_stands_in_stores, "core/a/store.py", "x = 'SELECT a FROM b'"),
    (rules.sql_stands_in_stores, "ui/a.py", "x = 'Select a chat'"),
    (rules.classes_are_named_for_their_role, "core/a.py", "class LogHandler(logging.Handler): pass"),
    (rules.the_window_never_nests_loops, "ui/a.py", "dialog.open()"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN)
def test_a_breach_is_found(rule: Rule, path: str, text: str) -> None:
    assert len(list(rule(parse(path, textwrap.dedent(text))))) == 1


@pytest.mark.parametrize(("rule", "path", "text"), KEPT)
def test_what_is_allowed_is_let_through(rule: Rule, path: str, text: str) -> None:
    assert list(rule(parse(path, textwrap.dedent(text)))) == []

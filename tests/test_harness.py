"""The checks in conftest.py are checked: each inner test leaves something behind and must fail for it."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]

INNER = {
    "leaks_a_task": """
        async def test_leaks_a_task():
            keep.append(asyncio.create_task(asyncio.sleep(100)))
    """,
    "leaks_a_thread": """
        def test_leaks_a_thread():
            threading.Thread(target=threading.Event().wait, daemon=True).start()
    """,
    "leaks_a_socket": """
        def test_leaks_a_socket():
            socket.socket()
    """,
    "leaks_a_socket_in_a_cycle": """
        def test_leaks_a_socket_in_a_cycle():
            cycle = [socket.socket()]
            cycle.append(cycle)
    """,
    "leaks_a_server": """
        async def test_leaks_a_server():
            await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    """,
    "leaks_a_database": """
        async def test_leaks_a_database(tmp_path):
            await Database.open(tmp_path / "x.db", kind="telemetry", synchronous="FULL", backup_dir=tmp_path)
    """,
    "logs_a_warning": """
        def test_logs_a_warning():
            logging.getLogger("x").warning("surprise")
    """,
    "expects_a_log_that_never_comes": """
        @pytest.mark.expects_log("never said")
        def test_expects_a_log_that_never_comes():
            pass
    """,
    "raises_in_a_callback": """
        async def test_raises_in_a_callback():
            asyncio.get_running_loop().call_soon(lambda: 1 / 0)
            await asyncio.sleep(0)
    """,
    "forgets_a_failure": """
        async def test_forgets_a_failure():
            asyncio.get_running_loop().create_future().set_exception(ValueError())
    """,
    "forgets_to_await": """
        async def test_forgets_to_await():
            asyncio.sleep(0)
    """,
    "warns": """
        def test_warns():
            warnings.warn("old")
    """,
    "blocks_the_loop": """
        async def test_blocks_the_loop():
            asyncio.get_running_loop().slow_callback_duration = 0.01
            await asyncio.sleep(0)
            time.sleep(0.02)
            await asyncio.sleep(0)
    """,
    "leaks_a_window": """
        def test_leaks_a_window(qapp):
            window = QLabel("left open")
            window.show()
            keep.append(window)
    """,
    "leaks_a_timer": """
        def test_leaks_a_timer(qapp):
            timer = QTimer()
            timer.start(1000)
            keep.append(timer)
    """,
}

FINE = """
    async def test_fine_database(db):
        assert await db.run(lambda tx: tx.execute("SELECT 1").fetchone()[0]) == 1

    async def test_fine_tasks_and_threads():
        task = asyncio.create_task(asyncio.sleep(0))
        await asyncio.to_thread(int)
        await task
        assert asyncio.get_running_loop().get_debug()

    @pytest.mark.expects_log("^warned$")
    def test_fine_expected_log():
        logging.getLogger("x").warning("warned")

    def test_fine_cleared_log(caplog):
        logging.getLogger("x").warning("warned")
        caplog.clear()

    def test_fine_window(qtbot):
        window = QLabel("closed by pytest-qt")
        qtbot.addWidget(window)
        window.show()
        timer = QTimer(window)
        timer.start(1000)

    async def test_fine_clock(fake_clock):
        before = fake_clock.monotonic()
        await fake_clock.advance(5)
        assert fake_clock.monotonic() - before == 5
"""

PRELUDE = """
import asyncio, logging, socket, threading, time, warnings
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLabel
from tests import leaks
from wxauto_mgt.storage.database import Database

leaks._THREAD_GRACE_S = 0.05
keep = []
"""


@pytest.fixture(scope="module")
def _outcomes() -> dict[str, bool]:
    return {}


@pytest.fixture
def passed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, _outcomes: dict[str, bool]
) -> dict[str, bool]:
    """Whether each inner test passed in all its phases; they run once for all of this module."""
    if _outcomes:
        return _outcomes
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    pytester.makeconftest('pytest_plugins = ["tests.conftest"]')
    pytester.makepyfile(PRELUDE + textwrap.dedent(FINE) + "".join(map(textwrap.dedent, INNER.values())))
    options = ("-q", "-rA", "-c", str(ROOT / "pyproject.toml"), "--rootdir=.")
    result = pytester.runpytest_subprocess(*options, ".", timeout=60)
    bad = set(re.findall(r"^(?:ERROR|FAILED) \S+::test_(\w+)", result.stdout.str(), re.MULTILINE))
    good = set(re.findall(r"^PASSED \S+::test_(\w+)", result.stdout.str(), re.MULTILINE))
    _outcomes.update({name: name not in bad for name in good | bad})
    return _outcomes


@pytest.mark.parametrize("name", INNER)
def test_a_test_fails_that(name: str, passed: dict[str, bool]) -> None:
    assert passed[name] is False


def test_tidy_tests_pass(passed: dict[str, bool]) -> None:
    fine = {name: result for name, result in passed.items() if name.startswith("fine_")}
    assert len(fine) == 6
    assert all(fine.values()), fine

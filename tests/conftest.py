"""Fixtures for every test, and the checks that fail a test for what it leaves behind."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests import leaks
from tests.fakes.clock import FakeClock
from wxauto_mgt.api.monitor_api import monitor_api
from wxauto_mgt.storage.database import Database

_SLOW_CALLBACK_S = 1.0

hypothesis.settings.register_profile(
    "tests",
    deadline=None,  # machines differ; durations belong into the benchmarks
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("tests")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "expects_log(pattern): the test must log a WARNING or worse that this pattern finds"
    )


@pytest.fixture(autouse=True, scope="module")
def _quick_collection() -> None:
    # The collection after each test then looks only at what the module made, which keeps it in milliseconds.
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_leaks(
    _quick_collection: None, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """The outermost fixture: whatever is alive after all others ended is a leak.

    Collecting garbage turns forgotten sockets, transports and sessions into warnings, which are errors.
    """
    threads = set(threading.enumerate())
    yield
    gc.collect()
    found = leaks.leaked_qt_objects() + leaks.leaked_threads(threads)
    expected = [str(marker.args[0]) for marker in request.node.iter_markers("expects_log")]
    phases = [caplog.get_records(phase) for phase in ("setup", "call", "teardown")]
    found += leaks.unexpected_logs([record for records in phases for record in records], expected)
    if found:
        pytest.fail("the test left behind:\n  " + "\n  ".join(found), pytrace=False)


@pytest.fixture(autouse=True)
def _no_console_left(_no_leaks: None) -> Iterator[None]:
    """A test that fails before it stops its console fails alone, not all that come after it."""
    yield
    if (left := monitor_api._bound) is not None:
        monitor_api.unbind(left)
        pytest.fail("the test left its console running", pytrace=False)


@pytest.fixture(autouse=True)
def _no_leaked_tasks(_no_leaks: None, request: pytest.FixtureRequest) -> Iterator[None]:
    """Looks at the test's event loop after its other fixtures ended and before the loop is closed."""
    if "_function_scoped_runner" not in request.fixturenames:
        yield
        return
    loop: asyncio.AbstractEventLoop = request.getfixturevalue("_function_scoped_runner").get_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = _SLOW_CALLBACK_S
    yield
    found = leaks.leaked_tasks(loop)
    if found:
        pytest.fail("the test left behind:\n  " + "\n  ".join(found), pytrace=False)


@pytest.fixture
def fake_clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def _migrated_console_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated once; each test gets a copy."""
    path = tmp_path_factory.mktemp("template") / "console.db"

    async def make() -> None:
        await (await _open_console_db(path)).close()

    asyncio.run(make())
    return path


@pytest.fixture
async def db(tmp_path: Path, _migrated_console_db: Path) -> AsyncIterator[Database]:
    """An open console database, fully migrated, empty."""
    path = tmp_path / "console.db"
    shutil.copyfile(_migrated_console_db, path)
    database = await _open_console_db(path)
    yield database
    await database.close()


async def _open_console_db(path: Path) -> Database:
    return await Database.open(path, kind="console", synchronous="FULL", backup_dir=path.parent / "backups")

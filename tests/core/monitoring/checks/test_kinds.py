"""Each kind of check against the real thing: a database, a folder, servers on the loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import ValidationError

from wxauto_mgt.core.config.model import Candidate
from wxauto_mgt.core.metrics.readings import ProcessFigures
from wxauto_mgt.core.monitoring.checks.contract import CheckResult, Outcome
from wxauto_mgt.core.monitoring.checks.database import DatabaseCheck
from wxauto_mgt.core.monitoring.checks.disk import DiskCheck
from wxauto_mgt.core.monitoring.checks.http import HttpCheck
from wxauto_mgt.core.monitoring.checks.process import ProcessCheck
from wxauto_mgt.core.monitoring.checks.settings import (
    HEALTH_CHECKS,
    CheckTarget,
    HealthChecksSettings,
    health_checks_settings_group,
)
from wxauto_mgt.core.monitoring.checks.tcp import TcpCheck
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.runtime.supervisor import LoopStatus
from wxauto_mgt.storage.database import Database

CLOCK = SystemClock()


def said(result: CheckResult) -> tuple[str, str]:
    return result.outcome.value, result.reason_code


@pytest.fixture
async def site() -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        places: Mapping[str, str] = {
            "/moved": "/",
            "/file": "file:///etc/passwd",
            "/round": "/round",
        }
        if request.path in places:
            return web.Response(status=302, headers={"Location": places[request.path]})
        return web.Response(status=500 if request.path == "/broken" else 200)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    server = web.TCPSite(runner, "127.0.0.1", 0)
    await server.start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


async def unused_port() -> int:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


@pytest.mark.parametrize(
    ("path", "outcome", "reason_code"),
    [
        ("/", "ok", "http_answers"),
        ("/moved", "ok", "http_answers"),
        ("/broken", "failed", "http_bad_status"),
        ("/file", "failed", "http_redirect_refused"),
        ("/round", "failed", "http_redirect_refused"),
    ],
)
async def test_a_web_address_must_answer_well(site: str, path: str, outcome: str, reason_code: str) -> None:
    assert said(await HttpCheck(address=site + path, clock=CLOCK).run()) == (outcome, reason_code)


async def test_a_web_address_without_a_server_fails() -> None:
    address = f"http://127.0.0.1:{await unused_port()}/"
    assert said(await HttpCheck(address=address, clock=CLOCK).run()) == ("failed", "http_no_answer")


async def test_a_port_is_well_when_it_accepts(site: str) -> None:
    port = int(site.rpartition(":")[2])
    result = await TcpCheck(host="127.0.0.1", port=port, clock=CLOCK).run()
    assert said(result) == ("ok", "tcp_accepts")
    assert result.response_time_ms is not None
    closed = await TcpCheck(host="127.0.0.1", port=await unused_port(), clock=CLOCK).run()
    assert said(closed) == ("failed", "tcp_refused")


async def test_the_database_is_written_and_read(db: Database) -> None:
    check = DatabaseCheck(db=db, clock=CLOCK)
    for _ in range(2):
        result = await check.run()
        assert said(result) == ("ok", "database_works")
    assert set(result.evidence) == {"write_ms", "read_ms"}


async def test_a_closed_database_fails(db: Database) -> None:
    await db.close()
    assert said(await DatabaseCheck(db=db, clock=CLOCK).run()) == ("failed", "database_failed")


async def test_a_disk_needs_room(tmp_path: Path) -> None:
    assert said(await DiskCheck(folder=tmp_path, free_at_least_bytes=1).run()) == ("ok", "disk_has_room")
    full = await DiskCheck(folder=tmp_path, free_at_least_bytes=1 << 62).run()
    assert said(full) == ("failed", "disk_nearly_full")
    gone = await DiskCheck(folder=tmp_path / "gone").run()
    assert said(gone) == ("failed", "disk_unreadable")


@pytest.mark.parametrize(
    ("lag_ms", "stalled", "expected"),
    [
        (5.0, False, ("ok", "process_works")),
        (2500.0, False, ("failed", "loop_lags")),
        (5.0, True, ("failed", "loops_halted")),
    ],
)
async def test_the_process_is_judged_by_its_loops(
    lag_ms: float, stalled: bool, expected: tuple[str, str]
) -> None:
    check = ProcessCheck(
        process=lambda: ProcessFigures(1.0, 50.0, 5, 20),
        host=lambda: None,
        loop_lag_ms=lambda: lag_ms,
        loops=lambda: [LoopStatus("sampler", True, 0, 1.0, stalled, None)],
    )
    assert said(await check.run()) == expected


async def test_a_process_without_figures_is_unknown() -> None:
    check = ProcessCheck(process=lambda: None, host=lambda: None, loop_lag_ms=lambda: None, loops=list)
    assert (await check.run()).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "address",
    [
        "ftp://a/",
        "file:///etc/passwd",
        "http://user:pw@a/",
        "http://",
        "tcp://a",
        "tcp://a:1/x",
        "http://a b",
    ],
)
def test_a_target_has_a_plain_address(address: str) -> None:
    with pytest.raises(ValidationError):
        CheckTarget(id="page", address=address)


def test_targets_have_names_of_their_own_and_parents_that_exist() -> None:
    def target(name: str, parent: str = "") -> CheckTarget:
        return CheckTarget(id=name, address="tcp://localhost:80", parent=parent)

    def problems(*targets: CheckTarget) -> list[tuple[str, str]]:
        settings = HealthChecksSettings(targets=targets)
        candidate = Candidate({"instance": {"pc1": object()}, "platform": {}}, {HEALTH_CHECKS: settings})
        found = health_checks_settings_group().check(candidate)
        return [(problem.field, problem.reason) for problem in found]

    assert problems(target("a"), target("b", "a"), target("c", "instance:pc1")) == []
    assert problems(target("a"), target("a")) == [
        ("targets.0.id", "check_name_taken"),
        ("targets.1.id", "check_name_taken"),
    ]
    assert problems(target("data_disk")) == [("targets.0.id", "check_name_taken")]
    assert problems(target("a", "instance:gone")) == [("targets.0.parent", "check_parent_unknown")]
    assert problems(target("a", "b"), target("b", "a")) == [
        ("targets.0.parent", "check_parent_circle"),
        ("targets.1.parent", "check_parent_circle"),
    ]

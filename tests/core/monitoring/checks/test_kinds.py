"""Kinds of checks against the real thing: a database, a folder, a port."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.core.monitoring.checks.contexts import context, said
from wxauto_mgt.core.config.pydantic_sections import validate_document
from wxauto_mgt.core.metrics.readings import ProcessFigures
from wxauto_mgt.core.metrics.task_growth import TaskLeak
from wxauto_mgt.core.monitoring.checks.contract import CheckResult, Outcome
from wxauto_mgt.core.monitoring.checks.database import DatabaseCheck
from wxauto_mgt.core.monitoring.checks.disk import DiskCheck, DiskLimits
from wxauto_mgt.core.monitoring.checks.listener import ListenerCheck
from wxauto_mgt.core.monitoring.checks.process import ProcessCheck
from wxauto_mgt.core.monitoring.checks.resource import ResourceCheck, ResourceConfig
from wxauto_mgt.core.monitoring.checks.tcp import TcpCheck, TcpConfig
from wxauto_mgt.core.monitoring.facts import ServiceState
from wxauto_mgt.errors import ConfigError
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.runtime.supervisor import LoopStatus
from wxauto_mgt.storage.database import Database

CLOCK = SystemClock()


async def tcp(fixed_port: int | None, **given: Any) -> CheckResult:
    return await TcpCheck(TcpConfig(port=fixed_port), context(**given)).run()


async def test_a_port_is_well_when_it_accepts() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    result = await tcp(port)
    assert said(result) == ("ok", "tcp_accepts")
    assert result.response_time_ms is not None
    assert said(await tcp(None, port=port)) == ("ok", "tcp_accepts")
    server.close()
    await server.wait_closed()
    assert said(await tcp(port)) == ("failed", "tcp_refused")
    assert said(await tcp(None)) == ("unknown", "tcp_no_port")


@pytest.mark.parametrize(
    ("limits", "value", "expected"),
    [
        ({"warn": 80.0, "fail": 95.0}, 79.9, ("ok", "resource_in_bounds")),
        ({"warn": 80.0, "fail": 95.0}, 80.0, ("degraded", "resource_above")),
        ({"warn": 80.0, "fail": 95.0}, 99.0, ("failed", "resource_above")),
        ({"warn": 5.0, "fail": 1.0, "direction": "below"}, 3.0, ("degraded", "resource_below")),
        ({"fail": 1.0, "direction": "below"}, 1.0, ("failed", "resource_below")),
        ({"fail": 1.0}, None, ("unknown", "resource_not_measured")),
    ],
)
async def test_a_resource_warns_at_one_limit_and_fails_at_another(
    limits: dict[str, Any], value: float | None, expected: tuple[str, str]
) -> None:
    config = validate_document(ResourceConfig, {"metric": "m", **limits}, place="service s")
    result = await ResourceCheck(config, context(figures={"m": value}.get)).run()
    assert said(result) == expected


@pytest.mark.parametrize(
    ("limits", "reason"),
    [({}, "resource_no_limit"), ({"warn": 95.0, "fail": 80.0}, "resource_limits")],
)
def test_limits_must_make_sense(limits: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate_document(ResourceConfig, {"metric": "m", **limits}, place="service s")
    assert [problem.reason for problem in caught.value.problems] == [reason]


@pytest.mark.parametrize(
    ("state", "stalled", "expected"),
    [
        (ServiceState(True, False, None), False, ("ok", "listener_works")),
        (ServiceState(True, False, None), True, ("failed", "loops_halted")),
        (ServiceState(True, False, None, "disk_full"), False, ("failed", "listener_blocked")),
        (ServiceState(False, True, None), False, ("unknown", "listener_paused")),
        (ServiceState(False, False, None), False, ("failed", "listener_stopped")),
    ],
)
async def test_the_listener_is_judged_by_its_state_and_its_loops(
    state: ServiceState, stalled: bool, expected: tuple[str, str]
) -> None:
    loops = [LoopStatus("poll:pc1", True, 0, 1.0, stalled, None)]
    assert said(await ListenerCheck(state=lambda: state, loops=lambda: loops).run()) == expected


async def test_the_database_is_written_and_read(db: Database) -> None:
    check = DatabaseCheck(db=db, clock=CLOCK)
    for _ in range(2):
        result = await check.run()
        assert said(result) == ("ok", "database_works")
    assert set(result.evidence) == {"write_ms", "read_ms"}


async def test_a_slow_database_is_degraded(db: Database) -> None:
    class SlowClock(SystemClock):
        passed_s = 0.0

        def monotonic(self) -> float:
            self.passed_s += 0.6
            return self.passed_s

    result = await DatabaseCheck(db=db, clock=SlowClock()).run()
    assert said(result) == ("degraded", "database_slow")
    assert result.params == {"taken_ms": 1200, "limit_ms": 1000}


async def test_a_closed_database_fails(db: Database) -> None:
    await db.close()
    assert said(await DatabaseCheck(db=db, clock=CLOCK).run()) == ("failed", "database_failed")


async def test_a_disk_needs_room(tmp_path: Path) -> None:
    assert said(await DiskCheck(folder=tmp_path).run()) == ("ok", "disk_has_room")
    full = await DiskCheck(folder=tmp_path, limits=DiskLimits(fail_free_bytes=1 << 62)).run()
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
        task_leak=lambda: None,
    )
    assert said(await check.run()) == expected


async def test_a_process_without_figures_is_unknown() -> None:
    check = ProcessCheck(
        process=lambda: None, host=lambda: None, loop_lag_ms=lambda: None, loops=list, task_leak=lambda: None
    )
    assert (await check.run()).outcome is Outcome.UNKNOWN


async def test_tasks_that_pile_up_degrade_the_process() -> None:
    check = ProcessCheck(
        process=lambda: ProcessFigures(1.0, 50.0, 5, 20),
        host=lambda: None,
        loop_lag_ms=lambda: 5.0,
        loops=lambda: [LoopStatus("poll", True, 3, 1.0, False, None, 2)],
        task_leak=lambda: TaskLeak(before=40, now=400, minutes=8),
    )
    result = await check.run()
    assert said(result) == ("degraded", "tasks_leak")
    assert (result.evidence["loop_restarts"], result.evidence["loop_stalls"]) == (3, 2)

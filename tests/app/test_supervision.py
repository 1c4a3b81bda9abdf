"""The console looks after its own background work: what hangs is seen, told and begun again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.environment import FREE_PORT
from tests.waiting import eventually
from wxauto_mgt.app import Application
from wxauto_mgt.core.config.model import Put
from wxauto_mgt.runtime import supervisor
from wxauto_mgt.runtime.backoff import Backoff
from wxauto_mgt.runtime.supervisor import Beat

FAST = Put("settings", "heartbeat", {"check_interval": 0.05})
SAMPLED = Put("settings", "metrics", {"sample_interval_s": 0.1})


@pytest.mark.expects_log("background work failed")
@pytest.mark.expects_log("main_service was degraded and is unhealthy")
async def test_a_loop_that_hangs_is_restarted_told_and_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "WATCH_INTERVAL_S", 0.1)
    console = await Application.open(data_dir=tmp_path, environment=FREE_PORT)
    await console.config.apply([FAST, SAMPLED], who="test")
    await console.start()
    starts = []

    async def run(beat: Beat) -> None:
        starts.append(1)
        while len(starts) > 1:
            beat()
            await asyncio.sleep(0.05)
        await asyncio.Event().wait()

    def reason() -> str:
        return console.checks.board.report().services["main_service"].reason_code

    await eventually(lambda: reason() == "process_works", timeout_s=20)
    # The pause before it begins again is long enough for a check to see it.
    slow = Backoff(base_s=0.5, cap_s=0.5)
    console.supervisor.start("hanging", run, stalled_after_s=0.4, backoff=slow)
    await eventually(lambda: reason() == "loops_halted", timeout_s=20)
    await eventually(lambda: len(starts) == 2, timeout_s=20)
    await eventually(lambda: reason() == "process_works", timeout_s=20)
    evidence = console.checks.board.report().services["main_service"].evidence
    assert (evidence["loop_stalls"], evidence["halted_loops"]) == (1, "")
    (error,) = console.monitor.recent_errors(10)
    assert (error.operation, error.cause_code, error.params["loop"]) == ("loop", "loop_stalled", "hanging")
    assert (console.sampler.latest("app_task_count") or 0) > 10
    assert await console.stop() == ()

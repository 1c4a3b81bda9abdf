"""A database that somebody else holds: the console says so, reads nothing more, and goes on by itself."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.environment import FREE_PORT
from tests.waiting import eventually
from wxauto_mgt.app import Application
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.instances import routes
from wxauto_mgt.simulator import SimulatedServer, SimulatorConfig

SETTINGS: dict[str, JSON] = {
    "listening": {"poll_interval_s": 0.05, "main_poll_interval_s": 0.05, "probe_interval_s": 0.1},
    "metrics": {"sample_interval_s": 0.1},
    "heartbeat": {"check_interval": 0.1},
}


async def console_for(folder: Path, server: SimulatedServer) -> Application:
    console = await Application.open(data_dir=folder, environment=FREE_PORT)
    document: dict[str, JSON] = {
        "instances": [{"id": "pc1", "base_url": server.base_url, "api_key": server.api_key}],
        "settings": SETTINGS,
    }
    await console.config.import_document(json.dumps(document), filename="c.json", replace=False, who="test")
    await console.start()
    return console


@pytest.mark.expects_log("commit fails: database_locked")
@pytest.mark.expects_log("message_listener was degraded and is unhealthy")
@pytest.mark.expects_log("console_database was degraded|background work failed|locked|kept|alert|degraded")
async def test_a_held_database_stops_the_reading_and_nothing_is_lost(tmp_path: Path) -> None:
    server = SimulatedServer(SimulatorConfig())
    await server.start()
    console = await console_for(tmp_path, server)
    await eventually(lambda: console.monitor.clients()[0].status.connected, timeout_s=20)
    await console.db.run(lambda tx: tx.execute("PRAGMA busy_timeout = 20").fetchone())

    def reason(service: str) -> str:
        return console.checks.board.report().services[service].reason_code

    def reads() -> int:
        return server.calls[routes.LISTEN_GET] + server.calls[routes.NEXT_NEW]

    async def stored() -> int:
        row = await console.db.fetch_one("SELECT count(*) AS n FROM message WHERE content LIKE '第%条'")
        return int(row["n"]) if row else 0

    async def stored_twice() -> bool:
        return await stored() == 2

    holder = sqlite3.connect(tmp_path / "console.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    server.world.receive("张三", text="第一条")
    await eventually(lambda: console.listener.status.blocked_by == "database_locked", timeout_s=20)
    await eventually(lambda: reason("message_listener") == "listener_blocked", timeout_s=20)
    await eventually(lambda: reason("console_database") == "database_failed", timeout_s=20)
    before = reads()
    server.world.receive("李四", text="第二条")
    await eventually(
        lambda: console.checks.board.report().services["message_listener"].consecutive_failures > 4
    )
    assert reads() <= before + 2  # those under way
    assert await stored() == 0
    assert console.listener.status.running

    holder.execute("ROLLBACK")
    holder.close()
    await eventually(lambda: console.listener.status.blocked_by is None, timeout_s=30)
    both: Callable[[], Any] = stored_twice
    await eventually(both, timeout_s=20)
    await eventually(lambda: reason("message_listener") == "listener_works", timeout_s=20)
    await console.stop()
    await server.stop()

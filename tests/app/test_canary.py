"""A canary end to end: a whole console on a simulated server, and what truly went out there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.waiting import eventually
from wxauto_mgt.app import Application
from wxauto_mgt.core.config.model import JSON, Put
from wxauto_mgt.core.monitoring.checks.contract import ServiceHealth
from wxauto_mgt.simulator import SimulatedServer, SimulatorConfig
from wxauto_mgt.simulator.world import FILE_TRANSFER

FAST = [
    Put(
        "settings",
        "listening",
        {"poll_interval_s": 0.05, "main_poll_interval_s": 0.05, "probe_interval_s": 0.1},
    ),
    Put("settings", "heartbeat", {"check_interval": 0.1}),
]
ANSWERS_ALL: dict[str, JSON] = {
    "rules": [
        {
            "keywords": ["wxauto_mgt", "自检"],
            "match_type": "contains",
            "replies": ["an answer that nobody asked for"],
        }
    ]
}
CANARY: dict[str, JSON] = {
    "name": "canary",
    "check": {"type": "canary", "instance": "pc1", "every_s": 60, "wait_s": 5},
}


@pytest.fixture
async def server() -> AsyncIterator[SimulatedServer]:
    simulated = SimulatedServer(SimulatorConfig())
    await simulated.start()
    yield simulated
    await simulated.stop()


@pytest.fixture
async def console(tmp_path: Path, server: SimulatedServer) -> AsyncIterator[Application]:
    opened = await Application.open(data_dir=tmp_path, environment={"WXAUTO_MGT_API_PORT": "0"})
    document: dict[str, JSON] = {
        "instances": [{"id": "pc1", "base_url": server.base_url, "api_key": server.api_key}],
        "platforms": [{"id": "kw", "name": "kw", "type": "keyword", "config": ANSWERS_ALL}],
        "rules": [{"id": "r1", "name": "all", "platforms": ["kw"]}],
        "listeners": [{"instance": "pc1", "who": FILE_TRANSFER, "kind": "fixed"}],
        "services": [CANARY],
    }
    await opened.config.apply(FAST, who="test")
    await opened.config.import_document(json.dumps(document), filename="c.json", replace=False, who="test")
    await opened.start()
    yield opened
    assert await opened.stop() == ()


def canary(console: Application) -> ServiceHealth:
    return console.checks.board.report().services["canary"]


async def test_a_canary_goes_out_comes_back_and_reaches_no_platform(
    console: Application, server: SimulatedServer
) -> None:
    await eventually(lambda: canary(console).reason_code == "canary_came_back", timeout_s=20)
    first = canary(console).last_check_at
    assert first is not None
    await eventually(
        lambda: (canary(console).last_check_at or first) > first
    )  # checked again, not sent again
    assert canary(console).status.value == "healthy"
    sent = [(message.chat, message.route) for message in server.world.sent]
    assert sent == [(FILE_TRANSFER, "/api/chat-window/message/send")]
    assert server.ui_overlaps == []
    rows = await console.ground.db.fetch_all("SELECT origin, state, reason FROM message")
    assert {tuple(row) for row in rows} == {("own", "filtered", "own_row")}
    assert await console.ground.db.fetch_all("SELECT 1 FROM platform_attempt") == []
    assert await console.ground.db.fetch_all("SELECT 1 FROM reply") == []


async def test_none_is_written_while_the_operator_paused(
    console: Application, server: SimulatedServer
) -> None:
    await eventually(lambda: canary(console).reason_code == "canary_came_back", timeout_s=20)
    await console.listener.pause()
    server.world.sent.clear()
    await console.ground.db.run(lambda tx: tx.execute("DELETE FROM canary"))  # the next one is due
    await eventually(lambda: canary(console).reason_code == "canary_paused", timeout_s=20)
    assert server.world.sent == []
    await console.listener.resume()
    await eventually(lambda: canary(console).reason_code == "canary_came_back", timeout_s=20)
    assert len(server.world.sent) == 1

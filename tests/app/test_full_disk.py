"""A disk that is really full: the console says so, reads nothing that it cannot keep, and comes back."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.environment import FREE_PORT
from tests.waiting import eventually
from wxauto_mgt.app import Application
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.instances import routes
from wxauto_mgt.simulator import SimulatedServer, SimulatorConfig

DISK_BYTES = 16 << 20
CHAT = "张三"
SETTINGS: dict[str, JSON] = {
    "listening": {"poll_interval_s": 0.05, "main_poll_interval_s": 0.05, "probe_interval_s": 0.1},
    "metrics": {"sample_interval_s": 0.1},
    "heartbeat": {"check_interval": 0.1},
    "alerts": {"evaluation_interval_s": 0.1, "group_wait_s": 0, "group_interval_s": 0},
}


class Disk:
    """A small volume that can be filled to its last byte."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        with self._filler.open("ab", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(b"\0" * 4096)

    def free(self) -> None:
        self._filler.unlink()


@pytest.fixture
def disk() -> Iterator[Disk]:
    # Not below pytest's folder, which it clears away while a failed test may still hold files here.
    folder = Path(tempfile.mkdtemp(prefix="small-disk-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    is_there = shutil.which("mount") and subprocess.run(command, capture_output=True, check=False)
    if not is_there or is_there.returncode != 0:
        folder.rmdir()
        pytest.skip("a small disk cannot be mounted without the right to")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture
async def server() -> AsyncIterator[SimulatedServer]:
    simulated = SimulatedServer(SimulatorConfig())
    await simulated.start()
    yield simulated
    await simulated.stop()


@pytest.fixture
async def notices() -> AsyncIterator[tuple[str, list[str]]]:
    """A webhook's far side: its address, and the titles that came."""
    titles: list[str] = []

    async def take(request: web.Request) -> web.Response:
        titles.append(json.loads(await request.text())["title"])
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/", titles
    await runner.cleanup()


async def opened(disk: Disk, server: SimulatedServer, hook: str) -> Application:
    console = await Application.open(data_dir=disk.folder / "data", environment=FREE_PORT)
    reply: dict[str, JSON] = {"keywords": ["问"], "match_type": "contains", "replies": ["答"]}
    document: dict[str, JSON] = {
        "instances": [{"id": "pc1", "base_url": server.base_url, "api_key": server.api_key}],
        "platforms": [{"id": "kw", "name": "kw", "type": "keyword", "config": {"rules": [reply]}}],
        "rules": [{"id": "r1", "name": "all", "platforms": ["kw"]}],
        "channels": [{"id": "hook", "name": "hook", "type": "webhook", "config": {"webhook_url": hook}}],
        "alert_rules": [
            {
                "id": "low",
                "metric_name": "health_score",
                "operator": "lt",
                "threshold": 70,
                "for_s": 0,
                "title": "分数低",
            }
        ],
        "settings": SETTINGS,
    }
    text = json.dumps(document)
    await console.config.import_document(text, filename="c.json", replace=False, who="test")
    await console.start()
    return console


# Each of what cannot be written says so once, in its own words; which of them meet it depends on the moment.
@pytest.mark.expects_log("disk_full|is unhealthy")
async def test_a_full_disk_is_told_everywhere_and_costs_nothing(
    disk: Disk, server: SimulatedServer, notices: tuple[str, list[str]]
) -> None:
    hook, titles = notices
    console = await opened(disk, server, hook)

    def reason(service: str) -> str:
        return console.checks.board.report().services[service].reason_code

    def answers() -> int:
        return sum(message.chat == CHAT for message in server.world.sent)

    server.world.receive(CHAT, text="问 0")
    await eventually(lambda: answers() == 1, timeout_s=20)
    disk.fill()
    asked = 1

    def is_blocked() -> bool:
        # What the database has room for inside its own files is still taken.
        nonlocal asked
        if console.listener.status.blocked_by is None:
            server.world.receive(CHAT, text=f"问 {asked} " + "x" * 2000)
            asked += 1
        return console.listener.status.blocked_by == "disk_full"

    await eventually(is_blocked, timeout_s=20)
    await eventually(lambda: reason("message_listener") == "listener_blocked", timeout_s=10)
    assert reason("data_disk") == "disk_nearly_full"
    why = console.recovery.recoverer.of_service("message_listener").why
    assert (why.code, why.params) == ("blocked", {"cause": "disk_full"})
    reads = server.calls[routes.LISTEN_GET] + server.calls[routes.NEXT_NEW]
    health = console.monitor.evaluate()
    assert health.score is not None
    assert health.score <= 60.0
    assert health.deductions[0].evidence == ("disk_full",)
    await eventually(lambda: "low" in {alert.rule for alert in console.alerting.engine.active()})
    assert server.calls[routes.LISTEN_GET] + server.calls[routes.NEXT_NEW] <= reads + 2  # those under way

    disk.free()
    await eventually(lambda: console.listener.status.blocked_by is None, timeout_s=20)
    await eventually(lambda: reason("console_database") == "database_works", timeout_s=10)
    await eventually(lambda: answers() == asked, timeout_s=30)  # each once: none was lost, none read twice
    await eventually(lambda: len(titles) >= 2, timeout_s=20)  # the alert, and its end
    await eventually(lambda: all(loop.running for loop in console.supervisor.loops()), timeout_s=20)
    # A restart frees no disk. A repair that begins as the disk is freed finds that there is nothing to do.
    assert not [run for run in await console.recovery.recoverer.runs("message_listener") if run.steps]
    assert [loop.name for loop in console.supervisor.loops() if loop.restarts] == []
    assert await console.stop() == ()
    assert answers() == asked

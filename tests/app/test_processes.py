"""Processes of services in a whole console: configured, called by programs, audited, ended with it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.core.recovery.processes.conftest import IDLE, lives
from tests.environment import FREE_PORT
from tests.waiting import eventually
from wxauto_mgt.app import Application
from wxauto_mgt.core.config.model import JSON, Delete, Put

SERVER = """
import http.server, sys
print("serves on", sys.argv[1], "with", __import__("os").environ["TTS_TOKEN"], flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def service(text: str, *arguments: str, **process: JSON) -> dict[str, JSON]:
    command: list[JSON] = [sys.executable, "-c", text, *arguments]
    return {
        "name": "tts",
        "check": {"type": "push"},
        "process": {"command": command, "stop_timeout_s": 5, **process},
    }


async def opened(folder: Path, **environment: str) -> Application:
    console = await Application.open(data_dir=folder, environment={**FREE_PORT, **environment})
    await console.start()
    return console


async def record(console: Application) -> dict[str, Any]:
    reply: Any = await console.api.get_processes()
    assert reply["success"] is True
    return reply["data"][0] if reply["data"] else {}


def is_in(console: Application, state: str) -> Callable[[], Any]:
    async def found() -> bool:
        return (await record(console)).get("state") == state

    return found


async def test_a_configured_process_lives_with_the_console(tmp_path: Path, unused_tcp_port: int) -> None:
    console = await opened(tmp_path, MY_TOKEN="a-secret-of-the-operator")
    document = service(SERVER, "{port}", env={"TTS_TOKEN": "${MY_TOKEN}"}) | {"port": unused_tcp_port}
    await console.config.apply([Put("service", "tts", document)], who="test")
    await eventually(is_in(console, "running"), timeout_s=20)
    started = await record(console)
    assert lives(started["pid"])

    await eventually(lambda: console.processes.managed.output("tts"), timeout_s=20)
    written: Any = await console.api.get_process_output("tts")
    assert written["data"] == [f"serves on {unused_tcp_port} with ***"]
    assert (started["service"], started["adopted"], started["restarts"]) == ("tts", False, 0)
    assert str(started["pid"]) in started["message"]

    restarted: Any = await console.api.restart_process("tts")
    assert (restarted["success"], restarted["data"]["state"]) == (True, "running")
    stopped: Any = await console.api.stop_process("tts")
    assert (stopped["success"], stopped["data"]["pid"]) == (True, None)
    assert not lives(restarted["data"]["pid"])
    again: Any = await console.api.start_process("tts")
    await console.processes.control("window").restart("tts")
    entries = await console.ground.audit.entries()
    assert [(entry.who, entry.action) for entry in entries[:4]] == [
        ("window", "process.restart"),
        ("api", "process.start"),
        ("api", "process.stop"),
        ("api", "process.restart"),
    ]
    assert not lives(again["data"]["pid"])
    pid = (await record(console))["pid"]
    assert await console.stop() == ()
    assert not lives(pid)


async def test_one_that_is_removed_or_switched_off_ends(tmp_path: Path) -> None:
    console = await opened(tmp_path)
    await console.config.apply([Put("service", "tts", service(IDLE))], who="test")
    await eventually(is_in(console, "running"), timeout_s=20)
    pid = (await record(console))["pid"]
    await console.config.apply([Put("service", "tts", service(IDLE) | {"enabled": False})], who="test")
    await eventually(lambda: not lives(pid), timeout_s=20)
    await console.config.apply([Put("service", "tts", service(IDLE))], who="test")
    await eventually(is_in(console, "running"), timeout_s=20)
    await console.config.apply([Delete("service", "tts")], who="test")
    await eventually(lambda: not console.processes.managed.status(), timeout_s=20)
    assert await console.stop() == ()


@pytest.mark.expects_log("tts cannot be started: program_missing")
async def test_a_program_that_is_missing_is_one_clear_line(tmp_path: Path) -> None:
    console = await opened(tmp_path)
    document: dict[str, JSON] = {
        "name": "tts",
        "check": {"type": "push"},
        "process": {"command": ["/opt/tts/run"], "autostart": False},
    }
    await console.config.apply([Put("service", "tts", document)], who="test")
    reply: Any = await console.api.start_process("tts")
    assert reply["success"] is False
    assert "/opt/tts/run" in reply["error"]
    assert "\n" not in reply["error"]
    unknown: Any = await console.api.start_process("nobody")
    assert (unknown["success"], "nobody" in unknown["error"]) == (False, True)
    assert await console.stop() == ()

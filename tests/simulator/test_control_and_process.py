"""The control face, and the simulator as a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from wxauto_mgt.simulator import SimulatedServer, SimulatorConfig
from wxauto_mgt.simulator.control import control_face
from wxauto_mgt.simulator.run import run

KEY = {"X-API-Key": "test-key-2"}


class Control:
    def __init__(self, base_url: str, session: aiohttp.ClientSession) -> None:
        self.base_url = base_url
        self.session = session

    async def __call__(self, command: str, **arguments: object) -> object:
        status, document = await self.try_to(command, **arguments)
        assert status == 200, document
        return document["result"]

    async def try_to(self, command: str, **arguments: object) -> tuple[int, dict[str, object]]:
        url = f"{self.base_url}/__sim__/{command}"
        async with self.session.post(url, json=arguments) as answer:
            return answer.status, await answer.json()

    async def read(self, path: str) -> object:
        async with self.session.get(self.base_url + path, headers=KEY) as answer:
            return (await answer.json())["data"]["messages"]


@pytest.fixture
async def control() -> AsyncIterator[Control]:
    server = SimulatedServer(SimulatorConfig(), control=control_face)
    base_url = await server.start()
    async with aiohttp.ClientSession() as session:
        yield Control(base_url, session)
    await server.stop()


async def test_a_test_elsewhere_can_drive_the_world(control: Control) -> None:
    async with control.session.post(f"{control.base_url}/api/wechat/initialize", headers=KEY) as answer:
        assert answer.status == 200
    await control("receive", chat="测试群", sender="张三", text="你好")
    await control("receive_many", rows=[{"chat": "李四", "text": "一"}, {"chat": "李四", "text": "二"}])

    assert list(await control.read("/api/message/get-next-new")) == ["李四"]  # type: ignore[call-overload]
    assert list(await control.read("/api/message/get-next-new")) == ["测试群"]  # type: ignore[call-overload]
    body = {"receiver": "李四", "message": "答"}
    async with control.session.post(f"{control.base_url}/api/message/send", json=body, headers=KEY) as answer:
        assert answer.status == 200
    sent = await control("sent")
    assert isinstance(sent, list)
    assert (sent[0]["chat"], sent[0]["text"], sent[0]["route"]) == ("李四", "答", "/api/message/send")
    assert await control("calls") == {
        "/api/wechat/initialize": 1,
        "/api/message/get-next-new": 2,
        "/api/message/send": 1,
    }
    assert await control("overlaps") == []
    assert await control("duplicates") == []


async def test_life_and_faults_can_be_commanded(control: Control) -> None:
    await control("kill")
    await control("revive")
    await control("restart")
    await control("add_chat", title="群", chat_type="group", aliases=["旧名"])
    await control("fail_silently", operation="send", times=2)
    await control("hang", route="/api/health", effect="late")
    await control("release")
    await control("fail", route="/api/health", status=500, code=5000)
    async with control.session.get(f"{control.base_url}/api/health") as answer:
        assert answer.status == 500
    state = await control("state")
    assert isinstance(state, dict)
    assert (state["alive"], state["initialized"], state["listened"]) == (True, False, [])


async def test_wrong_commands_are_refused_with_a_reason(control: Control) -> None:
    assert (await control.try_to("nothing"))[0] == 404
    status, document = await control.try_to("receive", who="x")
    assert status == 400
    assert "TypeError" in str(document["error"])


async def test_without_a_control_face_there_is_none() -> None:
    server = SimulatedServer()
    base_url = await server.start()
    async with aiohttp.ClientSession() as session, session.post(f"{base_url}/__sim__/state") as answer:
        assert answer.status == 404
    await server.stop()


async def test_run_serves_scripted_chats_until_cancelled() -> None:
    urls: asyncio.Queue[str] = asyncio.Queue()
    config = SimulatorConfig()
    async with asyncio.TaskGroup() as group:
        service = group.create_task(
            run(port=0, seed=1, messages_per_minute=60_000, config=config, on_ready=urls.put_nowait)
        )
        base_url = await urls.get()
        async with aiohttp.ClientSession(headers=KEY) as session:
            async with session.post(f"{base_url}/api/wechat/initialize") as answer:
                assert answer.status == 200
            messages: dict[str, object] = {}
            async with asyncio.timeout(5):
                while not messages:
                    async with session.get(f"{base_url}/api/message/get-next-new") as answer:
                        messages = (await answer.json())["data"]["messages"]
        service.cancel()


@asynccontextmanager
async def _process() -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    arguments = ("-m", "wxauto_mgt.simulator", "--port", "0", "--control")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        line = await process.stdout.readline()
    yield process, line.decode().strip()
    async with asyncio.timeout(20):
        assert await process.wait() == 0


async def test_a_process_says_where_it_is_and_ends_when_its_input_closes() -> None:
    async with _process() as (process, base_url):
        async with aiohttp.ClientSession() as session, session.post(f"{base_url}/__sim__/state") as answer:
            assert answer.status == 200
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.skipif(os.name == "nt", reason="a terminated process has no say there")
async def test_a_process_ends_on_sigterm() -> None:
    async with _process() as (process, _):
        process.send_signal(signal.SIGTERM)

"""Calls from another process: how a console is found, what is passed on, and what each way to fail says."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from wxauto_mgt.api.attach import RemoteMonitorAPI
from wxauto_mgt.api.attach_point import ATTACH_FILE_NAME, AttachPoint, attach_file, read_attach_point
from wxauto_mgt.api.console_link import ConsoleLink
from wxauto_mgt.api.replies import Fields
from wxauto_mgt.app.attach_file import AttachFile
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.runtime.data_folder import DATA_DIR_VARIABLE
from wxauto_mgt.runtime.platform import DataFolderLock
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

ROOT = Path(__file__).resolve().parents[2]
TIMESTAMP = "2026-01-01T00:00:00+00:00"
TOKEN = "planted-token-of-a-run"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def echo(request: web.Request) -> web.StreamResponse:
    """What the console's route does, in small: the call and its arguments come back as the reply."""
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        problem = {"title": "Unauthorized", "status": 401}
        return web.json_response(problem, status=401, content_type="application/problem+json")
    data = {"method": request.match_info["method"], "arguments": await request.json()}
    return web.json_response({"success": True, "data": data, "timestamp": TIMESTAMP, "count": 3})


@asynccontextmanager
async def serving(answer: Answer = echo) -> AsyncIterator[str]:
    """A server that speaks the console's route; yields its address."""
    application = web.Application()
    application.router.add_post("/api/monitor/{method}", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield site.name
    finally:
        await runner.cleanup()


def point_at(url: str, *, pid: int | None = None, token: str = TOKEN) -> AttachPoint:
    return AttachPoint(url=url, token=token, pid=pid or os.getpid(), run_id="r", version="1")


def remote(data_dir: Path, *, answer_within_s: float = 5.0) -> RemoteMonitorAPI:
    link = ConsoleLink(
        data_dir=data_dir,
        texts=lambda: Catalogue(Language.EN),
        clock=SystemClock(),
        answer_within_s=answer_within_s,
    )
    return RemoteMonitorAPI(link=link)


def error_of(reply: Fields) -> str:
    assert sorted(reply) == ["error", "success", "timestamp"]
    assert reply["success"] is False
    sentence = str(reply["error"])
    assert "\n" not in sentence
    assert TOKEN not in sentence
    return sentence


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


async def test_a_call_and_its_reply_pass_through_unchanged(tmp_path: Path) -> None:
    async with serving() as url:
        await AttachFile(data_dir=tmp_path).write(point_at(url))
        api = remote(tmp_path)
        assert await api.get_recent_errors(limit=2) == {
            "success": True,
            "data": {"method": "get_recent_errors", "arguments": {"limit": 2}},
            "timestamp": TIMESTAMP,
            "count": 3,
        }
        data = (await api.record_business_metric("活跃用户", 2.5, {"城市": "北京"}))["data"]
        assert isinstance(data, dict)
        assert data["arguments"] == {"name": "活跃用户", "value": 2.5, "labels": {"城市": "北京"}}


async def test_a_failure_that_the_console_tells_is_passed_on(tmp_path: Path) -> None:
    told = {"success": False, "error": "监听服务没有运行", "timestamp": TIMESTAMP}

    async def refuse(_request: web.Request) -> web.StreamResponse:
        return web.json_response(told, status=409)

    async with serving(refuse) as url:
        await AttachFile(data_dir=tmp_path).write(point_at(url))
        assert await remote(tmp_path).pause_service() == told


async def test_the_file_is_its_owners_alone_and_goes_with_the_console(tmp_path: Path) -> None:
    file = AttachFile(data_dir=tmp_path)
    point = point_at("http://127.0.0.1:1")
    await file.write(point)
    await file.write(replace(point, run_id="next"))
    found = read_attach_point(tmp_path)
    assert found == replace(point, run_id="next")
    assert TOKEN not in repr(found)
    if sys.platform != "win32":
        assert stat.S_IMODE(attach_file(tmp_path).stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == [ATTACH_FILE_NAME]
    await file.remove()
    await file.remove()
    assert read_attach_point(tmp_path) is None


async def test_without_a_console_the_folder_is_named(tmp_path: Path) -> None:
    assert error_of(await remote(tmp_path).get_statistics()).startswith(
        f"No console runs with the data folder {tmp_path}"
    )


async def test_a_killed_console_is_no_console(tmp_path: Path) -> None:
    async with serving() as url:
        pass
    await AttachFile(data_dir=tmp_path).write(point_at(url, pid=dead_pid()))
    assert "No console runs" in error_of(await remote(tmp_path).get_statistics())


async def test_a_dead_console_whose_port_another_one_took_is_no_console(tmp_path: Path) -> None:
    async with serving() as url:
        await AttachFile(data_dir=tmp_path).write(point_at(url, pid=dead_pid(), token="of the dead run"))
        assert "No console runs" in error_of(await remote(tmp_path).get_statistics())


async def test_whoever_took_the_port_of_a_dead_console_is_told_nothing(tmp_path: Path) -> None:
    told = []

    async def pretend(request: web.Request) -> web.StreamResponse:
        told.append(await request.text())
        return web.json_response({"success": True, "data": "trust me", "timestamp": TIMESTAMP})

    async with serving(pretend) as url:
        await AttachFile(data_dir=tmp_path).write(point_at(url, pid=dead_pid()))
        reply = await remote(tmp_path).update_settings("notifications", {"password": TOKEN})
    assert "No console runs" in error_of(reply)
    assert told == []


async def test_a_dead_console_whose_process_id_another_program_has_is_no_console(tmp_path: Path) -> None:
    async with serving() as url:
        pass
    await AttachFile(data_dir=tmp_path).write(point_at(url))
    an_hour_ago_s = time.time() - 3600  # this process did not run then
    os.utime(attach_file(tmp_path), (an_hour_ago_s, an_hour_ago_s))
    assert "No console runs" in error_of(await remote(tmp_path).get_statistics())


async def test_a_living_console_that_accepts_nothing_is_told_by_its_process(tmp_path: Path) -> None:
    async with serving() as url:
        pass
    await AttachFile(data_dir=tmp_path).write(point_at(url))
    sentence = error_of(await remote(tmp_path).get_statistics())
    assert f"(process {os.getpid()}) accepts no connection at {url}" in sentence


async def test_a_console_without_its_api_is_told_by_the_lock(tmp_path: Path) -> None:
    lock = DataFolderLock()
    lock.acquire(tmp_path)
    try:
        sentence = error_of(await remote(tmp_path).get_statistics())
    finally:
        lock.release()
    assert f"(process {os.getpid()})" in sentence
    assert "takes no calls" in sentence


async def test_a_busy_console_is_told_from_a_dead_one(tmp_path: Path) -> None:
    released = asyncio.Event()

    async def hang(_request: web.Request) -> web.StreamResponse:
        await released.wait()
        return web.Response()

    async with serving(hang) as url:
        await AttachFile(data_dir=tmp_path).write(point_at(url))
        sentence = error_of(await remote(tmp_path, answer_within_s=0.2).restart_service())
        released.set()
    assert "did not answer within 0.2 seconds" in sentence
    assert "not known" in sentence


async def test_a_call_whose_answer_is_lost_is_not_made_again(tmp_path: Path) -> None:
    made = []

    async def drop(request: web.Request) -> web.StreamResponse:
        made.append(request.match_info["method"])
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with serving(drop) as url:
        await AttachFile(data_dir=tmp_path).write(point_at(url))
        assert "not known" in error_of(await remote(tmp_path).restart_service())
    assert made == ["restart_service"]


async def test_a_refused_token_is_told(tmp_path: Path) -> None:
    async with serving() as url:
        await AttachFile(data_dir=tmp_path).write(point_at(url, token="wrong"))
        assert "refused the token" in error_of(await remote(tmp_path).get_statistics())


async def test_a_console_that_was_restarted_meanwhile_is_found(tmp_path: Path) -> None:
    file = AttachFile(data_dir=tmp_path)
    async with serving() as url:

        async def refuse_and_restart(_request: web.Request) -> web.StreamResponse:
            await file.write(point_at(url))
            return web.json_response({"title": "Unauthorized"}, status=401)

        async with serving(refuse_and_restart) as old_url:
            await file.write(point_at(old_url))
            assert (await remote(tmp_path).get_statistics())["success"] is True


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (web.json_response({"title": "Forbidden", "detail": "a read\ntoken"}, status=403), "a read token"),
        (web.Response(text="<html>", status=200), "HTTP 200"),
        (web.json_response([1]), "HTTP 200"),
        (web.json_response({"success": "yes", "timestamp": ""}), "HTTP 200"),
        (web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}), "HTTP 302"),
    ],
    ids=["problem", "html", "list", "no envelope", "redirect"],
)
async def test_an_answer_that_is_no_reply_is_a_refusal(
    tmp_path: Path, answer: web.Response, expected: str
) -> None:
    async def odd(_request: web.Request) -> web.StreamResponse:
        return answer

    async with serving(odd) as url:
        await AttachFile(data_dir=tmp_path).write(point_at(url))
        assert expected in error_of(await remote(tmp_path).get_statistics())


async def test_a_program_that_speaks_no_http_is_no_console(tmp_path: Path) -> None:
    async def shout(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n" * 10)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        await AttachFile(data_dir=tmp_path).write(point_at(f"http://127.0.0.1:{port}"))
        error_of(await remote(tmp_path).get_statistics())


@pytest.mark.parametrize("content", ["", "{", "[]", '{"url": 1}', '{"url": "u", "pid": 1}'])
async def test_a_file_that_is_no_attach_file_is_told(tmp_path: Path, content: str) -> None:
    attach_file(tmp_path).write_text(content, encoding="utf-8")
    assert "is incomplete" in error_of(await remote(tmp_path).get_statistics())


async def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    attach_file(tmp_path).mkdir()
    assert "Cannot read" in error_of(await remote(tmp_path).get_statistics())


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(PermanentError):
        await AttachFile(data_dir=tmp_path / "none").write(point_at("http://127.0.0.1:1"))


async def test_what_cannot_travel_is_refused_before_it_leaves(tmp_path: Path) -> None:
    api = remote(tmp_path)
    assert "own process" in error_of(await api.add_notification_handler(print))
    assert "record_metric" in error_of(await api.record_metric("a", float("nan")))
    labels = {"a": {1, 2}}
    assert "cannot be sent" in error_of(await api.record_metric("a", 1, labels=labels))  # type: ignore[arg-type]


SCRIPT = """\
import asyncio, json, sys
from wxauto_mgt.api.monitor_api import monitor_api
imported = sorted({name.partition(".")[0] for name in sys.modules})

async def main():
    return [await monitor_api.get_service_status(), await monitor_api.get_recent_errors(10)]

print(json.dumps([imported, asyncio.run(main()), asyncio.run(main())]))
"""


async def test_a_script_attaches_by_itself_and_leaves_nothing_open(tmp_path: Path) -> None:
    environment = {**os.environ, DATA_DIR_VARIABLE: str(tmp_path), "PYTHONPATH": str(ROOT)}
    async with serving() as url:
        await AttachFile(data_dir=tmp_path).write(point_at(url))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "error", "-c", SCRIPT),
            env=environment,
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, err.decode()) == (0, "")
    imported, first, second = json.loads(out)
    assert first == second
    assert first[1]["data"] == {"method": "get_recent_errors", "arguments": {"limit": 10}}
    heavy = {"PySide6", "aiohttp", "fastapi", "uvicorn", "pydantic", "numpy", "babel", "cryptography"}
    assert not heavy & set(imported)

"""Clients that play with the wire: requests in a row, fields behind a body, protocols that nobody speaks."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.api.http.served import Served, serve
from tests.api.http.test_limits import code_of, head, raw
from tests.waiting import eventually
from wxauto_mgt.api.http.protocol import REFUSED_POLITELY, BoundedProtocol

SMALLEST = b"GET / HTTP/1.1\r\n\r\n"


def connections(served: Served) -> list[BoundedProtocol]:
    server = served.application.http._main
    assert server is not None
    return [one for one in server._state.connections if isinstance(one, BoundedProtocol)]


async def test_requests_in_a_row_wait_unparsed_and_are_all_answered(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    await eventually(lambda: len(connections(served)) == 1)
    (connection,) = connections(served)
    writer.write(SMALLEST * 1_000)
    answered, most = b"", 0
    async with asyncio.timeout(20):
        while answered.count(b"HTTP/1.1 421 ") < 1_000:
            answered += await reader.read(65_536)
            most = max(most, len(connection.pipeline))
    assert 0 < most < 150
    writer.close()


async def test_rubbish_behind_good_requests_ends_the_connection_quietly(served: Served) -> None:
    # Whatever still worked on an answer would have failed aloud by writing behind the refusal.
    for good in (head(served), head(served) * 2, head(served, path="/login") * 3):
        answer = await raw(served, good + b"\0rubbish\r\n\r\n")
        assert answer.endswith(b"}")
        assert answer.count(b"HTTP/1.1 ") == 1
    async with asyncio.timeout(5):
        await eventually(lambda: not connections(served))


async def test_a_stream_ends_with_its_client_whatever_waited_behind_it(served: Served) -> None:
    await served.session.close()
    feed = served.application.http._feed
    assert feed is not None
    token = f"Authorization: Bearer {served.tokens['read']}"
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(head(served, token, path="/api/events"))
    await reader.readuntil(b"retry:")
    writer.write(head(served))
    await eventually(lambda: any(one.pipeline for one in connections(served)))
    writer.close()
    await eventually(lambda: feed.watcher_count == 0)


async def test_fields_behind_a_body_are_no_headers(served: Served) -> None:
    asked = head(
        served,
        "Transfer-Encoding: chunked",
        "Connection: close",
        method="POST",
        path="/api/monitor/list_tokens",
    )
    behind = f"0\r\nAuthorization: Bearer {served.tokens['admin']}\r\nHost: localhost\r\n\r\n"
    assert code_of(await raw(served, asked + behind.encode())) == (401, "token_missing")


async def test_the_body_of_an_upgrade_is_never_a_request(served: Served) -> None:
    hidden = head(served)
    asked = head(
        served,
        "Connection: Upgrade",
        "Upgrade: h2c",
        f"Content-Length: {len(hidden)}",
        method="POST",
        path="/api/monitor/get_statistics",
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(asked)
    await asyncio.sleep(0.05)
    writer.write(hidden)
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    assert answer.count(b"HTTP/1.1 ") == 1
    assert code_of(answer) == (400, "bad_request")


async def test_an_upgrade_that_is_not_spoken_is_passed_over(served: Served) -> None:
    asked = head(served, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    for _ in range(2):
        writer.write(asked)
        async with asyncio.timeout(5):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            await reader.readuntil(b"}")
    writer.close()


async def test_refused_connections_that_stay_do_not_use_up_the_process_sockets(tmp_path: Path) -> None:
    async with serve(tmp_path, settings={"max_connections": 4}) as served:
        most, opened = 0, []
        for _ in range(150):
            opened.append(await asyncio.open_connection("127.0.0.1", served.port))
            most = max(most, len(connections(served)))
        assert 4 < most <= 4 + REFUSED_POLITELY + 5  # some that are just being let in
        for _, writer in opened:
            writer.transport.abort()
        await eventually(lambda: not connections(served))

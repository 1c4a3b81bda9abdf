"""Requests that are too slow, too many, too large or too deep; the console goes on."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

from tests.api.http.served import Served, serve
from tests.waiting import eventually
from wxauto_mgt.api.http.protocol import _LAST_BYTES_S


async def raw(served: Served, data: bytes, *, read_s: float = 5.0) -> bytes:
    """Send bytes as they are and return all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    try:
        writer.write(data)
        async with asyncio.timeout(read_s):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def head(served: Served, *lines: str, path: str = "/health", method: str = "GET") -> bytes:
    first = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{served.port}", *lines]
    return ("\r\n".join(first) + "\r\n\r\n").encode("latin-1")


def code_of(answer: bytes) -> tuple[int, str]:
    top, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in top.lower(), answer
    problem = json.loads(body)
    return int(top.split(b" ")[1]), problem["type"].removeprefix("about:blank#")


async def well(served: Served) -> None:
    assert (await served.get("/health", token=None)).status in (200, 503)


async def test_a_request_that_comes_drop_by_drop_is_cut_off(tmp_path: Path) -> None:
    async with serve(tmp_path, settings={"receive_timeout_s": 0.2}) as served:
        assert code_of(await raw(served, b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ")) == (
            408,
            "request_too_slow",
        )
        body = head(
            served,
            f"Authorization: Bearer {served.tokens['admin']}",
            "Content-Type: application/json",
            "Content-Length: 100",
            method="POST",
            path="/api/monitor/get_statistics",
        )
        assert code_of(await raw(served, body + b'{"a"')) == (408, "request_too_slow")
        # Nothing at all is no request, so there is nobody to answer.
        assert await raw(served, b"") == b""
        assert await raw(served, b"\r\n") != b"never"
        await well(served)


async def test_line_ends_after_a_request_do_not_hold_a_connection(tmp_path: Path) -> None:
    async with serve(tmp_path, settings={"receive_timeout_s": 0.2}) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(head(served))
        top = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(re.findall(rb"content-length: (\d+)", top.lower())[0]))
        writer.write(b"\r\n")
        async with asyncio.timeout(5):
            assert code_of(await reader.read()) == (408, "request_too_slow")
        writer.close()


async def test_connections_above_the_cap_are_refused_and_room_comes_back(tmp_path: Path) -> None:
    async with serve(tmp_path, settings={"max_connections": 4}) as served:
        await served.session.close()
        server = served.application.http._main
        assert server is not None
        await eventually(lambda: server.connection_count == 0)
        held = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(4)]
        await eventually(lambda: server.connection_count == 4)
        answers = await asyncio.gather(*(raw(served, b"") for _ in range(20)))
        assert {code_of(answer) for answer in answers} == {(503, "too_many_connections")}
        for _, writer in held:
            writer.close()
        await eventually(lambda: server.connection_count == 0)
        assert b"200 OK" in await raw(served, head(served, "Connection: close"))


async def test_giant_and_countless_headers_are_refused(served: Served) -> None:
    giant = "X-A: " + "a" * 200_000
    assert code_of(await raw(served, head(served, giant))) == (431, "head_too_large")
    assert code_of(await raw(served, b"GET /" + b"a" * 200_000)) == (431, "head_too_large")
    assert code_of(await raw(served, head(served, path="/" + "a" * 60_000))) == (431, "head_too_large")
    many = [f"X-{number}: a" for number in range(200)]
    assert code_of(await raw(served, head(served, *many))) == (431, "too_many_headers")
    await well(served)


async def test_who_sends_on_after_a_refusal_keeps_no_place(served: Served) -> None:
    await served.session.close()
    server = served.application.http._main
    assert server is not None
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    await asyncio.gather(*(raw(served, head(served, "X-A: " + "a" * 200_000)) for _ in range(10)))
    await eventually(lambda: server.connection_count == 0)
    assert loop.time() - began_s < _LAST_BYTES_S  # nobody had to be thrown out


NOT_HTTP = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,
    b"nonsense\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
    b"POST / HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET /health HTTP/1.1\r\nHost : localhost\r\n\r\n",
    b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
)


async def test_what_is_not_http_is_a_bad_request(served: Served) -> None:
    for data in NOT_HTTP:
        status, _ = code_of(await raw(served, data))
        assert status in (400, 421), data
    await well(served)


async def test_a_request_names_one_host(served: Served) -> None:
    assert code_of(await raw(served, b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n")) == (
        421,
        "host_refused",
    )
    twice = b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert code_of(await raw(served, twice)) == (421, "host_refused")


async def test_large_bodies_are_refused_declared_or_not(tmp_path: Path) -> None:
    async with serve(tmp_path, settings={"max_body_kib": 16}) as served:
        large = json.dumps({"name": "a" * 40_000, "value": 1})
        declared = await served.post("/api/monitor/record_metric", data=large, headers=JSON)
        assert (declared.status, declared.code) == (413, "body_too_large")

        async def parts() -> object:
            for _ in range(40):
                yield b" " * 1_000

        chunked = await served.post("/api/monitor/record_metric", data=parts(), headers=JSON)
        assert (chunked.status, chunked.code) == (413, "body_too_large")
        flood = (
            head(
                served,
                f"Authorization: Bearer {served.tokens['admin']}",
                "Content-Type: application/json",
                "Transfer-Encoding: chunked",
                method="POST",
                path="/api/monitor/record_metric",
            )
            + b"ffffff\r\n"
            + b" " * 2_000_000
        )
        answer = await raw(served, flood)
        assert answer == b"" or code_of(answer)[0] == 413
        await well(served)


JSON = {"Content-Type": "application/json"}


NOT_MEANT = (
    ("[" * 100_000, "json_too_deep"),
    ('{"a":' * 33 + "1" + "}" * 33, "json_too_deep"),
    ('{"labels": {' + ",".join(f'"{number}": 0' for number in range(15_000)) + "}}", "json_too_many_values"),
    ('{"name": [' + "[]," * 90_000 + "[]]}", "json_too_many_values"),
    ("{", "json_unreadable"),
    ('{"name": "\\ud800", "value": 1}', "json_unreadable"),
    ('{"name": "a", "value": NaN}', "json_unreadable"),
    ('{"name": "a", "value": 1e999}', "invalid_request"),
    ('{"name": "a", "value": ' + "9" * 5_000 + "}", "json_unreadable"),
    ("[1, 2]", "invalid_request"),
    ('"text"', "invalid_request"),
    ("\\x00", "json_unreadable"),
)


async def test_json_that_nobody_means_is_refused(served: Served) -> None:
    for body, code in NOT_MEANT:
        answer = await served.post("/api/monitor/record_metric", data=body, headers=JSON)
        assert (answer.status, answer.code) == (422 if code == "invalid_request" else 400, code), body[:40]


DEEP = "[" * 200 + "]" * 200
OTHERWISE_ENCODED = (
    b'{"name": "a\xed\xa0\x80", "value": 1}',
    b'{"name": "a\xff", "value": 1}',
    '{"name": "\\ud800", "value": 1}'.encode("utf-16"),
    # The second byte of this sign is a quotation mark's, which hid what follows from the count of depth.
    f'{{"\u2200": {DEEP}}}'.encode("utf-16-le"),
    '{"name": "a", "value": 1}'.encode("utf-32-be"),
)


async def test_json_is_utf_8_and_nothing_else(served: Served) -> None:
    for body in OTHERWISE_ENCODED:
        answer = await served.post("/api/monitor/record_metric", data=body, headers=JSON)
        assert (answer.status, answer.code) == (400, "json_unreadable"), body[:40]
    marked = b'\xef\xbb\xbf{"name": "active_users", "value": 1}'
    assert (await served.post("/api/monitor/record_metric", data=marked, headers=JSON)).status == 200
    assert (await served.get("/metrics")).status == 200


async def test_text_that_looks_deep_is_not(served: Served) -> None:
    reply = await served.call("record_metric", name="m", value=1, description='[{"' * 100 + "\\" * 7)
    assert reply["success"] is True


async def test_many_quotes_cost_no_time(served: Served) -> None:
    body = '{"name": "' + '\\"' * 400_000
    async with asyncio.timeout(5):
        answer = await served.post("/api/monitor/record_metric", data=body, headers=JSON)
    assert answer.status == 400


NAMES = (
    "..",
    "../..",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e",
    "a%00b",
    "%ff",
    "C:%5Cwindows",
    "a" * 300,
    "%s%n",
)


async def test_paths_lead_nowhere_else(served: Served) -> None:
    for name in NAMES:
        for path in (
            f"/health/service/{name}",
            f"/monitoring/config/{name}",
            f"/api/monitor/{name}",
            f"/api/services/{name}/outcomes",
            f"/{name}",
            f"/login/{name}",
            f"/docs/{name}",
        ):
            answer = await raw(served, _asking(served, path))
            assert int(answer.split(b" ")[1]) in (404, 405, 422), (path, answer)
            assert b"root:" not in answer


def _asking(served: Served, path: str) -> bytes:
    lines = [f"Authorization: Bearer {served.tokens['admin']}", "Connection: close"]
    if not path.startswith(("/api/monitor", "/api/services")):
        return head(served, *lines, path=path)
    body = b'{"ok": true}' if "outcomes" in path else b"{}"
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return head(served, *lines, method="POST", path=path) + body

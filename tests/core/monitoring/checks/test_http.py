"""The check of a web address against a real server, redirects to where it must not go included."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web

from tests.core.monitoring.checks.contexts import context, said
from wxauto_mgt.core.config.pydantic_sections import validate_document
from wxauto_mgt.core.monitoring.checks import http
from wxauto_mgt.core.monitoring.checks.address_guard import AddressGuard, AddressRefused, class_of_literal
from wxauto_mgt.core.monitoring.checks.contract import CheckResult
from wxauto_mgt.core.monitoring.checks.http import HttpCheck, HttpConfig
from wxauto_mgt.errors import ConfigError


class Site:
    """Answers what a test puts on a path, and remembers who asked."""

    def __init__(self) -> None:
        self.pages: dict[str, web.Response] = {}
        self.seen: list[web.Request] = []
        self.port = 0

    def page(self, path: str, body: str | bytes = "", **given: Any) -> None:
        raw = body.encode() if isinstance(body, str) else body
        self.pages[path] = web.Response(body=raw, **given)

    def moved(self, path: str, to: str, *, status: int = 302) -> None:
        self.page(path, status=status, headers={"Location": to})

    def json(self, path: str, body: str) -> None:
        self.page(path, body, content_type="application/json")

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append(request)
        found = self.pages.get(request.path, web.Response(status=404))
        return web.Response(status=found.status, headers=found.headers, body=found.body)

    async def check(self, path: str, **given: Any) -> CheckResult:
        config = validate_document(
            HttpConfig, {"url": f"http://127.0.0.1:{self.port}{path}", **given}, place="service s"
        )
        return await HttpCheck(config, context()).run()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.port = runner.addresses[0][1]
    made.page("/", "all is well")
    yield made
    await runner.cleanup()


async def test_a_page_that_answers_is_well(site: Site) -> None:
    result = await site.check("/")
    assert said(result) == ("ok", "http_answers")
    assert result.evidence == {"status": 200, "redirects": 0}
    assert result.response_time_ms is not None


async def test_the_port_of_the_service_stands_in_its_address(site: Site) -> None:
    config = HttpConfig(url="http://127.0.0.1:{port}/?p={port}")
    assert said(await HttpCheck(config, context(port=site.port)).run()) == ("ok", "http_answers")
    assert site.seen[-1].query["p"] == str(site.port)


@pytest.mark.parametrize(
    ("status", "expected", "outcome"),
    [
        (500, [], "failed"),
        (404, [], "failed"),
        (204, [], "ok"),
        (404, [404, 410], "ok"),
        (200, [204], "failed"),
    ],
)
async def test_the_status_must_be_an_expected_one(
    site: Site, status: int, expected: list[int], outcome: str
) -> None:
    site.page("/s", status=status)
    assert (await site.check("/s", expected_status=expected)).outcome.value == outcome


async def test_nobody_there_is_a_failure_with_its_cause(site: Site) -> None:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    result = await site.check("/")
    assert (said(result), result.params) == (
        ("failed", "http_no_answer"),
        {"cause": "ConnectionRefusedError"},
    )


@pytest.mark.parametrize(
    ("body", "given", "reason"),
    [
        ('{"status": "ok"}', {}, "http_answers"),
        ('{"status": "error"}', {}, "http_error_body"),
        ('{"success": false, "data": null}', {}, "http_error_body"),
        ('{"error": "model not loaded"}', {}, "http_error_body"),
        ('{"error": null, "errors": 0}', {}, "http_answers"),
        ('{"status": "error"}', {"detects_error_body": False}, "http_answers"),
        ('{"status": "error"}', {"method": "HEAD"}, "http_answers"),
        ("[1, 2]", {}, "http_answers"),
        ("{broken", {}, "http_answers"),
        ("{broken", {"json_field": "a"}, "http_no_json"),
        ("[" * 100_000, {"json_field": "a"}, "http_no_json"),
        ('{"a": {"b": [1, true]}}', {"json_field": "a.b.1"}, "http_answers"),
        ('{"a": {"b": [1, true]}}', {"json_field": "a.b.1", "json_value": "true"}, "http_answers"),
        ('{"a": {"b": [1, true]}}', {"json_field": "a.b.0", "json_value": "1"}, "http_answers"),
        ('{"a": {"b": [1, true]}}', {"json_field": "a.b.2"}, "http_json_wrong"),
        ('{"a": "bad"}', {"json_field": "a", "json_value": "good"}, "http_json_wrong"),
        ('{"a": false}', {"json_field": "a"}, "http_json_wrong"),
        ('{"a": "模型已就绪"}', {"expected_text": "已就绪"}, "http_answers"),
        ('{"a": 1}', {"expected_text": "已就绪"}, "http_text_missing"),
    ],
)
async def test_a_good_status_with_a_bad_body_is_a_failure(
    site: Site, body: str, given: Mapping[str, Any], reason: str
) -> None:
    site.json("/b", body)
    assert (await site.check("/b", **given)).reason_code == reason


async def test_the_body_of_a_failure_is_not_shown(site: Site) -> None:
    site.json("/b", '{"error": "token sk-secret", "a": {"key": "sk-secret"}}')
    for given in ({}, {"json_field": "a", "json_value": "x"}):
        result = await site.check("/b", **given)
        assert "sk-secret" not in str(result)


async def test_a_long_body_is_read_up_to_its_limit(site: Site) -> None:
    padding = b"x" * http.BODY_AT_MOST_BYTES
    site.page("/long", b"early" + padding + b"late")
    assert (await site.check("/long", expected_text="early")).reason_code == "http_answers"
    assert (await site.check("/long", expected_text="late")).reason_code == "http_text_missing"
    site.json("/long.json", '{"a": "' + padding.decode() + '"}')
    assert (await site.check("/long.json", json_field="a")).reason_code == "http_no_json"


@pytest.mark.parametrize("count", [1, 3])
async def test_a_few_redirects_are_followed(site: Site, count: int) -> None:
    for number in range(count):
        site.moved(f"/{number}", f"/{number + 1}" if number + 1 < count else "/")
    result = await site.check("/0")
    assert (said(result), result.evidence["redirects"]) == (("ok", "http_answers"), count)


async def test_a_redirect_may_be_what_is_expected(site: Site) -> None:
    site.moved("/login", "http://nobody.invalid/")
    assert said(await site.check("/login", expected_status=[302])) == ("ok", "http_answers")


@pytest.mark.parametrize(
    ("location", "cause"),
    [
        ("/round", "too_many"),
        ("file:///etc/passwd", "scheme"),
        ("ftp://127.0.0.1/", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("http://user:password@127.0.0.1/", "credentials"),
        ("http://169.254.169.254/latest/meta-data/", "address"),
        ("http://[::ffff:169.254.169.254]/", "address"),
        ("http://[fe80::1]/", "address"),
        ("http://100.100.100.200/", "address"),
        ("http://10.0.0.1/", "address"),
        ("http://192.0.2.1/", "address"),
        ("http://1.1.1.1/", "address"),
        ("//[", "unreadable"),
    ],
)
async def test_a_redirect_never_leaves_what_was_asked_for(site: Site, location: str, cause: str) -> None:
    site.moved("/round", location)
    result = await site.check("/round")
    assert (said(result), result.params) == (("failed", "http_redirect_refused"), {"cause": cause})


async def test_a_name_that_leads_to_a_metadata_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolved(*_args: object, **_named: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    result = await HttpCheck(HttpConfig(url="http://metadata.example/"), context()).run()
    assert said(result) == ("failed", "http_address_refused")


async def test_a_redirect_to_a_name_is_judged_by_its_address(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolved(host: str, *_args: object, **_named: object) -> list[Any]:
        address = "127.0.0.1" if host == "near.example" else "10.1.2.3"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, site.port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    site.moved("/near", f"http://near.example:{site.port}/")
    site.moved("/far", f"http://far.example:{site.port}/")
    assert said(await site.check("/near")) == ("ok", "http_answers")
    assert (await site.check("/far")).params == {"cause": "address"}


async def test_a_name_with_near_and_far_addresses_keeps_to_the_first_class(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolved(*_args: object, **_named: object) -> list[Any]:
        addresses = ("127.0.0.1", "10.1.2.3", "169.254.1.1")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    guard = AddressGuard()
    guard.admit_literal("127.0.0.1")
    assert [entry["host"] for entry in await guard.resolve("mixed.example")] == ["127.0.0.1"]
    with pytest.raises(AddressRefused):
        guard.admit_literal("10.0.0.1")
    await guard.close()


async def test_a_token_goes_to_the_asked_server_only(site: Site) -> None:
    site.moved("/to_name", f"http://localhost:{site.port}/")
    site.moved("/inside", "/")
    await site.check("/inside", bearer_token="t0ken-of-ours")
    await site.check("/to_name", bearer_token="t0ken-of-ours")
    sent = [request.headers.get("Authorization") for request in site.seen]
    assert sent == ["Bearer t0ken-of-ours"] * 3 + [None]


async def test_a_post_becomes_a_get_where_the_server_says_so(site: Site) -> None:
    site.moved("/303", "/", status=303)
    site.moved("/307", "/", status=307)
    await site.check("/303", method="POST")
    await site.check("/307", method="POST")
    assert [request.method for request in site.seen] == ["POST", "GET", "POST", "POST"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://a/", "check_address_scheme"),
        ("file:///etc/passwd", "check_address_scheme"),
        ("a/b", "check_address_scheme"),
        ("http://user:pw@a/", "url_credentials"),
        ("http://", "url_host"),
        ("http://a:99999/", "url_unreadable"),
        ("http://a b/", "url_characters"),
        ("http://169.254.169.254/", "check_address_refused"),
        ("http://[fe80::1%25eth0]/", "check_address_refused"),
    ],
)
def test_an_address_that_cannot_be_checked_is_refused(url: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate_document(HttpConfig, {"url": url}, place="service s")
    assert [problem.reason for problem in caught.value.problems] == [reason]


def test_addresses_know_how_far_away_they_are() -> None:
    hosts = ("127.0.0.1", "::1", "0.0.0.0", "192.168.1.2", "fd12::1", "8.8.8.8", "224.0.0.1", "name")
    found = [class_of_literal(host) for host in hosts]
    assert found == ["loopback"] * 3 + ["private"] * 2 + ["public", "refused", None]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ntoo short",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a length\r\n",
    ],
)
async def test_what_is_no_web_server_is_a_failure(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    result = await HttpCheck(HttpConfig(url=f"http://127.0.0.1:{port}/"), context()).run()
    server.close()
    await server.wait_closed()
    assert said(result) == ("failed", "http_no_answer")

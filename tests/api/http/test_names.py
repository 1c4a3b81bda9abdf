"""Whose name a request uses and which page sends it: DNS rebinding and forged requests end before routing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.http.served import Served, serve
from wxauto_mgt.api.http.addresses import TrustedNames, host_of, refused_by_fetch_metadata

OWN = TrustedNames(hosts=frozenset({"panel.local"}), origins=frozenset({"https://panel.example"}))
REACHED = TrustedNames(takes_any_address=True)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:5080",
        "localhost",
        "LOCALHOST:80",
        "127.8.8.8:1",
        "[::1]",
        "[::1]:5080",
        "[0:0:0:0:0:0:0:1]:5080",
        "[::ffff:127.0.0.1]:5080",
        "panel.local",
        "Panel.Local:5080",
    ],
)
def test_own_names_are_taken_with_any_port(host: str) -> None:
    assert OWN.allows_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:5080",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1@evil.example",
        "localhost.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "[::]",
        "::1",
        "[::1",
        "[::1]evil",
        "[::1]:99999",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:5080:5080",
        "127.0.0.1/x",
        "127.0.0.1 evil.example",
        "192.168.1.5",
        "[fe80::1]",
        "[::1%25eth0]",
        "[::ffff:10.0.0.1]",
    ],
)
def test_other_names_are_not(host: str) -> None:
    assert not OWN.allows_host(host)


def test_what_others_reach_is_addressed_by_number_but_not_by_any_name() -> None:
    assert REACHED.allows_host("192.168.1.5:5080")
    assert REACHED.allows_host("[fe80::1]:5080")
    assert not REACHED.allows_host("evil.example")
    assert not REACHED.allows_host("192.168.1.5.evil.example")


def test_host_of_takes_brackets_off() -> None:
    assert host_of("[::1]:80") == "::1"
    assert host_of("[nonsense]") is None


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://127.0.0.1:5080", True),
        ("HTTP://127.0.0.1:5080", True),
        ("https://panel.example", True),
        ("null", False),
        ("", False),
        ("http://127.0.0.1", False),
        ("http://127.0.0.1:5081", False),
        ("https://127.0.0.1:5080", False),
        ("http://localhost:5080", False),
        ("http://evil.example", False),
        ("https://panel.example.evil", False),
        ("http://127.0.0.1:5080.evil.example", False),
    ],
)
def test_pages_may_call_from_their_own_origin(origin: str, allowed: bool) -> None:
    assert OWN.allows_origin(origin, scheme="http", host_header="127.0.0.1:5080") is allowed


def test_browsers_that_say_where_a_request_comes_from_are_believed() -> None:
    assert refused_by_fetch_metadata("POST", "cross-site", "cors")
    assert refused_by_fetch_metadata("POST", "same-site", "navigate")
    assert refused_by_fetch_metadata("GET", "cross-site", "no-cors")
    assert not refused_by_fetch_metadata("GET", "cross-site", "navigate")
    assert not refused_by_fetch_metadata("POST", "same-origin", "cors")
    assert not refused_by_fetch_metadata("POST", "none", None)
    assert not refused_by_fetch_metadata("POST", None, None)


async def test_a_rebound_name_gets_nothing_not_even_health(served: Served) -> None:
    for path in ("/health", "/login", "/api/health", "/nothing"):
        for host in ("evil.example", f"evil.example:{served.port}", "0.0.0.0", "[::2]:80"):
            answer = await served.get(path, headers={"Host": host})
            assert (answer.status, answer.code) == (421, "host_refused")
    own = await served.get("/health", headers={"Host": f"[::1]:{served.port}"}, token=None)
    assert own.status == 200


async def test_other_pages_can_make_no_request(served: Served) -> None:
    for origin in ("null", "http://evil.example", f"http://localhost:{served.port + 1}", "file://"):
        for method, path in (("GET", "/health"), ("POST", "/api/monitor/pause_service")):
            answer = await served.ask(method, path, headers={"Origin": origin})
            assert (answer.status, answer.code) == (403, "origin_refused")
            assert "Access-Control-Allow-Origin" not in answer.headers
    assert served.application.listener.status.running
    assert not served.application.listener.status.paused


async def test_the_own_page_can(served: Served) -> None:
    answer = await served.get("/api/health", headers={"Origin": served.url, "Sec-Fetch-Site": "same-origin"})
    assert answer.status == 200


async def test_a_form_of_another_site_is_refused_with_and_without_fields(served: Served) -> None:
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
        for data in (b"", b"a=b"):
            answer = await served.post(
                "/api/monitor/pause_service", data=data, headers={"Content-Type": kind}
            )
            assert (answer.status, answer.code) == (415, "not_json")
    crossed = await served.post(
        "/api/monitor/pause_service", json={}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert (crossed.status, crossed.code) == (403, "origin_refused")


async def test_a_trusted_page_is_told_that_it_may_call(tmp_path: Path) -> None:
    settings = {"allowed_origins": ["https://panel.example"], "allowed_hosts": ["panel.local"]}
    async with serve(tmp_path, settings=settings) as served:
        asked = {
            "Origin": "https://panel.example",
            "Access-Control-Request-Method": "POST",
            "Sec-Fetch-Site": "cross-site",
        }
        preflight = await served.ask("OPTIONS", "/api/monitor/pause_service", token=None, headers=asked)
        assert preflight.status == 204
        assert preflight.headers["Access-Control-Allow-Origin"] == "https://panel.example"
        assert "authorization" in preflight.headers["Access-Control-Allow-Headers"]
        answer = await served.get("/api/health", headers={"Origin": "https://panel.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == "https://panel.example"
        named = await served.get("/health", token=None, headers={"Host": "panel.local"})
        assert named.status == 200
        other = await served.ask(
            "OPTIONS", "/api/health", headers={**asked, "Origin": "https://evil.example"}
        )
        assert other.status == 403


async def test_every_answer_carries_the_headers_that_browsers_heed(served: Served) -> None:
    answers = [
        await served.get("/health", token=None),
        await served.get("/login", token=None),
        await served.get("/api/health"),
        await served.get("/api/health", token=None),
        await served.get("/nothing"),
        await served.ask("DELETE", "/health"),
        await served.get("/health", headers={"Host": "evil.example"}),
    ]
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Date" in answer.headers
        assert "Server" not in answer.headers


async def test_a_request_id_is_kept_when_it_is_sane_and_stands_in_the_log(served: Served) -> None:
    answer = await served.post(
        "/api/monitor/update_settings",
        json={"group": "metrics", "values": {"sample_interval_s": 9}},
        headers={"X-Request-ID": "trace-1.a"},
    )
    assert answer.headers["X-Request-ID"] == "trace-1.a"
    for odd in ("x" * 65, "a b", "<script>"):
        made = (await served.get("/health", headers={"X-Request-ID": odd})).headers["X-Request-ID"]
        assert len(made) == 32
    console = served.application
    console.logs.flush()
    lines = [entry for entry in console.logs.tail().entries if entry.request_id == "trace-1.a"]
    assert lines
    assert {line.user_id for line in lines} == {"api:admin"}

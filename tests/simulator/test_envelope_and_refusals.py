"""Bytes, keys, malformed requests and the rate limit, as the real server answers them."""

from __future__ import annotations

import pytest

from tests.simulator.conftest import Client, HandClock, Reply, Starter

MISSING_KEY = '{\n  "code": 1001,\n  "data": null,\n  "message": "\\u7f3a\\u5c11API\\u5bc6\\u94a5"\n}\n'
NOTHING_NEW = (
    '{\n  "code": 0,\n  "data": {\n    "messages": {}\n  },\n'
    '  "message": "\\u6ca1\\u6709\\u65b0\\u6d88\\u606f"\n}\n'
)
UNAUTHENTICATED: dict[str, str] = {}


async def test_an_answer_is_escaped_sorted_indented_and_closes_the_connection(client: Client) -> None:
    reply = await client.get("/api/message/listen/get")

    assert reply.text == NOTHING_NEW
    assert reply.headers["Connection"] == "close"
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Server"].startswith("Werkzeug/")


async def test_rows_have_the_eight_keys_in_order(client: Client) -> None:
    client.server.world.receive("李四", text="回答一句")

    reply = await client.get("/api/message/get-next-new")

    ((row,),) = reply.chats.values()
    assert list(row) == ["content", "file_path", "id", "mtype", "sender", "sender_remark", "time", "type"]
    assert {**row, "id": ""} == {
        "content": "回答一句",
        "file_path": None,
        "id": "",
        "mtype": None,
        "sender": "李四",
        "sender_remark": "李四",
        "time": "",
        "type": "text",
    }
    assert str(row["id"]).startswith("42")
    assert str(row["id"]).isdigit()


async def test_a_missing_and_a_wrong_key_are_401(client: Client) -> None:
    missing = await client.post("/api/auth/verify", headers=UNAUTHENTICATED)
    wrong = await client.post("/api/auth/verify", headers={"X-API-Key": "no"})

    assert (missing.status, missing.text) == (401, MISSING_KEY)
    assert (wrong.status, wrong.code, wrong.message) == (401, 1001, "API密钥无效")
    assert (await client.post("/api/auth/verify")).data == {"valid": True}


async def test_a_rotated_key_counts_at_once(client: Client) -> None:
    old = {"X-API-Key": client.server.api_key}
    client.server.api_key = "rotated"

    assert (await client.post("/api/auth/verify", headers=old)).status == 401
    assert (await client.post("/api/auth/verify")).status == 200


async def test_health_logs_and_settings_need_no_key(client: Client) -> None:
    for path in ("/api/health", "/health", "/api/logs/current", "/api/config/get-api-settings", "/"):
        assert (await client.get(path, headers=UNAUTHENTICATED)).status == 200
    assert (await client.get("/health")).document == {"status": "ok"}


async def test_settings_are_refused_to_a_forwarded_foreign_address(client: Client) -> None:
    reply = await client.get("/api/config/get-api-settings", headers={"X-Forwarded-For": "8.8.8.8"})

    assert (reply.status, reply.code) == (403, 4003)


async def test_unknown_paths_and_methods_are_html(client: Client) -> None:
    unknown = await client.post("/api/contact/add", keywords="x")
    wrong = await client.get("/api/message/send")

    assert (unknown.status, unknown.is_html) == (404, True)
    assert unknown.text.startswith("<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>")
    assert (wrong.status, wrong.is_html, wrong.headers["Allow"]) == (405, True, "OPTIONS, POST")
    for path in ("/api/message/get-history", "/api/message/listen/remove-all"):
        assert (await client.post(path)).status == 404


@pytest.mark.parametrize("problem", ["broken", "untyped", "null"])
async def test_core_routes_answer_malformed_bodies_with_500_5000(client: Client, problem: str) -> None:
    reply = await _malformed(client, "/api/message/listen/remove", problem)

    assert (reply.status, reply.code, reply.message) == (500, 5000, "服务器内部错误")


async def test_listen_add_takes_null_for_a_missing_name(client: Client) -> None:
    reply = await _malformed(client, "/api/message/listen/add", "null")

    assert (reply.status, reply.code, reply.message) == (400, 1002, "缺少必要参数: nickname")


@pytest.mark.parametrize(
    ("problem", "named"), [("broken", "400 Bad Request"), ("untyped", "415 Unsupported")]
)
async def test_queued_sends_name_what_is_malformed(client: Client, problem: str, named: str) -> None:
    for path in ("/api/message/send", "/api/message/send-file"):
        reply = await _malformed(client, path, problem)

        assert (reply.status, reply.code) == (500, 3001)
        assert str(reply.message).startswith(f"处理请求失败: {named}")


@pytest.mark.parametrize(("problem", "status"), [("broken", 400), ("untyped", 415), ("null", 500)])
async def test_other_blueprints_answer_malformed_bodies_in_html(
    client: Client, problem: str, status: int
) -> None:
    reply = await _malformed(client, "/api/chat/show", problem)

    assert (reply.status, reply.is_html) == (status, True)
    if status == 500:
        assert len(reply.text) > 10_000


async def _malformed(client: Client, path: str, problem: str) -> Reply:
    data = {"broken": b"{", "untyped": b"{}", "null": b"null"}[problem]
    return await client.raw("POST", path, data, None if problem == "untyped" else "application/json")


async def test_missing_parameters_have_their_own_codes(client: Client) -> None:
    expected = {
        "/api/message/listen/add": 1002,
        "/api/message/listen/remove": 1001,
        "/api/message/send": 1002,
        "/api/chat-window/message/send": 1002,
        "/api/chat/send-message": 4001,
    }
    for path, code in expected.items():
        reply = await client.post(path, other="x")
        assert (path, reply.status, reply.code) == (path, 400, code)
    assert (await client.get("/api/chat-window/info")).code == 1002


async def test_the_limit_is_500_5000_on_core_and_429_html_elsewhere(start: Starter, clock: HandClock) -> None:
    client = await start(rate_limit_per_minute=3)
    core, other = "/api/message/listen/get", "/api/admin/stats"

    for path in (core, other):
        assert [(await client.get(path)).status for _ in range(3)] == [200, 200, 200]
    limited, plain = await client.get(core), await client.get(other, headers=UNAUTHENTICATED)

    assert (limited.status, limited.code, "Retry-After" in limited.headers) == (500, 5000, False)
    assert (plain.status, plain.is_html) == (429, True)
    assert "100 per 1 minute" in plain.text
    assert (await client.get("/api/chat/listen/get")).status == 200, "aliases have their own bucket"
    clock.advance(60)
    assert (await client.get(core)).status == 200


async def test_calls_are_counted_per_route(client: Client) -> None:
    await client.get("/api/health")
    await client.get("/api/health")
    await client.get("/nothing")

    assert client.server.calls == {"/api/health": 2, "/nothing": 1}

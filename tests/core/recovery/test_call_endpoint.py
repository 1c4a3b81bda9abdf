"""Calling an endpoint: what is sent, how the answer is judged, and where it never goes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.core.recovery.workshop import World
from tests.fakes.misbehaving_server import Conversation, MisbehavingServer
from wxauto_mgt.core.recovery.actions.call_endpoint import CallEndpoint, CallEndpointConfig
from wxauto_mgt.core.recovery.actions.contract import RepairOutcome, RepairResult


@pytest.fixture
async def server() -> AsyncIterator[MisbehavingServer]:
    server = MisbehavingServer()
    await server.start()
    yield server
    await server.stop()


async def called(server: MisbehavingServer, **fields: Any) -> RepairResult:
    return await action(server, **fields).run()


def action(server: MisbehavingServer, **fields: Any) -> CallEndpoint:
    port = int(server.base_url.rpartition(":")[2])
    config = CallEndpointConfig.model_validate_json(
        json.dumps({"url": "http://127.0.0.1:{port}/mend", **fields})
    )
    return CallEndpoint(config, replace(World().context("tts"), port=port))


def answering(body: bytes = b"{}", status: int = 200) -> Any:
    async def answer(talk: Conversation) -> None:
        await talk.answer(body, status)

    return answer


async def test_headers_body_and_token_are_sent_as_configured(server: MisbehavingServer) -> None:
    server.on("/mend", answering())
    result = await called(
        server, method="PUT", headers={"X-Reason": "repair"}, bearer_token="abcdefgh", body={"model": "m"}
    )
    talk = server.seen["/mend"]
    assert (talk.method, json.loads(talk.body)) == ("PUT", {"model": "m"})
    assert (talk.headers["x-reason"], talk.headers["authorization"]) == ("repair", "Bearer abcdefgh")
    assert (result.outcome, result.evidence["status"]) == (RepairOutcome.DONE, 200)
    assert "abcdefgh" not in repr(result)


@pytest.mark.parametrize(
    ("body", "status", "fields", "outcome", "reason"),
    [
        (b"{}", 201, {}, RepairOutcome.DONE, "endpoint_called"),
        (b"{}", 500, {}, RepairOutcome.FAILED, "endpoint_refused"),
        (b"{}", 200, {"expected_status": [202]}, RepairOutcome.FAILED, "endpoint_refused"),
        (b"{}", 202, {"expected_status": [202]}, RepairOutcome.DONE, "endpoint_called"),
        (b'{"a": {"ok": true}}', 200, {"json_field": "a.ok"}, RepairOutcome.DONE, "endpoint_called"),
        (b'{"a": {"ok": false}}', 200, {"json_field": "a.ok"}, RepairOutcome.FAILED, "endpoint_answer_wrong"),
        (b"not json", 200, {"json_field": "ok"}, RepairOutcome.FAILED, "endpoint_answer_wrong"),
        (b'{"s": "up"}', 200, {"json_field": "s", "json_value": "up"}, RepairOutcome.DONE, "endpoint_called"),
        (
            b'{"s": "no"}',
            200,
            {"json_field": "s", "json_value": "up"},
            RepairOutcome.FAILED,
            "endpoint_answer_wrong",
        ),
    ],
)
async def test_the_answer_is_judged(
    server: MisbehavingServer,
    body: bytes,
    status: int,
    fields: dict[str, Any],
    outcome: RepairOutcome,
    reason: str,
) -> None:
    server.on("/mend", answering(body, status))
    result = await called(server, **fields)
    assert (result.outcome, result.reason_code) == (outcome, reason)


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "http://169.254.169.254/latest/meta-data/", "/elsewhere"]
)
async def test_no_redirect_is_followed(server: MisbehavingServer, target: str) -> None:
    async def redirects(talk: Conversation) -> None:
        await talk.write(f"HTTP/1.1 307 X\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())

    server.on("/mend", redirects)
    server.on("/elsewhere", answering())
    result = await called(server)
    assert (result.outcome, result.reason_code) == (RepairOutcome.FAILED, "endpoint_redirects")
    assert set(server.requests) == {"/mend"}


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_lost_answer_is_unknown_and_never_asked_for_again(
    server: MisbehavingServer, method: str
) -> None:
    async def drops(talk: Conversation) -> None:
        talk.reset()

    server.on("/mend", drops)
    result = await called(server, method=method)
    assert (result.outcome, result.reason_code) == (RepairOutcome.UNKNOWN, "endpoint_answer_lost")
    assert server.requests["/mend"] == 1


async def test_one_that_cannot_be_reached_did_certainly_nothing(server: MisbehavingServer) -> None:
    result = await called(server, url="http://127.0.0.1:1/mend")
    assert (result.outcome, result.reason_code) == (RepairOutcome.FAILED, "endpoint_unreachable")


async def test_it_is_taken_back_only_where_that_is_configured(server: MisbehavingServer) -> None:
    server.on("/back", answering())
    assert await action(server).undo() is None
    undone = await action(server, undo_url="http://127.0.0.1:{port}/back").undo()
    assert undone is not None
    assert undone.outcome is RepairOutcome.DONE
    assert set(server.requests) == {"/back"}

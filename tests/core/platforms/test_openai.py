"""The openai platform against a scripted endpoint: what is asked, what is made of the answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from tests.core.platforms.surroundings import Calls, ScriptedServer, context, request
from wxauto_mgt.core.platforms.contract import Role, Turn
from wxauto_mgt.core.platforms.http_json import MAX_BODY_BYTES
from wxauto_mgt.core.platforms.openai.config import OpenAIConfig
from wxauto_mgt.core.platforms.openai.plugin import OpenAIPlatform
from wxauto_mgt.errors import PlatformError, PlatformPermanent, PlatformTransient
from wxauto_mgt.simulator.openai_endpoint import MODELS, ScriptedOpenAI


@pytest.fixture
async def endpoint() -> AsyncIterator[ScriptedOpenAI]:
    scripted = ScriptedOpenAI()
    await scripted.start()
    yield scripted
    await scripted.stop()


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer.running() as scripted:
        yield scripted


def config(base_url: str, **fields: object) -> OpenAIConfig:
    document = {"base_url": base_url, "api_key": SecretStr("sk-simulated"), "model": "m", **fields}
    return OpenAIConfig.model_validate(document)


async def failure(server: ScriptedServer, calls: Calls | None = None, **fields: object) -> PlatformError:
    plugin = OpenAIPlatform(config=config(server.base_url, **fields), context=context(calls))
    try:
        with pytest.raises(PlatformError) as caught:
            await plugin.reply(request())
    finally:
        await plugin.close()
    return caught.value


def completion(**choice: object) -> bytes:
    return json.dumps({"choices": [choice]}).encode()


async def test_the_answer_is_the_models_text(endpoint: ScriptedOpenAI) -> None:
    calls = Calls()
    plugin = OpenAIPlatform(config=config(endpoint.base_url), context=context(calls))
    reply = await plugin.reply(request("几点开门？"))
    await plugin.close()
    assert reply.texts == ("收到：几点开门？",)
    assert [(call.target, call.route, call.ok) for call in calls.records] == [
        ("platform:p1", "/chat/completions", True)
    ]


async def test_prompt_history_and_options_are_sent(endpoint: ScriptedOpenAI) -> None:
    options = {"system_prompt": "你是客服", "temperature": 0.5, "max_tokens": 50, "history_turns": 2}
    plugin = OpenAIPlatform(config=config(endpoint.base_url + "/", **options), context=context())
    history = (Turn(Role.USER, "旧"), Turn(Role.USER, "在吗"), Turn(Role.ASSISTANT, "在"))
    await plugin.reply(request("几点开门？", history=history))
    await plugin.close()
    sent = endpoint.requests[0]
    assert [(turn.role, turn.content) for turn in sent.turns] == [
        ("system", "你是客服"),
        ("user", "在吗"),
        ("assistant", "在"),
        ("user", "几点开门？"),
    ]
    assert (sent.document["temperature"], sent.document["max_tokens"]) == (0.5, 50)
    assert sent.document["stream"] is False


async def test_what_is_left_open_is_not_sent(endpoint: ScriptedOpenAI) -> None:
    plugin = OpenAIPlatform(config=config(endpoint.base_url, history_turns=0), context=context())
    await plugin.reply(request(history=(Turn(Role.USER, "旧"),)))
    await plugin.close()
    assert sorted(endpoint.requests[0].document) == ["messages", "model", "stream"]
    assert len(endpoint.requests[0].turns) == 1


async def test_without_a_key_no_authorization_is_sent(server: ScriptedServer) -> None:
    server.will_answer("200 OK", completion(message={"content": "好"}))
    plugin = OpenAIPlatform(config=config(server.base_url, api_key=SecretStr("")), context=context())
    assert (await plugin.reply(request())).texts == ("好",)
    await plugin.close()
    assert b"authorization" not in server.received[0].lower()


async def test_an_answer_in_parts_is_joined(server: ScriptedServer) -> None:
    parts = [{"type": "text", "text": "你"}, {"type": "image"}, {"type": "text", "text": "好"}]
    server.will_answer("200 OK", completion(message={"content": parts}))
    plugin = OpenAIPlatform(config=config(server.base_url), context=context())
    assert (await plugin.reply(request())).texts == ("你好",)
    await plugin.close()


TRANSIENT = PlatformTransient
PERMANENT = PlatformPermanent
QUOTA = b'{"error": {"code": "insufficient_quota"}}'


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "transport"),
    [
        ("429 Too Many Requests", b"{}", TRANSIENT, "platform_rate_limited", False),
        ("429 Too Many Requests", QUOTA, PERMANENT, "platform_quota_exhausted", None),
        ("500 Oops", b"{}", TRANSIENT, "platform_server_failed", True),
        ("502 Bad Gateway", b"<html>", TRANSIENT, "platform_server_failed", True),
        ("408 Request Timeout", b"", TRANSIENT, "platform_try_again", False),
        ("401 Unauthorized", b"{}", PERMANENT, "platform_unauthorized", None),
        ("403 Forbidden", b"{}", PERMANENT, "platform_unauthorized", None),
        ("404 Not Found", b"<html>", PERMANENT, "platform_not_found", None),
        ("400 Bad Request", b"[[[", PERMANENT, "platform_refused", None),
        ("302 Found", b"", PERMANENT, "platform_redirected", None),
        ("200 OK", b"<html>login</html>", TRANSIENT, "platform_answer_unreadable", False),
        ("200 OK", b'{"choices": [{"mess', TRANSIENT, "platform_answer_unreadable", False),
        ("200 OK", b"[" * 100_000, TRANSIENT, "platform_answer_unreadable", False),
        ("200 OK", b"null", TRANSIENT, "platform_answer_unreadable", False),
        ("200 OK", b'{"choices": []}', TRANSIENT, "platform_answer_empty", False),
        ("200 OK", b'{"choices": ["x"]}', TRANSIENT, "platform_answer_unreadable", False),
        ("200 OK", completion(message={"content": None}), TRANSIENT, "platform_answer_empty", False),
        ("200 OK", completion(message={"content": " \n"}), TRANSIENT, "platform_answer_empty", False),
        (
            "200 OK",
            completion(message={"content": ""}, finish_reason="content_filter"),
            PERMANENT,
            "platform_content_filtered",
            None,
        ),
        (
            "200 OK",
            completion(message={"content": ""}, finish_reason="length"),
            PERMANENT,
            "platform_answer_cut_off",
            None,
        ),
    ],
)
async def test_what_goes_wrong_is_told_apart(
    server: ScriptedServer,
    status: str,
    body: bytes,
    kind: type[PlatformError],
    code: str,
    transport: bool | None,
) -> None:
    server.will_answer(status, body)
    error = await failure(server)
    assert type(error) is kind
    assert error.code == code
    assert getattr(error, "transport", None) is transport


@pytest.mark.parametrize(
    ("header", "expected_s"), [("7", 7.0), ("0", 0.0), ("soon", None), ("-3", None), ("9" * 400, None)]
)
async def test_retry_after_is_passed_on(
    server: ScriptedServer, header: str, expected_s: float | None
) -> None:
    server.will_answer("429 Too Many Requests", b"{}", headers=f"Retry-After: {header}\r\n")
    error = await failure(server)
    assert isinstance(error, PlatformTransient)
    assert error.retry_after_s == expected_s
    assert error.overload


async def test_an_error_body_is_reduced_to_its_symbol(server: ScriptedServer) -> None:
    body = b'{"error": {"message": "bad key sk-simulated", "code": null, "type": "invalid_request_error"}}'
    server.will_answer("400 Bad Request", body)
    error = await failure(server)
    assert dict(error.facts) == {"status": 400, "detail": "invalid_request_error"}


async def test_an_endless_body_is_cut(server: ScriptedServer) -> None:
    server.will_answer("200 OK", b"x" * (MAX_BODY_BYTES + 1))
    assert (await failure(server)).code == "platform_answer_too_large"


async def test_silence_is_a_timeout_and_recorded_as_one(server: ScriptedServer) -> None:
    calls = Calls()
    error = await failure(server, calls, timeout_s=0.05)
    assert isinstance(error, PlatformTransient)
    assert (error.code, error.transport, error.overload) == ("platform_timed_out", True, True)
    assert calls.codes == ["platform_timed_out"]


async def test_nobody_listening_is_told_apart_from_a_lost_connection(server: ScriptedServer) -> None:
    server.answers.append(b"")
    assert (await failure(server)).code == "platform_connection_lost"
    server.answers.append(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")
    assert (await failure(server)).code == "platform_connection_lost"
    server.answers.append(b"SSH-2.0-OpenSSH_9.2\r\n")
    assert (await failure(server)).code == "platform_answer_unreadable"
    server.base_url = "http://127.0.0.1:9/v1"
    assert (await failure(server)).code == "platform_unreachable"


async def test_a_redirect_is_not_followed_to_another_server(server: ScriptedServer) -> None:
    server.will_answer("307 Temporary Redirect", b"", headers="Location: ftp://127.0.0.1/steal\r\n")
    assert (await failure(server)).code == "platform_redirected"
    assert len(server.received) == 1


async def test_a_listed_model_needs_no_completion(endpoint: ScriptedOpenAI) -> None:
    plugin = OpenAIPlatform(config=config(endpoint.base_url), context=context())
    result = await plugin.test()
    await plugin.close()
    assert (result.ok, result.text_key) == (True, "platform_test.openai_listed")
    assert endpoint.requests == []


async def test_an_unlisted_model_is_tried_with_one_token(endpoint: ScriptedOpenAI) -> None:
    plugin = OpenAIPlatform(config=config(endpoint.base_url, model="other"), context=context())
    result = await plugin.test()
    await plugin.close()
    assert (result.ok, result.text_key) == (False, "error.platform_not_found")
    assert endpoint.requests[0].document["max_tokens"] == 1


async def test_a_server_without_a_model_list_is_tried_with_one_token(endpoint: ScriptedOpenAI) -> None:
    endpoint.faults.fail(MODELS, status=404)
    plugin = OpenAIPlatform(config=config(endpoint.base_url), context=context())
    result = await plugin.test()
    await plugin.close()
    assert (result.ok, result.text_key) == (True, "platform_test.openai_answered")


async def test_a_wrong_key_fails_the_test_without_a_completion(endpoint: ScriptedOpenAI) -> None:
    plugin = OpenAIPlatform(
        config=config(endpoint.base_url, api_key=SecretStr("sk-wrong")), context=context()
    )
    result = await plugin.test()
    await plugin.close()
    assert (result.ok, result.text_key) == (False, "error.platform_unauthorized")
    assert endpoint.requests == []

"""The scripted AI endpoint: answers, recordings, planned trouble."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.waiting import eventually
from wxauto_mgt.simulator.openai_endpoint import COMPLETIONS, MODELS, ScriptedOpenAI

ASK = {"model": "m", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "你好"}]}


@pytest.fixture
async def endpoint() -> AsyncIterator[ScriptedOpenAI]:
    endpoint = ScriptedOpenAI()
    await endpoint.start()
    yield endpoint
    await endpoint.stop()


@pytest.fixture
async def session(endpoint: ScriptedOpenAI) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {endpoint.api_key}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield session


async def _ask(
    endpoint: ScriptedOpenAI, session: aiohttp.ClientSession, **changes: object
) -> tuple[int, str]:
    async with session.post(f"{endpoint.base_url}/chat/completions", json={**ASK, **changes}) as answer:
        return answer.status, await answer.text()


async def test_it_answers_and_records(endpoint: ScriptedOpenAI, session: aiohttp.ClientSession) -> None:
    async with session.post(f"{endpoint.base_url}/chat/completions", json=ASK) as answer:
        document = await answer.json()

    assert document["choices"][0]["message"] == {"role": "assistant", "content": "收到：你好"}
    assert document["usage"]["total_tokens"] == 3 + 5
    (request,) = endpoint.requests
    assert (request.model, request.question, [turn.role for turn in request.turns]) == (
        "m",
        "你好",
        ["system", "user"],
    )


async def test_models_and_refusals(endpoint: ScriptedOpenAI, session: aiohttp.ClientSession) -> None:
    async with session.get(f"{endpoint.base_url}/models") as answer:
        assert [model["id"] for model in (await answer.json())["data"]] == ["m", "simulated-large"]
    async with session.get(f"{endpoint.base_url}/models", headers={"Authorization": "Bearer no"}) as answer:
        assert answer.status == 401
    assert (await _ask(endpoint, session, model="none"))[0] == 404
    assert (await _ask(endpoint, session, messages=None))[0] == 400


async def test_a_limited_rate_says_when_to_come_back(
    endpoint: ScriptedOpenAI, session: aiohttp.ClientSession
) -> None:
    endpoint.limit_rate("2")
    async with session.post(f"{endpoint.base_url}/chat/completions", json=ASK) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "2")
    assert (await _ask(endpoint, session))[0] == 200


async def test_planned_trouble_comes_in_order(
    endpoint: ScriptedOpenAI, session: aiohttp.ClientSession
) -> None:
    endpoint.faults.fail(COMPLETIONS, 500, message="overloaded")
    endpoint.faults.answer_html(COMPLETIONS)
    endpoint.faults.cut_json(COMPLETIONS)
    endpoint.faults.drop_connection(COMPLETIONS)
    endpoint.faults.delay(COMPLETIONS, 0.01)
    endpoint.faults.fail(MODELS)

    assert (await _ask(endpoint, session))[0] == 500
    assert (await _ask(endpoint, session))[0] == 502
    status, half = await _ask(endpoint, session)
    assert (status, half.endswith("}")) == (200, False)
    with pytest.raises(aiohttp.ClientError):
        await _ask(endpoint, session)
    assert (await _ask(endpoint, session))[0] == 200
    async with session.get(f"{endpoint.base_url}/models") as answer:
        assert answer.status == 500


async def test_hung_completions_go_on_when_released_and_end_with_the_endpoint(
    endpoint: ScriptedOpenAI, session: aiohttp.ClientSession
) -> None:
    endpoint.faults.hang(COMPLETIONS, times=2)
    first = asyncio.create_task(_ask(endpoint, session))
    await eventually(lambda: len(endpoint.requests) == 1)
    endpoint.faults.release()
    assert (await first)[0] == 200

    endpoint.faults.hang(COMPLETIONS)
    second = asyncio.create_task(_ask(endpoint, session))
    await eventually(lambda: len(endpoint.requests) == 2)
    await endpoint.stop()
    with pytest.raises(aiohttp.ClientError):
        await second

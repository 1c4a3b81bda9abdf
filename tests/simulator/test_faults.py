"""Faults: what the client sees, and what truly happened meanwhile."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.simulator.conftest import Client, Starter
from tests.waiting import eventually

NEXT, GET = "/api/message/get-next-new", "/api/message/listen/get"
SEND, WINDOW_SEND = "/api/message/send", "/api/chat-window/message/send"


def _with_listened_chat(client: Client) -> None:
    client.server.world.add_chat("张三")
    client.server.world.listen_add("张三")


async def _leave(client: Client, path: str) -> None:
    """Go away once the server has the call."""
    before = client.server.calls[path]
    call = asyncio.create_task(client.get(path))
    await eventually(lambda: client.server.calls[path] > before)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_a_hung_read_takes_its_rows_although_the_client_left(client: Client) -> None:
    client.server.world.receive("张三", text="没了")
    client.server.faults.hang(NEXT)

    await _leave(client, NEXT)
    client.server.faults.release(NEXT)

    assert (await client.get(NEXT)).texts == {}


async def test_a_late_read_still_takes_its_rows_after_the_client_left(client: Client) -> None:
    client.server.world.receive("张三", text="没了")
    client.server.faults.hang(NEXT, effect="late")

    await _leave(client, NEXT)
    client.server.faults.release()
    await eventually(lambda: client.server.world.next_new() is None)

    assert (await client.get(NEXT)).texts == {}


async def test_a_hung_main_read_does_not_stop_the_windows(client: Client) -> None:
    _with_listened_chat(client)
    client.server.faults.hang(NEXT)
    hung = asyncio.create_task(client.get(NEXT))
    await eventually(lambda: client.server.calls[NEXT])
    client.server.world.receive("张三", text="照常")

    assert (await client.get(GET)).texts == {"张三": ["照常"]}
    client.server.faults.release()
    assert (await hung).status == 200


async def test_a_send_whose_answer_is_cut_still_went_out(client: Client) -> None:
    _with_listened_chat(client)
    client.server.faults.drop_connection(WINDOW_SEND, effect="first")

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.post(WINDOW_SEND, who="张三", message="到了")
    assert [sent.text for sent in client.server.world.sent] == ["到了"]


async def test_a_send_cut_before_its_effect_did_not(client: Client) -> None:
    _with_listened_chat(client)
    client.server.faults.drop_connection(WINDOW_SEND)

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.post(WINDOW_SEND, who="张三", message="没到")
    assert client.server.world.sent == []


async def test_a_delayed_answer_comes_and_has_its_effect_then(client: Client) -> None:
    _with_listened_chat(client)
    client.server.faults.delay(WINDOW_SEND, 0.03)

    sending = asyncio.create_task(client.post(WINDOW_SEND, who="张三", message="慢"))
    await eventually(lambda: client.server.calls[WINDOW_SEND])
    assert client.server.world.sent == []
    assert (await sending).code == 0
    assert len(client.server.world.sent) == 1


async def test_a_delay_beyond_the_queues_patience_sends_after_the_failure(start: Starter) -> None:
    client = await start(queue_timeout_s=0.01)
    world = client.server.world
    world.add_chat("李四")
    client.server.faults.delay(SEND, 0.03)

    assert (await client.post(SEND, receiver="李四", message="迟到")).status == 500
    await eventually(lambda: world.sent)
    assert [sent.text for sent in world.sent] == ["迟到"]


async def test_html_failures_and_half_answers_come_as_often_as_planned(client: Client) -> None:
    faults = client.server.faults
    faults.answer_html(GET, 2)
    faults.fail(GET, 500, 5000)
    faults.cut_json(GET)

    replies = [await client.get(GET) for _ in range(5)]

    assert [reply.status for reply in replies] == [502, 502, 500, 200, 200]
    assert [reply.is_html for reply in replies] == [True, True, False, False, False]
    assert replies[4].text.startswith(replies[3].text)
    assert len(replies[3].text) == len(replies[4].text) // 2
    assert replies[4].code == 0


async def test_a_half_answer_has_taken_the_rows(client: Client) -> None:
    client.server.world.receive("张三", text="半截")
    client.server.faults.cut_json(NEXT)

    await client.get(NEXT)

    assert (await client.get(NEXT)).texts == {}


async def test_a_fault_without_end_lasts_until_cleared(client: Client) -> None:
    client.server.faults.fail("*", times=None)
    assert {(await client.get(path)).status for path in (GET, NEXT, "/api/health")} == {500}

    client.server.faults.clear()
    assert (await client.get(GET)).status == 200


async def test_overlapping_desktop_calls_are_recorded(client: Client) -> None:
    _with_listened_chat(client)
    client.server.faults.hang(NEXT)
    hung = asyncio.create_task(client.get(NEXT))
    await eventually(lambda: client.server.calls[NEXT])

    await client.get(GET)
    await client.get("/api/chat-window/info", who="张三")
    assert client.server.ui_overlaps == []
    await client.post(WINDOW_SEND, who="张三", message="抢")

    (overlap,) = client.server.ui_overlaps
    assert (overlap.running, overlap.began) == (NEXT, WINDOW_SEND)
    client.server.faults.release()
    await hung
    await client.post(WINDOW_SEND, who="张三", message="轮到我")
    assert len(client.server.ui_overlaps) == 1


async def test_a_call_that_the_client_gave_up_still_occupies_the_desktop(client: Client) -> None:
    client.server.faults.hang(NEXT)
    await _leave(client, NEXT)

    await client.get("/api/wechat/get-session")

    assert [(overlap.running, overlap.began) for overlap in client.server.ui_overlaps] == [
        (NEXT, "/api/wechat/get-session")
    ]


async def test_stopping_ends_hung_calls_without_their_effect_and_starting_again_keeps_the_world(
    client: Client,
) -> None:
    server = client.server
    server.world.receive("张三", text="还在")
    server.faults.hang(NEXT, effect="late")
    hung = asyncio.create_task(client.get(NEXT))
    await eventually(lambda: server.calls[NEXT])

    await server.stop()
    with pytest.raises(aiohttp.ClientError):
        await hung
    await server.start()

    assert (await client.get(NEXT)).texts == {"张三": ["还在"]}


async def test_a_restart_cuts_open_calls_and_forgets_late_effects(start: Starter) -> None:
    client = await start(queue_timeout_s=0.01)
    server = client.server
    server.world.add_chat("李四")
    server.faults.hang(SEND, effect="late")
    await client.post(SEND, receiver="李四", message="不会发出")
    server.faults.hang(GET)
    hung = asyncio.create_task(client.get(GET))
    await eventually(lambda: server.calls[GET])

    server.restart()
    with pytest.raises(aiohttp.ClientError):
        await hung
    server.faults.release()

    assert server.world.sent == []


async def test_slow_calls_take_their_time_one_initialiser_at_a_time(start: Starter) -> None:
    client = await start(initialized=False, initialize_s=0.03, latency_s=0.001)
    loop = asyncio.get_running_loop()
    began = loop.time()

    replies = await asyncio.gather(*[client.post("/api/wechat/initialize") for _ in range(2)])

    assert [reply.code for reply in replies] == [0, 0]
    assert loop.time() - began >= 0.03

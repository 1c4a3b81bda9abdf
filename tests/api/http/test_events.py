"""Server-sent events: what happens arrives, and a client that was away goes on where it was."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from tests.api.http.served import Served
from tests.api.http.test_limits import head
from tests.waiting import eventually
from wxauto_mgt.api.http import event_feed
from wxauto_mgt.api.http.event_feed import EventFeed, FeedEvent, counted
from wxauto_mgt.api.http.routes import events as route
from wxauto_mgt.api.http.turns import Turns
from wxauto_mgt.core.access.model import Scope
from wxauto_mgt.core.config.model import Put
from wxauto_mgt.core.messages.model import MessagesStored


@dataclass
class Event:
    id: str
    kind: str
    data: Any


class Stream:
    """One open stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def block(self) -> list[str]:
        lines = []
        async with asyncio.timeout(5):
            while (line := (await self.response.content.readline()).decode()) not in ("\n", ""):
                lines.append(line.rstrip("\n"))
        return lines

    async def next(self, kind: str) -> Event:
        """The next event of a kind."""
        while True:
            fields = dict(line.split(": ", 1) for line in await self.block() if not line.startswith(":"))
            if fields.get("event") == kind:
                return Event(fields["id"], kind, json.loads(fields["data"]))


@contextlib.asynccontextmanager
async def stream(served: Served, query: str = "", *, after: str | None = None) -> AsyncIterator[Stream]:
    headers = {"Authorization": f"Bearer {served.tokens['read']}"}
    if after is not None:
        headers["Last-Event-ID"] = after
    async with served.session.get(served.url + "/api/events" + query, headers=headers) as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        opened = Stream(response)
        assert await opened.block() == ["retry: 3000"]
        yield opened


def feed_of(served: Served) -> EventFeed:
    feed = served.application.http._feed
    assert feed is not None
    return feed


async def edit(served: Served, seconds: float) -> None:
    edits = [Put("settings", "metrics", {"sample_interval_s": seconds})]
    await served.application.config.apply(edits, who="test")


async def test_edits_messages_and_statuses_arrive(served: Served) -> None:
    async with stream(served) as opened:
        await edit(served, 7)
        event = await opened.next("config")
        assert (event.data["change"], event.data["id"]) == ("settings_updated", "metrics")
        for count in (2, 3):
            served.application.bus.publish(MessagesStored("pc1", (1,), count, own_rows=False))
        event = await opened.next("messages")
        assert (event.data["instance_id"], event.data["count"]) == ("pc1", 5)


async def test_alerts_arrive_with_their_states(served: Served) -> None:
    await served.call("add_alert_rule", metric_name="active_users", threshold=5)
    async with stream(served) as opened:
        await served.call("record_metric", name="active_users", value=9)
        event = await opened.next("alert")
        assert event.data["state"] == "firing"
        await served.call("acknowledge_alert", alert_id=event.data["id"], owner="me")
        assert (await opened.next("alert")).data["acknowledged"] is True
        await served.call("record_metric", name="active_users", value=1)
        assert (await opened.next("alert")).data["state"] in ("recovering", "ok")


async def test_log_records_arrive_by_level_and_category(served: Served) -> None:
    async with stream(served, "?logs=INFO&category=CONFIG") as opened:
        await edit(served, 8)
        event = await opened.next("log")
        assert (event.data["category"], event.data["level"]) == ("CONFIG", "INFO")
    assert (await served.get("/api/events?logs=loud")).status == 422


async def test_a_client_that_was_away_misses_nothing(served: Served) -> None:
    async with stream(served) as opened:
        await edit(served, 7)
        seen = await opened.next("config")
    await edit(served, 8)
    await edit(served, 9)
    async with stream(served, after=seen.id) as opened:
        first, second = await opened.next("config"), await opened.next("config")
        assert second.data["revision"] == first.data["revision"] + 1 == seen.data["revision"] + 2


async def test_a_gap_is_told(served: Served) -> None:
    feed = feed_of(served)
    for number in range(event_feed.EVENTS_KEPT + 50):
        served.application.bus.publish(MessagesStored(f"pc{number % 2}", (1,), 1, own_rows=False))
    run = served.application.run_id[:8]
    async with stream(served, after=f"{run}-1-0") as opened:
        gap = await opened.next("gap")
        assert gap.data["missed"] == feed.newest - event_feed.EVENTS_KEPT - 1
    async with stream(served, after="00000000-1-0") as opened:
        assert (await opened.next("gap")).data["missed"] is None


@pytest.mark.parametrize("after", ["", "nonsense", "-1", "1" * 90, "ffffffff-1-0x"])
async def test_ids_that_are_none_begin_now(served: Served, after: str) -> None:
    await edit(served, 7)
    async with stream(served, after=after) as opened:
        await edit(served, 8)
        revision = served.application.config.snapshot.revision
        assert (await opened.next("config")).data["revision"] == revision


async def test_a_silent_stream_gives_signs_of_life(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = feed_of(served)
    sources = route.Sources(
        run="0123abcd",
        feed=feed,
        logs=lambda after, limit: served.application.logs.tail(after=after),
        admits=lambda grant: True,
        alive_every_s=0.02,
    )
    generator = route._stream(sources, None, None, asyncio.Event(), lambda: True)
    assert b"retry" in await anext(generator)
    async with asyncio.timeout(5):
        while await anext(generator) != b": alive\n\n":
            pass
    await generator.aclose()


async def test_a_client_that_is_too_slow_is_told_and_dropped(served: Served) -> None:
    feed = feed_of(served)
    sources = route.Sources(
        run="0123abcd",
        feed=feed,
        logs=lambda after, limit: served.application.logs.tail(after=after),
        admits=lambda grant: True,
    )
    generator = route._stream(sources, None, None, feed.watch(), lambda: True)
    await anext(generator)
    served.application.bus.publish(MessagesStored("pc1", (1,), 1, own_rows=False))
    assert b"event: messages" in await anext(generator)
    for _ in range(event_feed.EVENTS_KEPT + 5):
        served.application.bus.publish(MessagesStored("pc1", (1,), 1, own_rows=False))
    assert b"event: dropped" in await anext(generator)
    with pytest.raises(StopAsyncIteration):
        await anext(generator)


async def test_streams_have_a_cap(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route, "MOST_STREAMS", 1)
    async with stream(served):
        answer = await served.get("/api/events")
        assert (answer.status, answer.code) == (503, "too_many_streams")
    await eventually(lambda: feed_of(served).watcher_count == 0)


async def test_the_cap_holds_when_all_come_at_once(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(_turns: Turns) -> None:
        """Requests begin in one round of the loop, as they may where it is idle."""

    monkeypatch.setattr(Turns, "take", at_once)
    monkeypatch.setattr(route, "MOST_STREAMS", 2)
    token = f"Authorization: Bearer {served.tokens['read']}"
    opened = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(12)]
    for _, writer in opened:
        writer.write(head(served, token, path="/api/events"))
    statuses = [int((await reader.readline()).split()[1]) for reader, _ in opened]
    assert sorted(statuses) == [200] * 2 + [503] * 10
    for _, writer in opened:
        writer.close()
    await eventually(lambda: feed_of(served).watcher_count == 0)


async def test_a_stream_ends_with_its_token(served: Served) -> None:
    tokens = served.application.http.tokens
    issued = await tokens.create("brief", Scope.READ, who="test", expires_in_s=1.0)
    async with stream(served) as revoked:
        served.tokens["read"] = issued.value
        async with stream(served) as expired:
            await tokens.revoke("read", who="test")
            # Another token of the same name is another one.
            await tokens.create("read", Scope.READ, who="test")
            async with asyncio.timeout(5):
                await revoked.response.content.read()
                await expired.response.content.read()


async def test_a_stop_ends_open_streams_at_once(served: Served) -> None:
    async with stream(served) as opened:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        assert await served.application.stop() == ()
        assert loop.time() - began_s < 4
        assert await opened.response.content.read() is not None


def test_counts_of_one_instance_in_a_row_are_one_event() -> None:
    def stored(number: int, instance: str, count: int) -> FeedEvent:
        return FeedEvent(number, "messages", {"instance_id": instance, "count": count, "own_rows": False})

    other = FeedEvent(3, "config", {})
    found = list(counted([stored(1, "a", 1), stored(2, "a", 2), other, stored(4, "a", 1), stored(5, "b", 1)]))
    assert [(event.number, event.data.get("count")) for event in found] == [(2, 3), (3, None), (4, 1), (5, 1)]

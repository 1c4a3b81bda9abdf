"""How long 500 queued messages of 30 chats take through a platform of 200 ms, beside the platform alone."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Final

from benchmarks.bench import Bench
from benchmarks.console import CALLED, PLATFORM_S, instance_id, opened, started
from benchmarks.figures import Line, Sample
from benchmarks.heartbeat import Heartbeat, heartbeat
from benchmarks.polling import WentWrong
from benchmarks.server import chat_name
from benchmarks.server_process import ServerProcess, server_process
from wxauto_mgt.app import Application
from wxauto_mgt.core.messages.model import ReplyState, ReplyStateChanged
from wxauto_mgt.core.wire import Channel, ChatRows, Origin, ReadBatch, WireRow

NAME: Final = "delivery"
MESSAGES: Final = 500
CHATS: Final = 30


async def run(bench: Bench) -> list[Line]:
    """All chats on one instance, whose UI gate lets sends pass one by one; then spread over five."""
    lines = []
    for instances in (1,) if bench.is_quick else (1, 5):
        lines += await _measure(bench, instances)
    return lines


async def _measure(bench: Bench, instances: int) -> list[Line]:
    sent: list[float] = []
    confirmed: list[float] = []
    beating = Heartbeat()
    chats = CHATS // instances
    folder = bench.folder(f"{NAME}-{instances}")
    async with server_process(instances) as server:
        await server.order("open_windows", chats=chats)
        async with opened(folder, server.urls, chats=chats) as app:
            await started(app, listeners=CHATS)
            for repetition in range(bench.repetitions):
                async with heartbeat(beating):
                    last_sent_s, confirmed_s = await deliver(
                        app, server, f"{repetition}", instances=instances
                    )
                sent.append(last_sent_s)
                confirmed.append(confirmed_s)
    bench.heartbeats[f"{NAME}, {instances} instances"] = beating
    limit = Sample((math.ceil(MESSAGES / CHATS) * PLATFORM_S,), "s")
    against = f"{CHATS} chats in parallel, {math.ceil(MESSAGES / CHATS)} calls of {PLATFORM_S} s each"
    what = f"{MESSAGES} messages, {CHATS} chats on {instances} instances: committed until the last"
    lines = []
    for end, values, aim in (("reply was sent", sent, "above 0.7"), ("echo was found", confirmed, "")):
        measured = Sample(tuple(values), "s")
        ratio = limit.median / measured.median
        lines.append(Line(NAME, f"{what} {end}", measured, against, limit, ratio, "of the limit", aim))
    return lines


async def deliver(
    app: Application, server: ServerProcess, tag: str, *, instances: int = 1
) -> tuple[float, float]:
    """Commit the messages, wait for their echoes; seconds until the last send and until the last echo."""
    await server.order("forget")
    settled: Counter[ReplyState] = Counter()
    complete = asyncio.Event()

    def note(change: ReplyStateChanged) -> None:
        settled[change.state] += 1
        if settled[ReplyState.CONFIRMED] == MESSAGES:
            complete.set()

    unsubscribe = app.bus.subscribe(ReplyStateChanged, note)
    started_s = time.monotonic()
    await asyncio.gather(*(app.message_path.intake.commit(batch) for batch in _batches(tag, instances)))
    try:
        async with asyncio.timeout(60):
            await complete.wait()
    except TimeoutError:
        raise WentWrong(dict(settled)) from None
    finally:
        unsubscribe()
    ended_s = time.monotonic()
    sent = await server.order("sent")
    texts = {text for _instance, _who, text in sent["sent"]}
    if len(sent["sent"]) != MESSAGES or len(texts) != MESSAGES:
        raise WentWrong(f"{len(sent['sent'])} sends, {len(texts)} texts")
    # The clock is the machine's: the server's last send compares with our start.
    return sent["last_at_s"] - started_s, ended_s - started_s


def _batches(tag: str, instances: int) -> list[ReadBatch]:
    now = datetime.now(UTC)
    rows: list[list[WireRow]] = [[] for _ in range(CHATS)]
    for number in range(MESSAGES):
        rows[number % CHATS].append(
            WireRow(
                kind="text",
                content=f"{tag}: 你好，请问订单 {number} 什么时候可以发货？{CALLED}",
                sender="顾客",
                sender_remark="顾客",
                upstream_id=f"42{tag}{number:012d}",
                origin=Origin.OTHER,
                time_text=None,
                raw="{}",
            )
        )
    return [
        ReadBatch(
            instance_id=instance_id(chat % instances),
            channel=Channel.WINDOW,
            chats=(ChatRows(chat_name(chat // instances), tuple(found)),),
            received_at=now,
        )
        for chat, found in enumerate(rows)
    ]

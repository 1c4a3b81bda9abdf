"""Scripted trouble from a seed: faults of the servers, an impatient operator, a disk that fills up.

Owns the choice and the pace. Each trouble is carried out on the rig; healing is the rig's.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

from tests.soak.rig import CHATS, Rig, Upstream
from wxauto_mgt.core.instances import routes
from wxauto_mgt.simulator import Effect
from wxauto_mgt.simulator.openai_endpoint import COMPLETIONS

Trouble = Callable[[Rig, random.Random], Awaitable[None]]

_SENDS: Final = (routes.SEND_WINDOW, routes.SEND_MAIN)
_READS: Final = (routes.NEXT_NEW, routes.LISTEN_GET)
_OTHERS: Final = (
    routes.HEALTH,
    routes.INITIALIZE,
    routes.SESSIONS,
    routes.LISTEN_ADD,
    routes.SUB_WINDOWS,
    routes.WINDOW_INFO,
)


async def fault(rig: Rig, rng: random.Random) -> None:
    """Something goes wrong between console and server."""
    upstream = rng.choice(rig.upstreams)
    faults = upstream.server.faults
    route = rng.choice(rng.choice((_SENDS, _READS, _OTHERS)))
    effect = rng.choice((Effect.FIRST, Effect.NEVER))
    times = rng.choice((1, 1, 2, 3))
    match rng.randrange(6):
        case 0:
            faults.hang(route, effect=rng.choice(tuple(Effect)))
            _later(rng.uniform(0.1, 1.5), lambda: faults.release(route))
        case 1:
            faults.delay(route, rng.uniform(0.05, 0.8), times=times, effect=rng.choice(tuple(Effect)))
        case 2:
            faults.answer_html(route, times, status=rng.choice((404, 500, 502)), effect=effect)
        case 3:
            status, code = rng.choice(((500, 5000), (500, 3001), (500, 3002)))
            faults.fail(route, status, code, times, effect=effect)
        case 4:
            faults.drop_connection(route, times=times, effect=effect)
        case 5:
            faults.cut_json(route, times=times)


async def desktop(rig: Rig, rng: random.Random) -> None:
    """Something happens on the desktop."""
    upstream = rng.choice(rig.upstreams)
    world, chat = upstream.server.world, rng.choice(CHATS)
    match rng.randrange(7):
        case 0 | 1:
            world.replay(chat, rng.randint(1, 4))
        case 2:
            world.redraw(chat, reuse_ids=rng.random() < 0.5)
        case 3:
            world.windows.close(chat)
        case 4:
            world.say_from_phone(chat, f"我自己写的{rng.randrange(5)}")
        case 5:
            world.add_notice(chat, "有人加入了群聊")
        case 6:
            world.failures.silently(rng.choice(("send", "listen_add", "next_new")))
            world.failures.loudly(rng.choice(("send", "listen_add", "sessions")))


async def death(rig: Rig, rng: random.Random) -> None:
    """A server restarts, or WeChat dies while its server says online."""
    upstream = rng.choice(rig.upstreams)
    if rng.random() < 0.6:
        upstream.server.restart()
        return
    upstream.server.world.kill_wechat()
    _later(rng.uniform(0.2, 1.0), lambda: _come_back(upstream))


async def operator(rig: Rig, rng: random.Random) -> None:
    """Buttons are pressed in a hurry."""
    listener = rig.app.listener
    match rng.randrange(4):
        case 0:
            await listener.pause()
            await asyncio.sleep(rng.uniform(0.0, 0.3))
            await listener.resume()
        case 1:
            await listener.restart()
        case 2:
            await asyncio.gather(listener.pause(), listener.resume(), listener.pause(), listener.restart())
            await listener.resume()
        case 3:
            await asyncio.gather(listener.restart(), listener.restart())


async def edit(rig: Rig, rng: random.Random) -> None:
    """The configuration changes while messages flow."""
    upstream = rng.choice(rig.upstreams)
    match rng.randrange(6):
        case 0:
            await rig.configure({"instances": [upstream.instance(enabled=False)]})
            await asyncio.sleep(rng.uniform(0.0, 0.5))
            await rig.configure({"instances": [upstream.instance()]})
        case 1:
            await rig.configure({"instances": [upstream.instance(name=f"n{rng.random()}")]})
        case 2:
            await rig.configure({"instances": [upstream.instance(rate_limit_per_minute=5000)]})
        case 3:
            document = rig.document()
            await rig.configure({"platforms": document["platforms"], "rules": document["rules"]})
        case 4:
            upstream.server.api_key = f"{upstream.server.api_key}x"
            await asyncio.sleep(rng.uniform(0.0, 0.2))
            await rig.configure({"instances": [upstream.instance()]})
        case 5:
            await upstream.server.stop()
            await asyncio.sleep(rng.uniform(0.0, 0.2))
            await upstream.server.start()  # on another port
            await rig.configure({"instances": [upstream.instance()]})


async def platform(rig: Rig, rng: random.Random) -> None:
    """The AI endpoint has a bad moment."""
    faults = rig.ai.faults
    match rng.randrange(5):
        case 0:
            faults.hang(COMPLETIONS)
            _later(rng.uniform(0.1, 1.5), lambda: faults.release(COMPLETIONS))
        case 1:
            faults.fail(COMPLETIONS, 500, 0, times=3)
        case 2:
            faults.drop_connection(COMPLETIONS, times=2)
        case 3:
            rig.ai.limit_rate("0.2")
        case 4:
            faults.answer_html(COMPLETIONS, times=2)


async def full_disk(rig: Rig, rng: random.Random) -> None:
    """The database cannot grow for a while."""
    app = rig.app
    pages = await app.db.fetch_one("PRAGMA page_count")
    assert pages is not None
    await app.db.run(lambda tx: tx.execute(f"PRAGMA max_page_count = {pages[0]}").fetchall())
    await asyncio.sleep(rng.uniform(0.2, 1.0))
    await app.db.run(lambda tx: tx.execute("PRAGMA max_page_count = 1073741823").fetchall())


async def reopen(rig: Rig, rng: random.Random) -> None:
    """The console is stopped in the middle of things and started again."""
    await rig.stop_console()
    await asyncio.sleep(rng.uniform(0.0, 0.2))
    await rig.start_console()


ALL: Final[tuple[tuple[Trouble, int], ...]] = (
    (fault, 12),
    (desktop, 6),
    (death, 2),
    (operator, 2),
    (edit, 3),
    (platform, 3),
    (full_disk, 1),
    (reopen, 1),
)


async def run(
    rig: Rig,
    rng: random.Random,
    *,
    duration_s: float,
    troubles: tuple[tuple[Trouble, int], ...] = ALL,
    pause_s: float = 0.15,
    messages_per_s: float = 25.0,
    repeats: float = 0.05,
) -> list[str]:
    """Let people write and things go wrong; returns what went wrong, in order."""
    ends_at = asyncio.get_running_loop().time() + duration_s
    kinds, weights = zip(*troubles, strict=True)
    done: list[str] = []

    async def traffic() -> None:
        while True:
            await asyncio.sleep(rng.expovariate(messages_per_s))
            rig.say(rng.choice(rig.upstreams), repeats=repeats)

    writing = asyncio.create_task(traffic())
    try:
        while asyncio.get_running_loop().time() < ends_at:
            await asyncio.sleep(rng.uniform(0.0, 2 * pause_s))
            trouble: Trouble = rng.choices(kinds, weights)[0]
            done.append(trouble.__name__)
            await trouble(rig, rng)
    finally:
        writing.cancel()
        await asyncio.wait([writing])
    return done


def _come_back(upstream: Upstream) -> None:
    upstream.server.world.revive()
    upstream.server.restart()


def _later(delay_s: float, action: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(delay_s, action)

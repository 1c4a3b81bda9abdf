"""Trouble from a seed, for soak runs: what goes wrong when, on top of whatever traffic there is.

Owns the choice only; the faults themselves are the server's and the world's. Used by tests and `simulate`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from wxauto_mgt.simulator.faults import Effect
from wxauto_mgt.simulator.server import SimulatedServer

_MAIN_READ = "/api/message/get-next-new"
_WINDOW_READ = "/api/message/listen/get"
_WINDOW_SEND = "/api/chat-window/message/send"
_MAIN_SEND = "/api/message/send"


class Trouble(StrEnum):
    """Kinds of trouble. Those in `LOSING` take messages away before any client can see them."""

    HANGING_READ = "hanging_read"
    REFUSED_READ = "refused_read"
    HTML_READ = "html_read"
    CUT_BEFORE_READ = "cut_before_read"
    LOST_READ = "lost_read"
    HALF_READ = "half_read"
    LOST_SEND_ANSWER = "lost_send_answer"
    SLOW_SEND = "slow_send"
    SWALLOWED_SEND = "swallowed_send"
    REPLAY = "replay"
    SERVER_RESTART = "server_restart"
    WECHAT_DEATH = "wechat_death"


LOSING = frozenset({Trouble.LOST_READ, Trouble.HALF_READ, Trouble.SERVER_RESTART, Trouble.WECHAT_DEATH})


@dataclass(frozen=True)
class PlannedTrouble:
    """One trouble, so many seconds after the former one, lasting so long where it lasts."""

    pause_s: float
    trouble: Trouble
    lasts_s: float


class FaultSchedule:
    """An endless, repeatable stream of trouble.

    Args:
        with_losses: also choose trouble that makes upstream itself lose messages.
    """

    def __init__(self, *, seed: int, mean_pause_s: float, with_losses: bool = False) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable by design
        self._mean_pause_s = mean_pause_s
        self._choices = [trouble for trouble in Trouble if with_losses or trouble not in LOSING]

    def next_trouble(self) -> PlannedTrouble:
        """What goes wrong next."""
        return PlannedTrouble(
            pause_s=self._mean_pause_s * self._random.uniform(0.4, 1.6),
            trouble=self._random.choice(self._choices),
            lasts_s=self._mean_pause_s * self._random.uniform(0.1, 0.5),
        )

    async def run(
        self,
        server: SimulatedServer,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """Cause trouble until cancelled; each is over before the next begins."""
        while True:
            planned = self.next_trouble()
            await sleep(planned.pause_s)
            begin(server, planned.trouble)
            beat()
            await sleep(planned.lasts_s)
            end(server, planned.trouble)


def begin(server: SimulatedServer, trouble: Trouble) -> None:
    """Cause one trouble now."""
    faults, world = server.faults, server.world
    match trouble:
        case Trouble.HANGING_READ:
            faults.hang(_MAIN_READ)
        case Trouble.REFUSED_READ:
            faults.fail(_WINDOW_READ, times=2)
        case Trouble.HTML_READ:
            faults.answer_html(_MAIN_READ, times=2)
        case Trouble.CUT_BEFORE_READ:
            faults.drop_connection(_WINDOW_READ, times=2)
        case Trouble.LOST_READ:
            faults.drop_connection(_WINDOW_READ, effect=Effect.FIRST)
        case Trouble.HALF_READ:
            faults.cut_json(_WINDOW_READ)
        case Trouble.LOST_SEND_ANSWER:
            faults.drop_connection(_WINDOW_SEND, effect=Effect.FIRST)
        case Trouble.SLOW_SEND:
            faults.hang(_MAIN_SEND, effect=Effect.LATE)
            faults.hang(_WINDOW_SEND, effect=Effect.LATE)
        case Trouble.SWALLOWED_SEND:
            world.failures.silently("send")
        case Trouble.REPLAY:
            for chat in world.chats.by_activity()[:1]:
                world.replay(chat.title, 2)
        case Trouble.SERVER_RESTART:
            server.restart()
        case Trouble.WECHAT_DEATH:
            world.kill_wechat()


def end(server: SimulatedServer, trouble: Trouble) -> None:
    """Let what lasted be over; a dead WeChat comes back with a restarted server."""
    server.faults.release()
    server.faults.clear()
    if trouble is Trouble.WECHAT_DEATH:
        server.world.revive()
        server.restart()

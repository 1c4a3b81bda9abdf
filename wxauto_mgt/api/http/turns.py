"""Lets requests begin a few at a time, so that a flood of them never keeps the loop from everything else.

Owns how many begin in one round of the loop; `security` asks before it looks at a request.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from wxauto_mgt.runtime.clock import Clock

LONGEST_ROUND_S: Final = 0.003
# A round costs a look at all sockets, so never one for each request.
FEWEST_A_ROUND: Final = 2
MOST_A_ROUND: Final = 16


class Turns:
    """Whose turn it is, in the order of coming.

    As many begin in a round as keep it short, whoever made it long: while messages are stored or reports
    written, requests come two by two. Only beginnings count; a request that waits for something holds up
    nobody. Use it on the loop's thread.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._share = self._left = FEWEST_A_ROUND
        self._is_counting = False
        self._began_s = 0.0

    async def take(self) -> None:
        """Return when it is this request's turn."""
        if not self._is_counting:
            self._is_counting = True
            self._begin_round()
        if self._left and not self._waiting:
            self._left -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def _begin_round(self) -> None:
        self._began_s = self._clock.monotonic()
        self._left = self._share
        asyncio.get_running_loop().call_soon(self._end_round)

    def _end_round(self) -> None:
        """Runs in the loop's next round, behind the requests that began."""
        if self._left == self._share and not self._waiting:
            self._is_counting = False
            return
        is_long = self._clock.monotonic() - self._began_s > LONGEST_ROUND_S
        self._share = max(FEWEST_A_ROUND, self._share // 2) if is_long else min(MOST_A_ROUND, self._share + 2)
        given = 0
        while self._waiting and given < self._share:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                given += 1
        self._begin_round()
        self._left -= given

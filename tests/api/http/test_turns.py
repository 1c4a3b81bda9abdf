"""A flood of requests is let in a few at a time; nobody is left out, and nothing turns when none come."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from wxauto_mgt.api.http.turns import FEWEST_A_ROUND, LONGEST_ROUND_S, MOST_A_ROUND, Turns

FLOOD = 100


class WorkClock:
    """Time passes by work alone."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.reads = 0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_s, UTC)

    def monotonic(self) -> float:
        self.reads += 1
        return self.now_s

    async def sleep(self, delay_s: float) -> None:
        raise AssertionError("nobody sleeps here")


class Flood:
    """Requests that come at once; `rounds` says in which round of the loop each began."""

    def __init__(self, *, work_s: float) -> None:
        self.clock = WorkClock()
        self.turns = Turns(clock=self.clock)
        self.order: list[int] = []
        self.rounds: list[int] = []
        self._work_s = work_s
        self._round = 0

    def begin(self, count: int = FLOOD) -> list[asyncio.Task[None]]:
        return [asyncio.ensure_future(self._request(number)) for number in range(count)]

    async def run(self) -> None:
        tasks = self.begin()
        while not all(task.done() for task in tasks):
            await self.pass_round()

    async def pass_round(self) -> None:
        self._round += 1
        await asyncio.sleep(0)

    async def _request(self, number: int) -> None:
        await self.turns.take()
        self.order.append(number)
        self.rounds.append(self._round)
        self.clock.now_s += self._work_s

    @property
    def most_in_a_round(self) -> int:
        return max(self.rounds.count(one) for one in set(self.rounds))


async def test_a_single_request_waits_for_nobody() -> None:
    flood = Flood(work_s=0.0)
    (task,) = flood.begin(1)
    await asyncio.sleep(0)
    assert task.done()


async def test_long_requests_come_a_few_at_a_time_in_their_order() -> None:
    flood = Flood(work_s=2 * LONGEST_ROUND_S)
    await flood.run()
    assert flood.order == list(range(FLOOD))
    assert flood.most_in_a_round == FEWEST_A_ROUND


async def test_short_requests_come_together() -> None:
    flood = Flood(work_s=LONGEST_ROUND_S / 20)
    await flood.run()
    assert flood.order == list(range(FLOOD))
    assert 4 < flood.most_in_a_round <= MOST_A_ROUND
    assert max(flood.rounds) < FLOOD / 4


async def test_who_has_gone_costs_no_turn() -> None:
    flood = Flood(work_s=2 * LONGEST_ROUND_S)
    tasks = flood.begin()
    await flood.pass_round()
    gone = tasks[FEWEST_A_ROUND::2]
    for task in gone:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert flood.order == [number for number, task in enumerate(tasks) if task not in gone]


async def test_nothing_turns_when_no_requests_come() -> None:
    flood = Flood(work_s=0.0)
    await flood.run()
    for _ in range(3):
        await flood.pass_round()
    reads = flood.clock.reads
    for _ in range(10):
        await flood.pass_round()
    assert flood.clock.reads == reads
    await flood.run()
    assert len(flood.order) == 2 * FLOOD

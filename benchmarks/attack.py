"""How long the loop keeps others waiting while another process attacks the API, beside an idle loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.attacker import attacker
from benchmarks.bench import Bench
from benchmarks.figures import Detail, Line, Sample
from benchmarks.heartbeat import PERIOD_S, Heartbeat, heartbeat, idle_heartbeat
from benchmarks.local_api import Api, console_with_api
from benchmarks.polling import WentWrong

NAME: Final = "attack"
_POLL: Final = "/api/message/listen/get"
_RECEIVE_TIMEOUT_S: Final = 1.0
_SLOWEST_LISTENING: Final = 0.5
_SETTLE_S: Final = 1.0
_ATTACKS: Final[Mapping[str, tuple[str, str]]] = {
    "wrong_tokens": ("wrong tokens over 32 kept connections", "429"),
    "slow_requests": ("90 requests that come byte after byte", "408"),
    "connections": ("connections above the cap: 150 held, 32 that knock", "503"),
    "giant_headers": ("headers of 200 KB over 32 connections", "431"),
    "deep_json": ("JSON of 100,000 brackets over 32 kept connections, right token", "400"),
    "metrics": ("GET /metrics over 32 kept connections, right token", "200"),
    "everything": ("all of these at once", "503"),
}


@dataclass(frozen=True)
class _Phase:
    """A stretch of time: how the loop did, how often each instance was polled a second, what was answered."""

    beating: Heartbeat
    polls: tuple[float, ...]
    answers: Mapping[str, int]

    @property
    def polls_per_second(self) -> float:
        """Of all instances."""
        return sum(self.polls)


async def run(bench: Bench) -> list[Line]:
    """A console with 600 listeners: first in peace, then each attack by itself, then all at once."""
    seconds = 2.0 if bench.is_quick else 10.0
    idle = await idle_heartbeat(seconds)
    settings: dict[str, object] = {"receive_timeout_s": _RECEIVE_TIMEOUT_S}
    async with console_with_api(bench.folder(NAME), settings=settings) as api, attacker() as begin:
        peace = await _phase(api, asyncio.sleep(seconds, {}))
        lines = [_line("the same console, not attacked", "", peace, peace, idle)]
        for attack, (what, answer) in _ATTACKS.items():
            attacking = begin(attack=attack, port=api.port, token=api.token, seconds=seconds)
            phase = await _phase(api, attacking)
            _refuse_harmless(attack, answer, phase, peace)
            lines.append(_line(what, "within 5", phase, peace, idle))
            await asyncio.sleep(_SETTLE_S)
    return lines


async def _phase(api: Api, meanwhile: Awaitable[Any]) -> _Phase:
    before, began_s = await _polls(api), time.perf_counter()
    async with heartbeat() as beating:
        answers = await meanwhile
    after, lasted_s = await _polls(api), time.perf_counter() - began_s
    polls = tuple((new - old) / lasted_s for new, old in zip(after, before, strict=True))
    return _Phase(beating, polls, answers)


async def _polls(api: Api) -> list[int]:
    found = await api.server.order("calls")
    return [calls.get(_POLL, 0) for calls in found["calls"]]


def _refuse_harmless(attack: str, answer: str, phase: _Phase, peace: _Phase) -> None:
    """An attack that did not happen says nothing; nor does a calm loop whose listening stood still."""
    if not phase.answers.get(answer):
        raise WentWrong(f"{attack}: {dict(phase.answers)}")
    if min(phase.polls) == 0 or phase.polls_per_second < _SLOWEST_LISTENING * peace.polls_per_second:
        raise WentWrong(
            f"{attack}: {phase.polls_per_second:.0f} polls/s, {peace.polls_per_second:.0f} before"
        )


def _line(what: str, aim: str, phase: _Phase, peace: _Phase, idle: Heartbeat) -> Line:
    details: dict[str, Detail] = {
        "ms longest gap": phase.beating.longest_ms,
        "polls/s meanwhile": phase.polls_per_second,
    }
    if phase is not peace:
        details["polls/s before"] = peace.polls_per_second
        details |= {f"answers: {name}": count for name, count in sorted(phase.answers.items())}
    return Line(
        NAME,
        what,
        Sample((phase.beating.p99_ms,), "ms"),
        f"an idle loop: p99 of the gaps of a {PERIOD_S * 1000:.0f} ms heartbeat",
        Sample((idle.p99_ms,), "ms"),
        phase.beating.p99_ms / idle.p99_ms,
        "times the idle gap",
        aim,
        details,
    )

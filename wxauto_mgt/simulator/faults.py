"""Faults of the transport between a client and a simulated server, planned per route.

Owns which request is hit by what; the server carries it out. Knows neither the world nor HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

ANY_ROUTE = "*"


class FaultKind(StrEnum):
    """What happens to the request."""

    HANG = "hang"
    DELAY = "delay"
    HTML = "html"
    FAIL = "fail"
    DROP = "drop"
    CUT_JSON = "cut_json"


class Effect(StrEnum):
    """Whether and when the call has its effect on the world."""

    FIRST = "first"
    """At once, before the fault shows: a read is emptied, a send goes out, whatever the client sees."""
    LATE = "late"
    """When the hang is released or the delay is over, also if the client has left by then."""
    NEVER = "never"


@dataclass(eq=False)
class Fault:
    """One planned fault. `times` None means until cleared."""

    kind: FaultKind
    route: str
    times: int | None = 1
    effect: Effect = Effect.NEVER
    status: int = 500
    code: int = 5000
    message: str = "服务器内部错误"
    seconds: float = 0.0
    released: asyncio.Event = field(default_factory=asyncio.Event)
    is_abandoned: bool = False
    late_effects: list[Callable[[], None]] = field(default_factory=list)

    def release(self) -> None:
        """Let hung requests go on; effects that were waiting happen now."""
        self.released.set()
        effects, self.late_effects = self.late_effects, []
        for effect in effects:
            effect()

    def abandon(self) -> None:
        """Let hung requests end without their effect: the process is gone."""
        self.is_abandoned = True
        self.late_effects.clear()
        self.released.set()


class FaultPlan:
    """The planned faults; each request takes at most one, the oldest that fits its route (`*` = any)."""

    def __init__(self) -> None:
        self._planned: list[Fault] = []
        self._hanging: list[Fault] = []

    def hang(self, route: str, *, times: int | None = 1, effect: Effect | str = Effect.FIRST) -> Fault:
        """Do not answer until released."""
        return self._plan(Fault(FaultKind.HANG, route, times, Effect(effect)))

    def delay(
        self, route: str, seconds: float, *, times: int | None = 1, effect: Effect | str = Effect.LATE
    ) -> Fault:
        """Answer after some seconds."""
        return self._plan(Fault(FaultKind.DELAY, route, times, Effect(effect), seconds=seconds))

    def answer_html(
        self, route: str, times: int | None = 1, *, status: int = 502, effect: Effect | str = Effect.NEVER
    ) -> Fault:
        """Answer a framework page."""
        return self._plan(Fault(FaultKind.HTML, route, times, Effect(effect), status=status))

    def fail(
        self,
        route: str,
        status: int = 500,
        code: int = 5000,
        times: int | None = 1,
        *,
        message: str = "服务器内部错误",
        effect: Effect | str = Effect.NEVER,
    ) -> Fault:
        """Answer a JSON failure."""
        return self._plan(
            Fault(FaultKind.FAIL, route, times, Effect(effect), status=status, code=code, message=message)
        )

    def drop_connection(
        self, route: str, *, times: int | None = 1, effect: Effect | str = Effect.NEVER
    ) -> Fault:
        """Close the connection without an answer, before (`never`) or after (`first`) the effect."""
        return self._plan(Fault(FaultKind.DROP, route, times, Effect(effect)))

    def cut_json(self, route: str, *, times: int | None = 1, effect: Effect | str = Effect.FIRST) -> Fault:
        """Answer HTTP 200 with the first half of the right body."""
        return self._plan(Fault(FaultKind.CUT_JSON, route, times, Effect(effect)))

    def release(self, route: str = ANY_ROUTE) -> None:
        """Release what hangs on a route (all by default); planned hangs there are withdrawn."""
        for fault in [*self._hanging, *self._planned]:
            if fault.kind is FaultKind.HANG and route in (ANY_ROUTE, fault.route):
                self._forget(fault)
                fault.release()

    def abandon_all(self) -> None:
        """End what hangs without effect and withdraw nothing else."""
        for fault in self._hanging:
            fault.abandon()
        self._hanging.clear()

    def clear(self, route: str = ANY_ROUTE) -> None:
        """Withdraw planned faults of a route (all by default)."""
        self._planned = [fault for fault in self._planned if route not in (ANY_ROUTE, fault.route)]

    def take(self, route: str) -> Fault | None:
        """The fault that hits a request now, if any."""
        if not self._planned:
            return None
        for fault in self._planned:
            if fault.route in (ANY_ROUTE, route):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._planned.remove(fault)
                if fault.kind in (FaultKind.HANG, FaultKind.DELAY) and fault not in self._hanging:
                    self._hanging.append(fault)
                return fault
        return None

    def _plan(self, fault: Fault) -> Fault:
        self._planned.append(fault)
        return fault

    def _forget(self, fault: Fault) -> None:
        for faults in (self._hanging, self._planned):
            if fault in faults:
                faults.remove(fault)

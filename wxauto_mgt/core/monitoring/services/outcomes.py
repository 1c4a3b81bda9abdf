"""Keeps what is known of the calls to each service: those of this console, and those that others push.

Owns the tallies in memory; `ServiceHistory` stores them. The facade pushes, the console's clients report, the
board's results arrive by the bus; checks and interfaces read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final

from wxauto_mgt.core.monitoring.checks.contract import CheckRecorded, PushedOutcome
from wxauto_mgt.core.monitoring.services.figures import ServiceFigures
from wxauto_mgt.core.wire import CallRecord
from wxauto_mgt.errors import UnknownService
from wxauto_mgt.runtime.clock import Clock

PUSHED: Final = "pushed"


@dataclass(frozen=True)
class Tally:
    """One service's figures, and the newest outcome that was pushed for it."""

    service: str
    figures: ServiceFigures
    pushed: PushedOutcome | None = None


class ServiceOutcomes:
    """Figures of all services. Use it on the loop's thread.

    Args:
        known: names of the services that are watched; others may not be pushed.
        on_pushed: gets each pushed outcome as a call of the target `service:NAME`, for the metrics.
    """

    def __init__(
        self, *, clock: Clock, known: Callable[[], Collection[str]], on_pushed: Callable[[CallRecord], None]
    ) -> None:
        self._clock = clock
        self._known = known
        self._on_pushed = on_pushed
        self._tallies: dict[str, Tally] = {}
        self._changed: set[str] = set()

    def restore(self, tallies: Iterable[Tally]) -> None:
        """Take over what earlier runs counted; before anything is counted."""
        for tally in tallies:
            self._tallies[tally.service] = tally

    def push(
        self, service: str, *, ok: bool, duration_ms: float | None, error_type: str | None
    ) -> PushedOutcome:
        """Count how a call of another program went.

        Raises:
            UnknownService: no such service is watched.
        """
        known = self._known()
        if service not in known:
            raise UnknownService("unknown_service", service=service, known=", ".join(sorted(known)))
        outcome = PushedOutcome(ok, duration_ms, None if ok else error_type, self._clock.now())
        self._keep(Tally(service, self.figures(service).after_request(outcome), outcome))
        duration_s = None if duration_ms is None else duration_ms / 1000
        self._on_pushed(CallRecord(f"service:{service}", PUSHED, ok, duration_s, outcome.error_type))
        return outcome

    def called(self, call: CallRecord) -> None:
        """Count a call that this console made to an instance or a platform."""
        duration_ms = None if call.duration_s is None else 1000 * call.duration_s
        outcome = PushedOutcome(call.ok, duration_ms, call.error_code, self._clock.now())
        self._keep(
            Tally(call.target, self.figures(call.target).after_request(outcome), self.latest(call.target))
        )

    def checked(self, event: CheckRecorded) -> None:
        """Count a check in the failures in a row. A subscriber of the bus."""
        service = event.health.id
        before = self.figures(service)
        after = before.after_check(event.result.outcome)
        if after is not before:
            self._keep(Tally(service, after, self.latest(service)))

    def latest(self, service: str) -> PushedOutcome | None:
        """Return the newest outcome that was pushed; None when none ever was."""
        tally = self._tallies.get(service)
        return tally.pushed if tally else None

    def figures(self, service: str) -> ServiceFigures:
        """Return a service's figures; zeros for one that nobody called."""
        tally = self._tallies.get(service)
        return tally.figures if tally else ServiceFigures()

    def take_changed(self) -> tuple[Tally, ...]:
        """Return what changed since the last time; give it back by `give_back` if it could not be stored."""
        changed = tuple(self._tallies[service] for service in sorted(self._changed))
        self._changed.clear()
        return changed

    def give_back(self, tallies: Iterable[Tally]) -> None:
        """Have these handed out again, as they are by then."""
        self._changed.update(tally.service for tally in tallies)

    def _keep(self, tally: Tally) -> None:
        self._tallies[tally.service] = tally
        self._changed.add(tally.service)

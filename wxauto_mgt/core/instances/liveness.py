"""Whether an instance works, judged by evidence and never by what its server claims.

Owns the rules of the two probe rounds, of restarts and of stalled reads; makes no call. The probe, the
pollers and the reply sender report to it; everybody may read the state.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from wxauto_mgt.core.instances.model import Health
from wxauto_mgt.core.wire import Channel
from wxauto_mgt.errors import Fact, InstanceUnauthorized, TransientError
from wxauto_mgt.runtime.clock import Clock

STALLED_AFTER_S: Final = 5.0
RESTART_TOLERANCE_S: Final = 3.0
ROUNDS_THAT_COUNT: Final = 2
_PROBE_SLACK_S: Final = 4.0
"""A round lasts its interval and at most the health timeout; judgement call on top of it."""
_DISCONNECTED: Final = "disconnected"
_OWN_FACTS: Final = frozenset({"instance_id", "route", "detail"})


class EvidenceKind(StrEnum):
    """What proves that a WeChat works behind a server; texts under `evidence.<value>`."""

    SESSIONS = "sessions"
    OWN_ECHO = "own_echo"
    MAIN_ROW = "main_row"


@dataclass(frozen=True)
class Evidence:
    """One proof and when it was had.

    Attributes:
        count: sessions in the list, or rows.
    """

    kind: EvidenceKind
    at: datetime
    count: int = 1


@dataclass(frozen=True)
class StateReason:
    """Why the state is as it is; text under `instance_state.<code>`."""

    code: str
    params: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class InstanceState:
    """What is known of an instance at one moment.

    Attributes:
        connected: None = not measured yet, or not measured any more.
        initialized: None = not tried since our start or since the server's.
        stalled: channels whose destructive read is pending for too long.
        rounds: probe rounds finished since the probes began; a score needs two.
        restarted_at: when the last restart of the server was noticed.
        evidence: newest proof of each kind, whether it still counts or not.
    """

    connected: bool | None
    initialized: bool | None
    stalled: tuple[Channel, ...]
    rounds: int
    restarted_at: datetime | None
    last_check_at: datetime | None
    reasons: tuple[StateReason, ...]
    evidence: tuple[Evidence, ...]
    uptime_s: float | None = None
    library: str = ""


@dataclass(frozen=True)
class InstanceStateChanged:
    """Connected, initialised or stalled is another than before."""

    instance_id: str
    before: InstanceState
    after: InstanceState


class Liveness:
    """Evidence of one instance, and the judgement on it.

    Args:
        probe_interval_s: asked when the age of the last round is judged.
        on_change: told of each change of connected, initialised or stalled.
    """

    def __init__(
        self,
        *,
        instance_id: str,
        clock: Clock,
        probe_interval_s: Callable[[], float],
        on_change: Callable[[InstanceStateChanged], None],
        stalled_after_s: float = STALLED_AFTER_S,
    ) -> None:
        self._instance_id = instance_id
        self._clock = clock
        self._probe_interval_s = probe_interval_s
        self._on_change = on_change
        self._stalled_after_s = stalled_after_s
        self._round_starts_s: deque[float] = deque(maxlen=ROUNDS_THAT_COUNT)
        self._round_ended_s: float | None = None
        self._last_check_at: datetime | None = None
        self._rounds = 0
        self._evidence: dict[EvidenceKind, tuple[float, Evidence]] = {}
        self._empty_lists = 0
        self._unauthorized = False
        self._initialized: bool | None = None
        self._initialized_at_s = float("-inf")
        self._failure: TransientError | None = None
        self._reads: dict[Channel, float] = {}
        self._health: tuple[float, Health] | None = None
        self._restarted_at: datetime | None = None
        self._announced = self.state()

    def health_answered(self, health: Health, *, asked_at_s: float) -> bool:
        """Take the answer of `/api/health`; tell whether the server was restarted since the last one.

        Args:
            asked_at_s: monotonic time before the request: the time between an answer and the next question
                is at most what really passed between the two measurements, so latency cannot look like one.
        """
        restarted = False
        if self._health is not None:
            answered_s, last = self._health
            expected_s = last.uptime_s + max(0.0, asked_at_s - answered_s)
            restarted = health.uptime_s < expected_s - RESTART_TOLERANCE_S
            # Never `disconnected` again after an initialisation, as long as the same server process lives.
            restarted |= last.wechat_status != _DISCONNECTED and health.wechat_status == _DISCONNECTED
        restarted |= self._forgot_initialization(health, asked_at_s)
        self._health = (self._clock.monotonic(), health)
        if restarted:
            self._restarted_at = self._clock.now()
            self._initialized = None
        self.announce()
        return restarted

    def sessions_listed(self, count: int) -> None:
        """A session list came; an empty one is a sign that WeChat is gone."""
        self._authenticated()
        if count > 0:
            self._empty_lists = 0
            self._prove(EvidenceKind.SESSIONS, count)
        else:
            self._empty_lists += 1
        self.announce()

    def main_rows_seen(self, count: int) -> None:
        """Rows came from the main window."""
        self._authenticated()
        self._prove(EvidenceKind.MAIN_ROW, count)
        self.announce()

    def own_echo_seen(self) -> None:
        """A text that we sent came back as our own. Cached rows of listeners are no such proof."""
        self._authenticated()
        self._prove(EvidenceKind.OWN_ECHO, 1)
        self.announce()

    def initialized(self, *, done: bool) -> None:
        """An initialisation ended."""
        self._initialized = done
        self._initialized_at_s = self._clock.monotonic()
        self.announce()

    def call_failed(self, error: TransientError) -> None:
        """A call went wrong; a refused key counts at once, the rest by missing evidence."""
        self._failure = error
        if isinstance(error, InstanceUnauthorized):
            self._unauthorized = True
        self.announce()

    def call_answered(self) -> None:
        """A call that needs the key was answered."""
        self._authenticated()
        self.announce()

    def read_started(self, channel: Channel) -> None:
        """A destructive read is on its way."""
        self._reads[channel] = self._clock.monotonic()

    def read_finished(self, channel: Channel) -> None:
        """It ended, one way or the other."""
        self._reads.pop(channel, None)
        self.announce()

    def round_finished(self, *, started_s: float) -> None:
        """A probe round is over, with whatever evidence it brought."""
        self._round_starts_s.append(started_s)
        self._round_ended_s = self._clock.monotonic()
        self._last_check_at = self._clock.now()
        self._rounds += 1
        self.announce()

    def suspend(self) -> None:
        """Probes stop: from now on nothing is measured."""
        self._round_starts_s.clear()
        self._round_ended_s = None
        self._rounds = 0
        self._evidence.clear()
        self._empty_lists = 0
        self._unauthorized = False
        self._failure = None
        self._health = None
        self._initialized = None
        self.announce()

    def announce(self) -> None:
        """Tell of a change since the last time, if there is one."""
        before, after = self._announced, self.state()
        if (before.connected, before.initialized, before.stalled) != (
            after.connected,
            after.initialized,
            after.stalled,
        ):
            self._announced = after
            self._on_change(InstanceStateChanged(self._instance_id, before, after))

    def state(self) -> InstanceState:
        """The judgement at this moment; cheap."""
        connected, reasons = self._judge()
        stalled = self._stalled()
        if stalled:
            reasons = (*reasons, StateReason("stalled", {"channels": ", ".join(stalled)}))
        return InstanceState(
            connected=connected,
            initialized=self._initialized,
            stalled=stalled,
            rounds=self._rounds,
            restarted_at=self._restarted_at,
            last_check_at=self._last_check_at,
            reasons=reasons,
            evidence=tuple(evidence for _, evidence in self._evidence.values()),
            uptime_s=self._health[1].uptime_s if self._health else None,
            library=self._health[1].library if self._health else "",
        )

    def _forgot_initialization(self, health: Health, asked_at_s: float) -> bool:
        """Initialised, it would not say so; and it may be younger than that: restarts in quick succession.

        Neither of the other two signs shows when a server restarts again before anybody saw it connected.
        """
        if self._initialized is not True or asked_at_s < self._initialized_at_s:
            return False
        since_s = self._clock.monotonic() - self._initialized_at_s
        return health.wechat_status == _DISCONNECTED and health.uptime_s < since_s + RESTART_TOLERANCE_S

    def _judge(self) -> tuple[bool | None, tuple[StateReason, ...]]:
        if self._unauthorized:
            return False, (StateReason("unauthorized"),)
        if self._empty_lists >= ROUNDS_THAT_COUNT:
            return False, (StateReason("session_list_empty"),)
        if not self._is_measured():
            return None, (StateReason("not_measured"),)
        valid_from_s = self._round_starts_s[0] if self._round_starts_s else float("-inf")
        if any(at_s >= valid_from_s for at_s, _ in self._evidence.values()):
            return True, ()
        if self._rounds < ROUNDS_THAT_COUNT:
            return None, (StateReason("not_measured"),)
        reason = StateReason("no_evidence")
        if self._failure is not None:
            facts = {name: fact for name, fact in self._failure.facts.items() if name not in _OWN_FACTS}
            return False, (reason, StateReason("last_failure", {**facts, "cause": self._failure.code}))
        return False, (reason,)

    def _is_measured(self) -> bool:
        """Whether probes are being made; evidence must not outlive a probe that stopped."""
        if self._round_ended_s is None:
            return bool(self._evidence)
        longest_s = ROUNDS_THAT_COUNT * (self._probe_interval_s() + _PROBE_SLACK_S)
        return self._clock.monotonic() - self._round_ended_s <= longest_s

    def _stalled(self) -> tuple[Channel, ...]:
        now_s = self._clock.monotonic()
        return tuple(c for c, since_s in self._reads.items() if now_s - since_s > self._stalled_after_s)

    def _authenticated(self) -> None:
        self._unauthorized = False

    def _prove(self, kind: EvidenceKind, count: int) -> None:
        self._failure = None
        self._evidence[kind] = (self._clock.monotonic(), Evidence(kind, self._clock.now(), count))

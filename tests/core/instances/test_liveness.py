"""What counts as evidence, how long, and what a restart looks like."""

from __future__ import annotations

import pytest

from tests.fakes.clock import FakeClock
from wxauto_mgt.core.instances.liveness import InstanceStateChanged, Liveness
from wxauto_mgt.core.instances.model import Health
from wxauto_mgt.core.wire import Channel
from wxauto_mgt.errors import InstanceTimedOut, InstanceUnauthorized


class Watched:
    """A liveness with its probe rounds in the test's hands."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.changes: list[InstanceStateChanged] = []
        self.liveness = Liveness(
            instance_id="pc1", clock=clock, probe_interval_s=lambda: 5.0, on_change=self.changes.append
        )

    async def round(self, sessions: int | None = None, *, uptime_s: float | None = None) -> bool:
        """One round of five seconds; None = no session list came."""
        started_s = self.clock.monotonic()
        restarted = False
        if uptime_s is not None:
            restarted = self.health(uptime_s)
        if sessions is not None:
            self.liveness.sessions_listed(sessions)
        await self.clock.advance(5.0)
        self.liveness.round_finished(started_s=started_s)
        return restarted

    def health(self, uptime_s: float, status: str = "connected") -> bool:
        return self.liveness.health_answered(
            Health(uptime_s, status, "wxauto"), asked_at_s=self.clock.monotonic()
        )

    def connected(self) -> bool | None:
        return self.liveness.state().connected

    @property
    def reasons(self) -> list[str]:
        return [reason.code for reason in self.liveness.state().reasons]


@pytest.fixture
def watched(fake_clock: FakeClock) -> Watched:
    return Watched(fake_clock)


async def test_nothing_is_known_before_two_rounds(watched: Watched) -> None:
    assert watched.connected() is None
    await watched.round()
    assert watched.connected() is None
    assert watched.reasons == ["not_measured"]
    await watched.round()
    assert watched.connected() is False
    assert watched.reasons == ["no_evidence"]
    assert watched.liveness.state().rounds == 2


async def test_sessions_prove_and_run_out_after_two_rounds_without(watched: Watched) -> None:
    await watched.round(sessions=12)
    assert watched.connected() is True
    await watched.round()
    assert watched.connected() is True
    await watched.round()
    assert watched.connected() is False


async def test_two_empty_lists_in_a_row_mean_not_connected(watched: Watched) -> None:
    await watched.round(sessions=12)
    await watched.round(sessions=0)
    assert watched.connected() is True
    await watched.round(sessions=0)
    assert watched.connected() is False
    assert watched.reasons == ["session_list_empty"]
    await watched.round(sessions=1)
    assert watched.connected() is True


@pytest.mark.parametrize(
    "prove", [lambda w: w.liveness.main_rows_seen(3), lambda w: w.liveness.own_echo_seen()]
)
async def test_main_rows_and_own_echoes_prove_too(watched: Watched, prove: object) -> None:
    await watched.round()
    prove(watched)  # type: ignore[operator]
    await watched.round()
    await watched.round()
    assert watched.connected() is True
    await watched.round()
    assert watched.connected() is False


async def test_health_and_answers_alone_prove_nothing(watched: Watched) -> None:
    for uptime_s in (100.0, 105.0, 110.0):
        watched.liveness.call_answered()
        await watched.round(uptime_s=uptime_s)
    assert watched.connected() is False


async def test_a_refused_key_counts_at_once_and_until_an_answer(watched: Watched) -> None:
    await watched.round(sessions=12)
    watched.liveness.call_failed(InstanceUnauthorized("instance_unauthorized"))
    assert (watched.connected(), watched.reasons) == (False, ["unauthorized"])
    watched.liveness.call_answered()
    assert watched.connected() is True


async def test_evidence_does_not_outlive_the_probe(watched: Watched, fake_clock: FakeClock) -> None:
    await watched.round(sessions=12)
    await watched.round(sessions=12)
    await fake_clock.advance(17.0)
    assert watched.connected() is True
    await fake_clock.advance(2.0)
    assert watched.connected() is None
    await watched.round(sessions=12)
    watched.liveness.suspend()
    state = watched.liveness.state()
    assert (state.connected, state.rounds, state.initialized) == (None, 0, None)


async def test_the_last_failure_is_part_of_the_reason(watched: Watched) -> None:
    watched.liveness.call_failed(
        InstanceTimedOut("instance_timed_out", instance_id="pc1", route="/x", status=1)
    )
    await watched.round()
    await watched.round()
    last = watched.liveness.state().reasons[-1]
    assert (last.code, dict(last.params)) == ("last_failure", {"cause": "instance_timed_out", "status": 1})


@pytest.mark.parametrize(
    ("uptime_s", "restarted"), [(105.0, False), (102.5, False), (101.5, True), (0.0, True), (5000.0, False)]
)
async def test_a_restart_is_an_uptime_that_fell_behind(
    watched: Watched, uptime_s: float, restarted: bool
) -> None:
    watched.liveness.initialized(done=True)
    await watched.round(uptime_s=100.0)
    assert await watched.round(uptime_s=uptime_s) is restarted
    state = watched.liveness.state()
    assert (state.restarted_at is not None) is restarted
    assert state.initialized is (None if restarted else True)


async def test_a_slow_answer_is_no_restart(watched: Watched, fake_clock: FakeClock) -> None:
    watched.health(100.0)
    await fake_clock.advance(5.0)
    asked_at_s = fake_clock.monotonic()
    await fake_clock.advance(2.9)  # measured at once, answered late
    assert not watched.liveness.health_answered(Health(104.0, "connected", ""), asked_at_s=asked_at_s)


async def test_a_second_restart_before_anybody_saw_it_connected_is_noticed(
    watched: Watched, fake_clock: FakeClock
) -> None:
    watched.health(100.0)
    await fake_clock.advance(1.0)
    assert watched.health(0.0, "disconnected") is True
    watched.liveness.initialized(done=True)
    await fake_clock.advance(1.0)  # meanwhile it restarted again; its uptime hardly tells
    assert watched.health(0.0, "disconnected") is True
    assert watched.liveness.state().initialized is None


async def test_an_old_server_that_never_says_connected_is_not_taken_for_restarted(
    watched: Watched, fake_clock: FakeClock
) -> None:
    watched.health(100.0, "disconnected")
    watched.liveness.initialized(done=True)
    for uptime_s in (101.0, 102.0):
        await fake_clock.advance(1.0)
        assert watched.health(uptime_s, "disconnected") is False


async def test_a_server_that_forgot_its_initialisation_was_restarted(watched: Watched) -> None:
    """Its uptime was too short to fall behind visibly."""
    watched.health(1.0, "disconnected")
    assert not watched.health(1.0, "disconnected")
    watched.liveness.initialized(done=True)
    assert not watched.health(2.0, "connected")
    assert watched.health(1.0, "disconnected")
    assert not watched.health(2.0, "disconnected")


async def test_a_pending_read_is_stalled_after_five_seconds(watched: Watched, fake_clock: FakeClock) -> None:
    watched.liveness.read_started(Channel.MAIN)
    await fake_clock.advance(5.0)
    assert watched.liveness.state().stalled == ()
    await fake_clock.advance(0.1)
    assert watched.liveness.state().stalled == (Channel.MAIN,)
    watched.liveness.read_finished(Channel.MAIN)
    assert watched.liveness.state().stalled == ()


async def test_each_change_is_told_once(watched: Watched, fake_clock: FakeClock) -> None:
    await watched.round(sessions=3)
    await watched.round(sessions=3)
    watched.liveness.initialized(done=True)
    watched.liveness.read_started(Channel.MAIN)
    await fake_clock.advance(6.0)
    watched.liveness.announce()
    watched.liveness.announce()
    told = [(c.after.connected, c.after.initialized, c.after.stalled) for c in watched.changes]
    assert told == [(True, None, ()), (True, True, ()), (True, True, (Channel.MAIN,))]

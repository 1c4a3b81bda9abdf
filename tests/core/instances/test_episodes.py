"""One failing cause is one episode."""

from __future__ import annotations

import pytest

from tests.fakes.clock import FakeClock
from wxauto_mgt.core.instances.episodes import Episodes
from wxauto_mgt.core.wire import ErrorCleared, ErrorReport
from wxauto_mgt.errors import InstanceRejected, InstanceTimedOut

TIMED_OUT = InstanceTimedOut("instance_timed_out", instance_id="pc1", route="/x")
REJECTED = InstanceRejected("instance_rejected", status=500)

pytestmark = pytest.mark.expects_log("fails: ")


async def test_an_episode_is_reported_at_its_start_once_a_minute_and_at_its_end(
    fake_clock: FakeClock,
) -> None:
    told: list[ErrorReport | ErrorCleared] = []
    episodes = Episodes(instance_id="pc1", clock=fake_clock, on_error=told.append)
    episodes.failed("probe", TIMED_OUT)
    await fake_clock.advance(59.0)
    episodes.failed("probe", TIMED_OUT)
    await fake_clock.advance(1.0)
    episodes.failed("probe", TIMED_OUT)
    episodes.worked("probe")
    episodes.worked("probe")
    report = ErrorReport("probe", "instance_timed_out", "pc1", {"route": "/x"})
    assert told == [report, report, ErrorCleared("probe", "instance_timed_out", "pc1")]


async def test_another_cause_is_another_episode(fake_clock: FakeClock) -> None:
    told: list[ErrorReport | ErrorCleared] = []
    episodes = Episodes(instance_id="pc1", clock=fake_clock, on_error=told.append)
    episodes.failed("probe", TIMED_OUT)
    episodes.failed("probe", REJECTED)
    episodes.failed("poll_main", REJECTED)
    assert dict(episodes.open) == {"probe": "instance_rejected", "poll_main": "instance_rejected"}
    episodes.close()
    assert not dict(episodes.open)
    assert [(type(t).__name__, t.operation, t.cause_code) for t in told] == [
        ("ErrorReport", "probe", "instance_timed_out"),
        ("ErrorCleared", "probe", "instance_timed_out"),
        ("ErrorReport", "probe", "instance_rejected"),
        ("ErrorReport", "poll_main", "instance_rejected"),
        ("ErrorCleared", "probe", "instance_rejected"),
        ("ErrorCleared", "poll_main", "instance_rejected"),
    ]


async def test_a_cause_that_several_chats_share_ends_with_the_last_of_them(fake_clock: FakeClock) -> None:
    told: list[ErrorReport | ErrorCleared] = []
    episodes = Episodes(instance_id="pc1", clock=fake_clock, on_error=told.append)
    episodes.failed("listener_add", REJECTED, subject="甲")
    episodes.failed("listener_add", REJECTED, subject="乙")
    episodes.worked("listener_add", subject="甲")
    assert not any(isinstance(t, ErrorCleared) for t in told)
    episodes.worked("listener_add", subject="乙")
    assert isinstance(told[-1], ErrorCleared)

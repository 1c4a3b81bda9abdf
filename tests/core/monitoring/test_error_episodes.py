"""What counts as one error, for how long, and what is remembered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from wxauto_mgt.core.monitoring import error_episodes
from wxauto_mgt.core.monitoring.error_episodes import ErrorEpisodes
from wxauto_mgt.core.wire import ErrorCleared, ErrorReport

POLL = ErrorReport("poll_main", "timed_out", "pc1", {"waited_s": 60})
POLL_CLEARED = ErrorCleared("poll_main", "timed_out", "pc1")


@pytest.fixture
def episodes(fake_clock: FakeClock) -> ErrorEpisodes:
    return ErrorEpisodes(clock=fake_clock)


async def test_a_cause_that_repeats_counts_once_a_minute(
    episodes: ErrorEpisodes, fake_clock: FakeClock
) -> None:
    counted = 0
    for _ in range(180):
        counted += episodes.report(POLL)
        await fake_clock.advance(1)
    assert counted == 3
    assert (episodes.total, episodes.last_hour) == (3, 3)
    (episode,) = episodes.recent(10)
    assert episode.occurrences == 3
    assert episode.last_at - episode.first_at == timedelta(seconds=120)
    assert episode.cleared_at is None


async def test_after_it_cleared_the_same_cause_is_a_new_error(
    episodes: ErrorEpisodes, fake_clock: FakeClock
) -> None:
    assert episodes.report(POLL)
    await fake_clock.advance(1)
    episodes.clear(POLL_CLEARED)
    await fake_clock.advance(1)
    assert episodes.report(POLL)
    newest, first = episodes.recent(10)
    assert first.cleared_at is not None
    assert newest.cleared_at is None
    assert newest.id > first.id


@pytest.mark.parametrize(
    "other",
    [
        ErrorReport("poll_window", "timed_out", "pc1"),
        ErrorReport("poll_main", "unreachable", "pc1"),
        ErrorReport("poll_main", "timed_out", "pc2"),
        ErrorReport("poll_main", "timed_out"),
    ],
)
def test_another_operation_cause_or_instance_is_another_error(
    episodes: ErrorEpisodes, other: ErrorReport
) -> None:
    assert episodes.report(POLL)
    assert episodes.report(other)
    episodes.clear(POLL_CLEARED)
    assert not episodes.report(other)


def test_clearing_what_never_failed_does_nothing(episodes: ErrorEpisodes) -> None:
    episodes.clear(POLL_CLEARED)
    assert episodes.recent(10) == ()
    assert episodes.take_unsaved() == ()


async def test_errors_leave_the_count_of_the_last_hour_but_not_the_total(
    episodes: ErrorEpisodes, fake_clock: FakeClock
) -> None:
    episodes.report(POLL)
    await fake_clock.advance(1800)
    episodes.report(ErrorReport("send", "refused", "pc2"))
    assert (episodes.last_hour, episodes.last_hour_of("pc1"), episodes.last_hour_of("pc2")) == (2, 1, 1)
    await fake_clock.advance(1800)
    assert (episodes.last_hour, episodes.last_hour_of("pc1"), episodes.last_hour_of("pc2")) == (1, 0, 1)
    await fake_clock.advance(1800)
    assert episodes.last_hour == 0
    assert episodes.total == 2
    assert episodes.last_hour_of("never seen") == 0


async def test_recent_errors_come_newest_first_by_their_last_count(
    episodes: ErrorEpisodes, fake_clock: FakeClock
) -> None:
    episodes.report(POLL)
    await fake_clock.advance(30)
    episodes.report(ErrorReport("reload", "refused"))
    assert [episode.operation for episode in episodes.recent(10)] == ["reload", "poll_main"]
    await fake_clock.advance(30)
    episodes.report(POLL)
    assert [episode.operation for episode in episodes.recent(10)] == ["poll_main", "reload"]
    assert [episode.operation for episode in episodes.recent(1)] == ["poll_main"]
    assert episodes.recent(0) == ()
    newest = episodes.newest_of("pc1")
    assert newest is not None
    assert newest.operation == "poll_main"
    assert episodes.newest_of("pc2") is None


def test_what_changed_is_handed_out_for_storing_once(episodes: ErrorEpisodes) -> None:
    episodes.report(POLL)
    taken = episodes.take_unsaved()
    assert len(taken) == 1
    assert episodes.take_unsaved() == ()
    episodes.give_back(taken)
    episodes.clear(POLL_CLEARED)
    (again,) = episodes.take_unsaved()
    assert again.cleared_at is not None


async def test_errors_of_earlier_runs_are_listed_but_not_counted(fake_clock: FakeClock) -> None:
    former = ErrorEpisodes(clock=fake_clock)
    former.report(POLL)
    await fake_clock.advance(5)
    episodes = ErrorEpisodes(clock=fake_clock)
    episodes.restore(former.recent(10))
    assert (episodes.total, episodes.last_hour) == (0, 0)
    assert episodes.recent(10) == former.recent(10)
    assert episodes.report(POLL)
    assert [episode.id for episode in episodes.recent(10)] == [2, 1]


def test_memory_is_bounded_and_a_forgotten_cause_starts_anew(
    episodes: ErrorEpisodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(error_episodes, "EPISODES_KEPT", 3)
    for number in range(5):
        episodes.report(ErrorReport("send", f"cause{number}"))
    assert [episode.cause_code for episode in episodes.recent(10)] == ["cause4", "cause3", "cause2"]
    assert len(episodes.take_unsaved()) == 3
    assert episodes.report(ErrorReport("send", "cause0"))

"""Results in a row against a model that looks at the whole history each time."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from wxauto_mgt.core.monitoring.checks.contract import CheckStatus, Outcome
from wxauto_mgt.core.monitoring.checks.streak import Streak, Thresholds

histories = st.lists(st.sampled_from(Outcome), max_size=40)
thresholds = st.builds(Thresholds, failures=st.integers(1, 5), successes=st.integers(1, 4))


def model(history: Sequence[Outcome], thresholds: Thresholds) -> CheckStatus:
    if not history or history[-1] is Outcome.UNKNOWN:
        return CheckStatus.UNKNOWN
    measured = "".join(
        "F" if outcome is Outcome.FAILED else "." for outcome in history if outcome != "unknown"
    )
    # What counts comes after the last run of successes that was long enough to end a trouble.
    since_well = measured.rpartition("." * thresholds.successes)[2]
    failures = since_well.count("F")
    if not failures:
        return CheckStatus.DEGRADED if history[-1] is Outcome.DEGRADED else CheckStatus.HEALTHY
    return CheckStatus.UNHEALTHY if failures >= thresholds.failures else CheckStatus.DEGRADED


@given(histories, thresholds)
def test_the_status_is_that_of_the_whole_history(history: list[Outcome], thresholds: Thresholds) -> None:
    streak = Streak()
    for outcome in history:
        streak = streak.after(outcome, thresholds)
    assert streak.status(thresholds) is model(history, thresholds)


@given(histories)
def test_by_default_three_failures_in_a_row_are_unhealthy_and_one_success_ends_it(
    history: list[Outcome],
) -> None:
    streak = Streak()
    for outcome in (*history, Outcome.OK):
        streak = streak.after(outcome, Thresholds())
    seen = []
    for outcome in (Outcome.FAILED, Outcome.FAILED, Outcome.FAILED, Outcome.OK):
        streak = streak.after(outcome, Thresholds())
        seen.append(streak.status(Thresholds()).value)
    assert seen == ["degraded", "degraded", "unhealthy", "healthy"]

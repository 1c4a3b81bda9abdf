"""What is counted of a service, against a model that keeps everything and counts anew each time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxauto_mgt.core.monitoring.checks.contract import Outcome, PushedOutcome
from wxauto_mgt.core.monitoring.services.figures import (
    FURTHER,
    MOST_ERROR_TYPES,
    UNTYPED,
    ServiceFigures,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
Event = Outcome | PushedOutcome


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Checks and requests in the order of time."""
    events: list[Event] = []
    at = START
    for _ in range(draw(st.integers(0, 40))):
        at += timedelta(seconds=draw(st.integers(0, 100)))
        if draw(st.booleans()):
            events.append(draw(st.sampled_from(Outcome)))
            continue
        ok = draw(st.booleans())
        duration_ms = draw(st.none() | st.integers(0, 10_000).map(float))
        error_type = None if ok else draw(st.none() | st.sampled_from(["timeout", "http_500"]))
        events.append(PushedOutcome(ok, duration_ms, error_type, at))
    return events


def figures_after(events: list[Event]) -> ServiceFigures:
    figures = ServiceFigures()
    for event in events:
        figures = (
            figures.after_request(event) if isinstance(event, PushedOutcome) else figures.after_check(event)
        )
    return figures


@given(histories())
def test_figures_are_those_of_the_whole_history(events: list[Event]) -> None:
    figures = figures_after(events)
    requests = [event for event in events if isinstance(event, PushedOutcome)]
    good, bad = [r for r in requests if r.ok], [r for r in requests if not r.ok]
    assert (figures.total_requests, figures.successful_requests, figures.failed_requests) == (
        len(requests),
        len(good),
        len(bad),
    )
    assert figures.success_rate == (100 * len(good) / len(requests) if requests else None)
    durations_s = [r.duration_ms / 1000 for r in requests if r.duration_ms is not None]
    mean_s = sum(durations_s) / len(durations_s) if durations_s else None
    assert figures.avg_response_time_s == (None if mean_s is None else pytest.approx(mean_s))
    assert figures.last_success_at == (good[-1].at if good else None)
    assert figures.last_failure_at == (bad[-1].at if bad else None)
    causes = [r.error_type or UNTYPED for r in bad]
    assert figures.error_types == {cause: causes.count(cause) for cause in set(causes)}


@given(histories())
def test_failures_in_a_row_are_of_checks_and_requests_together(events: list[Event]) -> None:
    in_a_row = 0
    for event in reversed(events):
        if event is Outcome.UNKNOWN:
            continue  # measured nothing
        failed = not event.ok if isinstance(event, PushedOutcome) else event is Outcome.FAILED
        if not failed:
            break
        in_a_row += 1
    assert figures_after(events).consecutive_failures == in_a_row


def test_no_request_is_no_rate() -> None:
    figures = figures_after([Outcome.OK, Outcome.FAILED, Outcome.FAILED])
    assert (figures.total_requests, figures.success_rate, figures.avg_response_time_s) == (0, None, None)
    assert figures.consecutive_failures == 2


def test_causes_are_bounded_and_none_is_lost() -> None:
    figures = ServiceFigures()
    for number in range(3 * MOST_ERROR_TYPES):
        figures = figures.after_request(PushedOutcome(False, None, f"cause {number}", START))
    assert len(figures.error_types) == MOST_ERROR_TYPES + 1
    assert figures.error_types[FURTHER] == 2 * MOST_ERROR_TYPES
    assert sum(figures.error_types.values()) == figures.failed_requests

"""Outcomes that other programs push, calls of this console, and the metrics of the last minutes."""

from __future__ import annotations

import pytest

from tests.fakes.clock import FakeClock
from wxauto_mgt.core.metrics.calls import CallMetrics
from wxauto_mgt.core.metrics.requests import request_metrics
from wxauto_mgt.core.monitoring.checks.contract import (
    CheckRecorded,
    CheckResult,
    CheckStatus,
    Outcome,
    ServiceHealth,
)
from wxauto_mgt.core.monitoring.services.outcomes import ServiceOutcomes
from wxauto_mgt.core.wire import CallRecord
from wxauto_mgt.errors import UnknownService


@pytest.fixture
def pushed(fake_clock: FakeClock) -> CallMetrics:
    return CallMetrics(clock=fake_clock)


@pytest.fixture
def outcomes(fake_clock: FakeClock, pushed: CallMetrics) -> ServiceOutcomes:
    return ServiceOutcomes(clock=fake_clock, known=lambda: ("asr", "tts"), on_pushed=pushed.record)


def checked(service: str, outcome: Outcome, clock: FakeClock) -> CheckRecorded:
    return CheckRecorded(
        ServiceHealth(service, CheckStatus.UNKNOWN), CheckResult(outcome, "scripted"), clock.now()
    )


async def test_what_is_pushed_counts_for_its_service_alone(
    outcomes: ServiceOutcomes, fake_clock: FakeClock
) -> None:
    outcomes.push("tts", ok=True, duration_ms=250, error_type=None)
    await fake_clock.advance(5)
    outcomes.push("tts", ok=False, duration_ms=None, error_type="timeout")
    figures = outcomes.figures("tts")
    assert (figures.total_requests, figures.success_rate, figures.avg_response_time_s) == (2, 50.0, 0.25)
    assert figures.error_types == {"timeout": 1}
    newest = outcomes.latest("tts")
    assert newest is not None
    assert (newest.ok, newest.error_type, newest.at) == (False, "timeout", fake_clock.now())
    assert outcomes.figures("asr").total_requests == 0
    assert outcomes.latest("asr") is None


def test_nobody_pushes_for_a_service_that_there_is_not(outcomes: ServiceOutcomes) -> None:
    with pytest.raises(UnknownService) as caught:
        outcomes.push("tss", ok=True, duration_ms=None, error_type=None)
    assert dict(caught.value.facts) == {"service": "tss", "known": "asr, tts"}


def test_own_calls_are_requests_and_no_pushed_outcome(outcomes: ServiceOutcomes) -> None:
    outcomes.called(CallRecord("instance:pc1", "/api/health", False, 0.5, "timed_out"))
    figures = outcomes.figures("instance:pc1")
    assert (figures.failed_requests, figures.avg_response_time_s) == (1, 0.5)
    assert figures.error_types == {"timed_out": 1}
    assert outcomes.latest("instance:pc1") is None


def test_checks_and_calls_count_in_the_order_of_time(
    outcomes: ServiceOutcomes, fake_clock: FakeClock
) -> None:
    outcomes.checked(checked("tts", Outcome.FAILED, fake_clock))
    outcomes.push("tts", ok=False, duration_ms=None, error_type=None)
    outcomes.checked(checked("tts", Outcome.UNKNOWN, fake_clock))
    outcomes.checked(checked("tts", Outcome.FAILED, fake_clock))
    assert outcomes.figures("tts").consecutive_failures == 3
    outcomes.push("tts", ok=True, duration_ms=None, error_type=None)
    assert outcomes.figures("tts").consecutive_failures == 0
    assert outcomes.figures("tts").total_requests == 2


def test_only_what_changed_is_handed_out(outcomes: ServiceOutcomes, fake_clock: FakeClock) -> None:
    outcomes.push("tts", ok=True, duration_ms=None, error_type=None)
    outcomes.checked(checked("asr", Outcome.OK, fake_clock))  # nothing failed, so nothing changes
    taken = outcomes.take_changed()
    assert [tally.service for tally in taken] == ["tts"]
    assert outcomes.take_changed() == ()
    outcomes.give_back(taken)
    outcomes.push("tts", ok=True, duration_ms=None, error_type=None)
    assert [tally.figures.total_requests for tally in outcomes.take_changed()] == [2]


def test_pushed_outcomes_are_metrics_of_the_last_minutes(
    outcomes: ServiceOutcomes, pushed: CallMetrics
) -> None:
    for number in range(4):
        outcomes.push("tts", ok=number > 0, duration_ms=100, error_type=None)
    outcomes.push("asr", ok=True, duration_ms=None, error_type=None)
    values = {
        (sample.key.name, dict(sample.key.labels)["target"]): sample.value
        for sample in request_metrics(pushed)
    }
    assert values["api_requests_5m", "service:tts"] == 4
    assert values["api_error_rate", "service:tts"] == 25
    assert values["api_response_time_ms", "service:tts"] == 100
    assert ("api_response_time_ms", "service:asr") not in values

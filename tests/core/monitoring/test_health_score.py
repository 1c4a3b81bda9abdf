"""The score against a table of cases, and what holds for any facts."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxauto_mgt.core.monitoring.health_score import (
    ClientFacts,
    HealthInputs,
    HealthScore,
    OverallStatus,
    Part,
    evaluate,
)

AT = datetime(2026, 11, 22, tzinfo=UTC)


def clients(*states: bool | None, rounds: int = 2, was_probed: bool = False) -> tuple[ClientFacts, ...]:
    return tuple(ClientFacts(f"pc{n}", state, rounds, was_probed) for n, state in enumerate(states, 1))


PERFECT = HealthInputs(
    is_running=True,
    is_paused=False,
    error_count=0,
    clients=clients(True),
    listener_count=1,
    active_listener_count=1,
    failed_count=0,
    outcome_count=100,
    measured_at=AT,
)

CASES = [
    ("all well", {}, 100.0, OverallStatus.HEALTHY, {}),
    (
        "stopped",
        {"is_running": False},
        60.0,
        OverallStatus.WARNING,
        {Part.SERVICE: (40, "score.listener_service_not_running")},
    ),
    (
        "paused counts as not running",
        {"is_paused": True},
        60.0,
        OverallStatus.WARNING,
        {Part.SERVICE: (40, "score.paused_by_operator")},
    ),
    (
        "not running deducts once, whatever the errors",
        {"is_running": False, "error_count": 50},
        60.0,
        OverallStatus.WARNING,
        {Part.SERVICE: (40, "score.listener_service_not_running")},
    ),
    ("5 errors are free", {"error_count": 5}, 100.0, OverallStatus.HEALTHY, {}),
    ("6 errors", {"error_count": 6}, 90.0, OverallStatus.HEALTHY, {Part.SERVICE: (10, "score.many_errors")}),
    (
        "10 errors",
        {"error_count": 10},
        90.0,
        OverallStatus.HEALTHY,
        {Part.SERVICE: (10, "score.many_errors")},
    ),
    (
        "11 errors",
        {"error_count": 11},
        80.0,
        OverallStatus.HEALTHY,
        {Part.SERVICE: (20, "score.many_errors")},
    ),
    (
        "one of two instances",
        {"clients": clients(True, False)},
        85.0,
        OverallStatus.HEALTHY,
        {Part.CLIENTS: (15, "score.instances_not_connected")},
    ),
    (
        "not measured is not connected",
        {"clients": clients(True, None)},
        85.0,
        OverallStatus.HEALTHY,
        {Part.CLIENTS: (15, "score.instances_not_connected")},
    ),
    (
        "two of three instances, one decimal",
        {"clients": clients(True, True, False), "listener_count": 3, "active_listener_count": 2},
        83.3,
        OverallStatus.HEALTHY,
        {
            Part.CLIENTS: (10, "score.instances_not_connected"),
            Part.LISTENERS: (20 / 3, "score.listeners_not_active"),
        },
    ),
    (
        "no instance connected is critical whatever the score",
        {"clients": clients(False)},
        70.0,
        OverallStatus.CRITICAL,
        {Part.CLIENTS: (30, "score.no_instance_connected")},
    ),
    (
        "no listeners: not applicable",
        {"listener_count": 0, "active_listener_count": 0},
        100.0,
        OverallStatus.HEALTHY,
        {Part.LISTENERS: (0, "score.no_listeners_not_applicable")},
    ),
    (
        "no listener active",
        {"listener_count": 4, "active_listener_count": 0},
        80.0,
        OverallStatus.HEALTHY,
        {Part.LISTENERS: (20, "score.listeners_not_active")},
    ),
    (
        "no calls: not applicable",
        {"outcome_count": 0},
        100.0,
        OverallStatus.HEALTHY,
        {Part.ERROR_RATE: (0, "score.no_calls_not_applicable")},
    ),
    ("5 % is free", {"failed_count": 5}, 100.0, OverallStatus.HEALTHY, {}),
    (
        "6 %",
        {"failed_count": 6},
        95.0,
        OverallStatus.HEALTHY,
        {Part.ERROR_RATE: (5, "score.high_error_rate")},
    ),
    (
        "10 %",
        {"failed_count": 10},
        95.0,
        OverallStatus.HEALTHY,
        {Part.ERROR_RATE: (5, "score.high_error_rate")},
    ),
    (
        "11 %",
        {"failed_count": 11},
        90.0,
        OverallStatus.HEALTHY,
        {Part.ERROR_RATE: (10, "score.high_error_rate")},
    ),
    (
        "79.9 is a warning",
        {"is_running": True, "error_count": 11, "listener_count": 200, "active_listener_count": 199},
        79.9,
        OverallStatus.WARNING,
        {Part.SERVICE: (20, "score.many_errors"), Part.LISTENERS: (0.1, "score.listeners_not_active")},
    ),
    (
        "everything at its worst stops at zero",
        {
            "is_running": False,
            "clients": clients(False, None),
            "active_listener_count": 0,
            "failed_count": 100,
        },
        0.0,
        OverallStatus.CRITICAL,
        {
            Part.SERVICE: (40, "score.listener_service_not_running"),
            Part.CLIENTS: (30, "score.no_instance_connected"),
            Part.LISTENERS: (20, "score.listeners_not_active"),
            Part.ERROR_RATE: (10, "score.high_error_rate"),
        },
    ),
    (
        "nothing configured",
        {"clients": (), "is_running": False},
        None,
        OverallStatus.UNKNOWN,
        {Part.SCORE: (0, "score.nothing_configured")},
    ),
    (
        "paused after it worked: nothing else is measured",
        {
            "is_running": False,
            "is_paused": True,
            "clients": (ClientFacts("pc1", None, 0, was_probed=True),),
            "active_listener_count": 0,
        },
        60.0,
        OverallStatus.WARNING,
        {
            Part.SERVICE: (40, "score.paused_by_operator"),
            Part.CLIENTS: (0, "score.not_measured_while_resting"),
            Part.LISTENERS: (0, "score.not_measured_while_resting"),
        },
    ),
    (
        "stopped before it was ever measured",
        {"is_running": False, "clients": (ClientFacts("pc1", None, 0),)},
        None,
        OverallStatus.UNKNOWN,
        {Part.SCORE: (0, "score.not_probed_yet")},
    ),
    (
        "after a pause the instances are measured anew",
        {"clients": (ClientFacts("pc1", None, 1, was_probed=True),)},
        None,
        OverallStatus.UNKNOWN,
        {Part.SCORE: (0, "score.not_probed_yet")},
    ),
    (
        "one round is not enough",
        {"clients": (*clients(True), ClientFacts("new", True, 1))},
        None,
        OverallStatus.UNKNOWN,
        {Part.SCORE: (0, "score.not_probed_yet")},
    ),
]


@pytest.mark.parametrize(
    ("changes", "score", "status", "deductions"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_table(
    changes: dict[str, object],
    score: float | None,
    status: OverallStatus,
    deductions: dict[Part, tuple[float, str]],
) -> None:
    result = evaluate(dataclasses.replace(PERFECT, **changes))  # type: ignore[arg-type]
    assert (result.score, result.status) == (score, status)
    assert {d.part: d.reason_code for d in result.deductions} == {
        p: code for p, (_, code) in deductions.items()
    }
    assert {d.part: d.points for d in result.deductions} == pytest.approx(
        {part: points for part, (points, _) in deductions.items()}
    )
    assert all(deduction.measured_at == AT for deduction in result.deductions)


def test_deduction_names_what_was_found_wanting() -> None:
    result = evaluate(
        dataclasses.replace(
            PERFECT,
            clients=clients(True, False, None),
            listener_count=30,
            active_listener_count=15,
            inactive_listeners=tuple(f"chat{n}" for n in range(15)),
        )
    )
    by_part = {deduction.part: deduction for deduction in result.deductions}
    assert by_part[Part.CLIENTS].evidence == ("pc2", "pc3")
    assert by_part[Part.CLIENTS].params == {"connected": 1, "total": 3}
    assert by_part[Part.LISTENERS].evidence == tuple(f"chat{n}" for n in range(10))


@st.composite
def any_inputs(draw: st.DrawFn) -> HealthInputs:
    states = draw(st.lists(st.sampled_from([True, False, None]), max_size=8))
    rounds = draw(st.sampled_from([0, 1, 2, 2, 2, 7]))
    listener_count = draw(st.integers(0, 700))
    outcome_count = draw(st.integers(0, 10_000))
    return HealthInputs(
        is_running=draw(st.booleans()),
        is_paused=draw(st.booleans()),
        error_count=draw(st.integers(0, 100)),
        clients=clients(*states, rounds=rounds, was_probed=draw(st.booleans())),
        listener_count=listener_count,
        active_listener_count=draw(st.integers(0, listener_count)),
        failed_count=draw(st.integers(0, outcome_count)),
        outcome_count=outcome_count,
        measured_at=AT,
    )


def measured(result: HealthScore) -> float:
    assert result.score is not None
    return result.score


@given(any_inputs())
def test_score_is_100_minus_its_deductions_and_status_follows_it(inputs: HealthInputs) -> None:
    result = evaluate(inputs)
    points = sum(deduction.points for deduction in result.deductions)
    if result.score is None:
        assert result.status is OverallStatus.UNKNOWN
        assert points == 0
        assert len(result.deductions) == 1
        return
    assert 0 <= result.score <= 100
    assert result.score == round(result.score, 1)
    assert result.score == pytest.approx(100 - points, abs=0.0501)
    if inputs.is_resting:
        assert result.score <= 60
        assert result.status is not OverallStatus.HEALTHY
    elif not any(client.connected for client in inputs.clients):
        assert result.status is OverallStatus.CRITICAL
        assert result.score <= 70
    elif result.score >= 80:
        assert result.status is OverallStatus.HEALTHY
    else:
        assert result.status is (OverallStatus.WARNING if result.score >= 60 else OverallStatus.CRITICAL)


@given(any_inputs())
def test_each_part_deducts_within_its_bounds_and_at_most_once(inputs: HealthInputs) -> None:
    most = {Part.SERVICE: 40, Part.CLIENTS: 30, Part.LISTENERS: 20, Part.ERROR_RATE: 10, Part.SCORE: 0}
    deductions = evaluate(inputs).deductions
    assert len({deduction.part for deduction in deductions}) == len(deductions)
    assert all(0 <= deduction.points <= most[deduction.part] for deduction in deductions)


@given(any_inputs())
def test_unknown_exactly_when_nothing_was_measured(inputs: HealthInputs) -> None:
    is_measured = bool(inputs.clients) and all(
        client.probe_rounds >= 2 or (inputs.is_resting and client.was_probed) for client in inputs.clients
    )
    assert (evaluate(inputs).score is not None) == is_measured


@given(any_inputs().filter(lambda inputs: bool(inputs.clients) and inputs.clients[0].probe_rounds >= 2))
def test_worse_facts_never_raise_the_score(inputs: HealthInputs) -> None:
    score = measured(evaluate(inputs))
    worse: list[HealthInputs] = [
        dataclasses.replace(inputs, is_running=False),
        dataclasses.replace(inputs, is_paused=True),
        dataclasses.replace(inputs, error_count=inputs.error_count + 1),
        dataclasses.replace(inputs, clients=clients(*[False] * len(inputs.clients))),
        dataclasses.replace(inputs, active_listener_count=max(0, inputs.active_listener_count - 1)),
        dataclasses.replace(inputs, failed_count=inputs.outcome_count),
    ]
    assert all(measured(evaluate(changed)) <= score for changed in worse)

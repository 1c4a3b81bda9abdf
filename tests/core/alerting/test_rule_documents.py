"""Alert rules as people write them, and the rules that are there from the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from wxauto_mgt.core.alerting.model import Alert, AlertRule, AlertState, Level, labels_of
from wxauto_mgt.core.alerting.notices import params_of
from wxauto_mgt.core.alerting.section import (
    ALERT_RULE,
    alert_rule_section,
    check_inhibition,
    check_references,
    default_rules,
    rules_in_force,
    words_of,
)
from wxauto_mgt.core.alerting.settings import AlertsSettings
from wxauto_mgt.core.config.model import JSON, Candidate
from wxauto_mgt.errors import ConfigError
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

SECTION = alert_rule_section()
MINIMAL: Mapping[str, JSON] = {"id": "r1", "metric_name": "m", "threshold": 1.0}


def parse(**fields: JSON) -> AlertRule:
    return SECTION.parse({**MINIMAL, **fields})


def candidate(*rules: AlertRule) -> Candidate:
    return Candidate({ALERT_RULE: {rule.id: rule for rule in rules}}, {})


def test_a_short_rule_means_what_the_documentation_says() -> None:
    rule = parse()
    assert (rule.operator, rule.level, rule.for_s, rule.cooldown_s) == ("gt", Level.WARNING, 60.0, 300.0)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"title": "{metric.__class__}"}, ("title", "alert_unknown_placeholder")),
        ({"title": "{metric!r}"}, ("title", "alert_unknown_placeholder")),
        ({"message": "{value:>1000000}"}, ("message", "alert_unknown_placeholder")),
        ({"title": "{"}, ("title", "alert_bad_template")),
        ({"operator": "about"}, ("operator", "not_one_of")),
        ({"threshold": float("nan")}, ("threshold", "not_finite")),
        ({"critical_threshold": 0.5}, ("critical_threshold", "alert_critical_not_beyond")),
        ({"operator": "lt", "critical_threshold": 2.0}, ("critical_threshold", "alert_critical_not_beyond")),
        ({"operator": "eq", "critical_threshold": 2.0}, ("critical_threshold", "alert_one_level_only")),
        ({"flap_low": 0.9}, ("flap_low", "alert_flap_low_above_high")),
        ({"for_s": -1.0}, ("for_s", "below_minimum")),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_field(
    fields: dict[str, JSON], problem: tuple[str, str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(**fields)
    found = caught.value.problems[0]
    assert (found.field, found.reason) == problem
    for language in Language:
        Catalogue(language).problem(found)  # a missing text would be logged, and fail the test


@pytest.mark.parametrize(
    "window",
    [
        {"name": "n", "start": "25:00", "duration_s": 1.0},
        {"name": "n", "start": "02:00", "duration_s": 1.0, "zone": "Mars/Base"},
        {"name": "n", "start": "02:00", "duration_s": 1.0, "days": ("someday",)},
        {"name": "n", "start": "02:00", "duration_s": 0.0},
    ],
)
def test_maintenance_that_never_comes_is_refused(window: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="maintenance"):
        AlertsSettings.model_validate({"maintenance": (window,)})


def test_rules_that_silence_each_other_are_refused() -> None:
    one, two = parse(id="one", inhibited_by=["two"]), parse(id="two", inhibited_by=["one"])
    assert {problem.reason for problem in check_inhibition(candidate(one, two))} == {
        "alert_inhibition_circle"
    }
    [problem] = check_inhibition(candidate(parse(inhibited_by=["nobody"])))
    assert problem.reason == "unknown_alert_rule"
    assert list(check_inhibition(candidate(parse(inhibited_by=["instance_down"])))) == []


def test_a_repair_names_a_service_that_exists() -> None:
    assert not list(check_references(candidate(parse(repair="message_listener"))))
    [problem] = check_references(candidate(parse(repair="nobody")))
    assert (problem.field, problem.reason) == ("repair", "unknown_service")


def test_a_default_that_was_turned_round_cannot_close_a_circle() -> None:
    turned = parse(id="instance_down", inhibited_by=["wechat_logged_out"])
    assert [problem.reason for problem in check_inhibition(candidate(turned))] == ["alert_inhibition_circle"]


def test_the_defaults_are_the_documented_ones_and_can_be_replaced_and_switched_off() -> None:
    rules = rules_in_force({})
    assert {rule_id: rule.threshold for rule_id, rule in rules.items() if rule.level is Level.WARNING} == {
        "high_cpu_usage": 80.0,
        "listener_lost": 1.0,
        "high_memory_usage": 85.0,
        "disk_space_low": 90.0,
        "api_error_rate": 5.0,
        "slow_response_time": 2000.0,
        "error_rate_high": 5.0,
        "health_score_low": 80.0,
        "service_unhealthy": 1.0,
    }
    assert {rule_id for rule_id, rule in rules.items() if rule.level is Level.CRITICAL} == {
        "database_connection_fail",
        "redis_connection_fail",
        "instance_down",
        "wechat_logged_out",
        "critical_service_unhealthy",
    }
    assert all((rule.for_s, rule.cooldown_s) == (60.0, 300.0) for rule in rules.values())
    cpu = parse(id="high_cpu_usage", threshold=50.0)
    off = parse(id="disk_space_low", enabled=False)
    changed = rules_in_force({rule.id: rule for rule in (cpu, off)})
    assert changed["high_cpu_usage"].threshold == 50.0
    assert "disk_space_low" not in changed


@pytest.mark.parametrize("language", list(Language))
def test_every_default_has_words(language: Language) -> None:
    catalogue = Catalogue(language)
    for rule in (*default_rules(), parse()):
        for key in words_of(rule):
            assert catalogue.has(key)


@pytest.mark.parametrize("language", list(Language))
def test_the_words_of_the_defaults_name_what_they_are_about(language: Language) -> None:
    catalogue = Catalogue(language)
    labels = labels_of({"critical": "no", "service": "tts"})
    alert = Alert(
        id="service_unhealthy:1",
        episode="1",
        rule="service_unhealthy",
        labels=labels,
        level=Level.WARNING,
        title="alerts.title.service_unhealthy",
        message="",
        metric_name="service_working",
        value=0.0,
        threshold=1.0,
        state=AlertState.FIRING,
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert "tts" in catalogue.text(alert.title, **params_of(alert))
    assert "{" not in catalogue.text(alert.title, **params_of(replace(alert, labels=())))


def test_a_title_may_name_a_label() -> None:
    assert parse(title="{label_service} / {labels}").title

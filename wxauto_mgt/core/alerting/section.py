"""What the configuration store needs to know about alert rules, and the rules that are there from the start.

A stored rule of the same id takes a default rule's place; deleting it brings the default back. Called by the
composition root and the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from wxauto_mgt.core.alerting.model import AlertRule, Level, NoDataPolicy, Operator
from wxauto_mgt.core.config.model import Candidate, ConfigSection, place_of
from wxauto_mgt.core.config.pydantic_sections import pydantic_section
from wxauto_mgt.core.monitoring.services.section import is_known
from wxauto_mgt.errors import Problem

ALERT_RULE: Final = "alert_rule"

INSTANCE_REACHABLE: Final = "instance_reachable"
INSTANCE_CONNECTED: Final = "instance_connected"
DATABASE_CONNECTED: Final = "database_connected"
REDIS_CONNECTED: Final = "redis_connected"
SERVICE_WORKING: Final = "service_working"
LISTENER_ACTIVE: Final = "listener_active"
ERROR_RATE: Final = "error_rate"

_MIN_CALLS: Final = 20


def alert_rule_section() -> ConfigSection[AlertRule]:
    """Make the section of the alert rules (`alert_rules:` in a document)."""
    return pydantic_section(
        kind=ALERT_RULE, document_key="alert_rules", model=AlertRule, check=check_references
    )


@cache
def default_rules() -> tuple[AlertRule, ...]:
    """Return the rules that every console has; texts under `alerts.title.<id>`, `alerts.message.<id>`."""
    return (
        AlertRule(
            id="high_cpu_usage", metric_name="system_cpu_usage", threshold=80.0, critical_threshold=95.0
        ),
        AlertRule(
            id="high_memory_usage", metric_name="system_memory_usage", threshold=85.0, critical_threshold=95.0
        ),
        AlertRule(
            id="disk_space_low", metric_name="system_disk_usage", threshold=90.0, critical_threshold=95.0
        ),
        _per_target("api_error_rate", "api_error_rate", 5.0),
        _per_target("slow_response_time", "api_response_time_ms", 2000.0),
        AlertRule(
            id="error_rate_high",
            metric_name=ERROR_RATE,
            threshold=5.0,
            inhibited_by=("instance_down", "wechat_logged_out"),
        ),
        AlertRule(
            id="health_score_low",
            metric_name="health_score",
            operator=Operator.LT,
            threshold=80.0,
            critical_threshold=60.0,
        ),
        _connection("database_connection_fail", DATABASE_CONNECTED),
        _connection("redis_connection_fail", REDIS_CONNECTED),
        _connection("instance_down", INSTANCE_REACHABLE),
        _connection("wechat_logged_out", INSTANCE_CONNECTED, inhibited_by=("instance_down",)),
        _service("service_unhealthy", "no", Level.WARNING),
        _service("critical_service_unhealthy", "yes", Level.CRITICAL),
        AlertRule(
            id="listener_lost",
            metric_name=LISTENER_ACTIVE,
            operator=Operator.LT,
            threshold=1.0,
            no_data=NoDataPolicy.RESOLVE,
            inhibited_by=("instance_down", "wechat_logged_out"),
        ),
    )


def rules_in_force(stored: Mapping[str, AlertRule]) -> dict[str, AlertRule]:
    """Return the enabled rules by id: the defaults, and the stored ones in the place of theirs."""
    rules = {rule.id: rule for rule in default_rules()} | dict(stored)
    return {rule_id: rule for rule_id, rule in rules.items() if rule.enabled}


def words_of(rule: AlertRule) -> tuple[str, str]:
    """Return title and message of a rule: its own templates, or keys of the catalogue."""
    key = rule.id if rule.id in {default.id for default in default_rules()} else "any"
    return rule.title or f"alerts.title.{key}", rule.message or f"alerts.message.{key}"


def check_references(candidate: Candidate) -> Iterable[Problem]:
    """Find rules that name what is not there, or that silence each other."""
    yield from check_inhibition(candidate)
    stored: Mapping[str, AlertRule] = candidate.objects(ALERT_RULE)
    for rule in stored.values():
        if rule.repair and not is_known(candidate, rule.repair):
            yield Problem(
                place_of(ALERT_RULE, rule.id), "repair", "unknown_service", {"service": rule.repair}
            )


def check_inhibition(candidate: Candidate) -> Iterable[Problem]:
    """Find rules that are inhibited by unknown rules, or in a circle, where all of them would fall silent."""
    rules: dict[str, AlertRule] = {rule.id: rule for rule in default_rules()}
    stored: Mapping[str, AlertRule] = candidate.objects(ALERT_RULE)
    rules |= stored
    for rule in stored.values():
        place = place_of(ALERT_RULE, rule.id)
        for position, other in enumerate(rule.inhibited_by):
            field = f"inhibited_by.{position}"
            if other not in rules and not candidate.has(ALERT_RULE, other):
                yield Problem(place, field, "unknown_alert_rule", {"rule": other})
            elif rule.id in _inhibitors(rules, other):
                yield Problem(place, field, "alert_inhibition_circle", {"rule": other})


def _inhibitors(rules: Mapping[str, AlertRule], rule_id: str) -> set[str]:
    """Return a rule and all that silence it, directly or not."""
    found: set[str] = set()
    waiting = [rule_id]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting += rules[current].inhibited_by if current in rules else ()
    return found


def _per_target(rule_id: str, metric_name: str, threshold: float) -> AlertRule:
    return AlertRule(
        id=rule_id,
        metric_name=metric_name,
        labels={"direction": "out"},
        threshold=threshold,
        min_count=_MIN_CALLS,
        # Too few calls to judge: an alert about calls that nobody makes any more would stay for ever.
        no_data=NoDataPolicy.RESOLVE,
        inhibited_by=("instance_down",),
    )


def _service(rule_id: str, critical: str, level: Level) -> AlertRule:
    return AlertRule(
        id=rule_id,
        metric_name=SERVICE_WORKING,
        labels={"critical": critical},
        operator=Operator.LT,
        threshold=1.0,
        level=level,
        no_data=NoDataPolicy.RESOLVE,
    )


def _connection(rule_id: str, metric_name: str, inhibited_by: tuple[str, ...] = ()) -> AlertRule:
    return AlertRule(
        id=rule_id,
        metric_name=metric_name,
        operator=Operator.LT,
        threshold=1.0,
        level=Level.CRITICAL,
        # What was removed or switched off is measured no more.
        no_data=NoDataPolicy.RESOLVE,
        inhibited_by=inhibited_by,
    )

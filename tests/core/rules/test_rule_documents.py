"""Rules as people write them: what is accepted, what is refused and under which name."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from wxauto_mgt.core.config.model import JSON, Candidate
from wxauto_mgt.core.rules.model import ChatKindCondition, RuleAction, RuleConfig
from wxauto_mgt.core.rules.section import check_references, rule_section
from wxauto_mgt.errors import ConfigError
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

SECTION = rule_section()
MINIMAL: Mapping[str, JSON] = {"id": "r1", "platforms": ["kw"]}


def parse(**fields: JSON) -> RuleConfig:
    return SECTION.parse({**MINIMAL, **fields})


def refusal(**fields: JSON) -> tuple[str, str]:
    with pytest.raises(ConfigError) as caught:
        parse(**fields)
    problem = caught.value.problems[0]
    for language in Language:
        Catalogue(language).problem(problem)  # a missing text would be logged, and fail the test
    return problem.field, problem.reason


def test_the_documented_rule_is_accepted_and_means_what_it_says() -> None:
    rule = SECTION.parse(
        {
            "id": "r1",
            "name": "全部",
            "enabled": True,
            "instance": "*",
            "chat": "*",
            "platforms": ["kw"],
            "priority": 10,
            "only_at": False,
            "at_names": [],
        }
    )
    assert (rule.platform, rule.priority, rule.action) == ("kw", 10, RuleAction.DELIVER)
    assert (rule.chat_kind, rule.sender, rule.content) == (ChatKindCondition.ANY, "*", "*")


def test_a_rule_that_ignores_needs_no_platform() -> None:
    rule = SECTION.parse({"id": "quiet", "action": "ignore", "chat": "广告群"})
    assert rule.platform is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"platforms": []}, ("platforms", "platform_missing")),
        ({"platforms": ["kw", "ai"]}, ("platforms", "platform_chain_not_yet")),
        ({"only_at": True}, ("at_names", "at_names_missing")),
        ({"only_at": True, "at_names": ["@ "]}, ("at_names", "at_name_empty")),
        ({"chat": "regex:(?=a)"}, ("chat", "regex_lookaround")),
        ({"chat": "regex:"}, ("chat", "regex_empty")),
        ({"sender": ""}, ("sender", "pattern_empty")),
        ({"sender": " , ，"}, ("sender", "pattern_empty")),
        ({"chat": "*,张三"}, ("chat", "pattern_star_in_list")),
        ({"content": "regex:(a"}, ("content", "regex_parenthesis_open")),
        ({"content": r"regex:(a)\1"}, ("content", "regex_back_reference")),
        ({"chat_kind": "room"}, ("chat_kind", "not_one_of")),
        ({"action": "forward"}, ("action", "not_one_of")),
        ({"priority": "10"}, ("priority", "expected_whole_number")),
        ({"enabled": "yes"}, ("enabled", "expected_yes_or_no")),
        ({"delay_s": 601}, ("delay_s", "above_maximum")),
        ({"delay_s": -1}, ("delay_s", "below_minimum")),
        ({"active_hours": "9-18"}, ("active_hours", "unknown_key")),
        ({"id": "R1"}, ("id", "bad_id")),
        ({"id": "all"}, ("id", "reserved_id")),
    ],
)
def test_a_wrong_rule_is_refused_by_field_and_reason(
    fields: dict[str, JSON], expected: tuple[str, str]
) -> None:
    assert refusal(**fields) == expected


def test_names_are_kept_without_the_at_sign() -> None:
    assert parse(only_at=True, at_names=["@小助手", " 助理 "]).at_names == ("小助手", "助理")


def test_rules_that_name_what_does_not_exist_are_found() -> None:
    rule = parse(instance="pc9", platforms=["gone"])
    candidate = Candidate({"rule": {"r1": rule}, "instance": {"pc1": object()}, "platform": {}}, {})
    found = [(problem.place, problem.field, problem.reason) for problem in check_references(candidate)]
    assert found == [
        ("rule r1", "instance", "unknown_instance"),
        ("rule r1", "platforms.0", "unknown_platform"),
    ]


def test_rules_that_name_what_exists_are_fine() -> None:
    rule = parse(instance="pc1")
    candidate = Candidate({"rule": {"r1": rule}, "instance": {"pc1": object()}, "platform": {"kw": 1}}, {})
    assert list(check_references(candidate)) == []


def test_every_field_brings_what_a_form_needs_in_both_languages() -> None:
    properties = SECTION.schema()["properties"]
    assert isinstance(properties, dict)
    orders: list[int] = []
    for name, field in properties.items():
        assert isinstance(field, dict), name
        assert isinstance(field["order"], int)
        orders.append(field["order"])
        for language in Language:
            keys = Catalogue(language).keys()
            assert field["label"] in keys
            assert field["group"] in keys
            assert field.get("help", field["label"]) in keys
    assert orders == sorted(orders)
    keys = Catalogue(Language.ZH_CN).keys()
    for kind in ChatKindCondition:
        assert f"rules.chat_kind.{kind}" in keys
    for action in RuleAction:
        assert f"rules.action.{action}" in keys

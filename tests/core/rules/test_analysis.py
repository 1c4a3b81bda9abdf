"""Findings about rules: what never matches, what ties; and that nothing is claimed that is not so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.rules.builders import MESSAGES, RULES, rule
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.rules.analysis import Finding, FindingCode, analyse, analyse_one
from wxauto_mgt.core.rules.facts import MessageFacts
from wxauto_mgt.core.rules.matcher import RuleSet
from wxauto_mgt.core.rules.model import RuleConfig
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

INSTANCES = {"pc1": True, "pc2": True, "off": False}
PLATFORMS = {"kw": True, "ai": True, "off": False}


def findings(rules: Sequence[RuleConfig]) -> list[tuple[str, str, str | None]]:
    found = analyse(rules, instances=INSTANCES, platforms=PLATFORMS)
    return [(finding.rule_id, finding.code.value, finding.other_rule_id) for finding in found]


def shadows(wide: Mapping[str, JSON], narrow: Mapping[str, JSON]) -> bool:
    rules = [rule("wide", priority=9, **wide), rule("narrow", **narrow)]
    return ("narrow", "shadowed", "wide") in findings(rules)


def test_rules_that_do_not_meet_are_fine() -> None:
    assert findings([rule("a", chat="张三"), rule("b", chat="李四", platforms=["ai"])]) == []


def test_a_rule_behind_a_catch_all_never_matches() -> None:
    rules = [rule("first", priority=9), rule("late", chat="张三")]
    assert findings(rules) == [("late", "shadowed", "first")]


def test_of_two_equal_rules_the_later_one_never_matches() -> None:
    rules = [rule("a", chat="张三", content="退款"), rule("b", chat="张三", content="退款")]
    assert findings(rules) == [("b", "shadowed", "a")]


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ({"chat": "张三,李四"}, {"chat": "李四"}, True),
        ({"chat": "李四"}, {"chat": "张三,李四"}, False),
        ({"chat": "regex:^客户"}, {"chat": "客户一,客户二"}, True),
        ({"chat": "regex:^客户"}, {"chat": "客户一,熟人"}, False),
        ({"chat": "regex:^客户"}, {"chat": "regex:^客户"}, True),
        ({"instance": "pc1"}, {}, False),
        ({}, {"instance": "pc1"}, True),
        ({"chat_kind": "group"}, {}, False),
        ({"chat_kind": "group"}, {"chat_kind": "group"}, True),
        ({"content": "退"}, {"content": "退款,退货"}, True),
        ({"content": "退款"}, {"content": "退款,发票"}, False),
        ({"content": "退款"}, {"content": "退款,发票", "content_match": "all"}, True),
        ({"content": "退款,发票", "content_match": "all"}, {"content": "退款"}, False),
        ({"content": "退,款", "content_match": "all"}, {"content": "退款"}, True),
        ({"content": "退款"}, {"content": "regex:退款"}, False),
        ({"only_at": True, "at_names": ["甲"]}, {}, False),
        ({"only_at": True, "at_names": ["甲", "乙"]}, {"only_at": True, "at_names": ["乙"]}, True),
        ({"enabled": False}, {}, False),
        ({"action": "ignore", "platforms": []}, {}, True),
    ],
)
def test_one_rule_covers_another(wide: dict[str, JSON], narrow: dict[str, JSON], expected: bool) -> None:
    assert shadows(wide, narrow) is expected


def test_equal_priority_and_common_messages_with_another_outcome_is_a_tie() -> None:
    rules = [rule("a", chat="张三"), rule("b", content="退款", platforms=["ai"])]
    assert findings(rules) == [("b", "tie", "a")]


def test_another_priority_or_the_same_outcome_is_no_tie() -> None:
    assert findings([rule("a", chat="张三", priority=1), rule("b", content="退款", platforms=["ai"])]) == []
    assert findings([rule("a", chat="张三"), rule("b", content="退款")]) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"instance": "pc9"}, FindingCode.UNKNOWN_INSTANCE),
        ({"instance": "off"}, FindingCode.DISABLED_INSTANCE),
        ({"platforms": ["gone"]}, FindingCode.UNKNOWN_PLATFORM),
        ({"platforms": ["off"]}, FindingCode.DISABLED_PLATFORM),
        (
            {"only_at": True, "at_names": ["甲"], "chat_kind": "friend"},
            FindingCode.AT_IN_FRIEND_CHAT,
        ),
    ],
)
def test_missing_or_disabled_objects_are_named(fields: dict[str, JSON], code: FindingCode) -> None:
    found = analyse([rule("r1", **fields)], instances=INSTANCES, platforms=PLATFORMS)
    assert [finding.code for finding in found] == [code]


def test_while_editing_only_the_rule_and_its_collisions_are_looked_at() -> None:
    others = [rule("a", priority=5), rule("b", chat="张三"), rule("c", chat="李四")]
    edited = rule("x", priority=9, chat="张三")
    found = analyse_one(edited, others, instances=INSTANCES, platforms=PLATFORMS)
    assert [(finding.rule_id, finding.code.value, finding.other_rule_id) for finding in found] == [
        ("b", "shadowed", "x")
    ]
    assert analyse_one(rule("x", enabled=False), others, instances=INSTANCES, platforms=PLATFORMS) == ()


def test_an_edited_rule_is_not_compared_with_its_own_stored_form() -> None:
    stored = rule("x")
    assert analyse_one(rule("x", name="new"), [stored], instances=INSTANCES, platforms=PLATFORMS) == ()


def test_every_finding_has_a_sentence() -> None:
    params = {"rule": "a", "instance": "pc1", "platform": "kw"}
    for language in Language:
        for code in FindingCode:
            assert "{" not in Catalogue(language).text(f"rule_finding.{code}", **params)


def test_only_rules_without_effect_are_called_so() -> None:
    assert Finding("r", FindingCode.SHADOWED).never_matches
    assert not Finding("r", FindingCode.TIE).never_matches


@given(documents=st.lists(RULES, min_size=2, max_size=6), message=MESSAGES)
def test_a_shadowed_rule_really_never_matches(
    documents: list[dict[str, JSON]], message: MessageFacts
) -> None:
    rules = [rule(f"r{number}", **document) for number, document in enumerate(documents)]
    shadowed = {
        finding.rule_id
        for finding in analyse(rules, instances=INSTANCES, platforms=PLATFORMS)
        if finding.code is FindingCode.SHADOWED
    }
    found = RuleSet(rules).match(message)
    # "Ann, Bob" as one chat's name is the exception that the docstring of `analyse` states.
    if found is not None and message.chat != "Ann, Bob" and message.sender != "Ann, Bob":
        assert found.id not in shadowed

"""Which rule a message follows, and what is said about the others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.rules.builders import MESSAGES, RULES, facts, rule
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.rules.facts import MessageFacts, Reason
from wxauto_mgt.core.rules.matcher import RuleSet
from wxauto_mgt.core.rules.model import RuleConfig
from wxauto_mgt.core.wire import ChatKind
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language


def matches(config: RuleConfig, message: MessageFacts) -> bool:
    return RuleSet([config]).match(message) is config


def winner(rules: list[RuleConfig], message: MessageFacts) -> str | None:
    found = RuleSet(rules).match(message)
    return found.id if found else None


def test_first_match_wins_by_priority_and_then_by_id() -> None:
    rules = [rule("c", priority=1), rule("b", priority=5), rule("a", priority=1)]
    assert winner(rules, facts()) == "b"
    assert winner([rules[0], rules[2]], facts()) == "a"


def test_disabled_rules_are_passed_over() -> None:
    assert winner([rule("a", priority=9, enabled=False), rule("b")], facts()) == "b"


def test_without_a_matching_rule_there_is_none() -> None:
    assert winner([rule(chat="李四")], facts()) is None
    assert winner([], facts()) is None


@pytest.mark.parametrize(
    ("pattern", "chat", "expected"),
    [
        ("*", "张三", True),
        ("张三", "张三", True),
        ("张三", " 张三 ", True),
        ("张三", "张三丰", False),
        ("张三,李四", "李四", True),
        ("张三， 李四", "李四", True),
        ("张三,李四", "王五", False),
        ("Ann, Bob", "Ann, Bob", True),
        ("regex:^客户.*群$", "客户一群", True),
        ("regex:^客户.*群$", "新客户一群", False),
        ("regex:群", "客户群里", True),
        ("Cafe\u0301", "Café", True),
    ],
)
def test_chat_patterns(pattern: str, chat: str, expected: bool) -> None:
    assert matches(rule(chat=pattern), facts(chat=chat)) is expected
    assert matches(rule(sender=pattern), facts(sender=chat)) is expected


@pytest.mark.parametrize(
    ("pattern", "how", "content", "expected"),
    [
        ("退款", "any", "我要退款", True),
        ("退款,发票", "any", "开发票", True),
        ("退款,发票", "all", "开发票", False),
        ("退款，发票", "all", "退款后开发票", True),
        ("HELLO", "any", "say hello", True),
        ("regex:^\\d{4,}$", "any", "12345", True),
        ("regex:^\\d{4,}$", "any", "订单12345", False),
        ("regex:hello", "any", "HELLO", False),
        ("regex:(?i)hello", "any", "HELLO", True),
    ],
)
def test_content_patterns(pattern: str, how: str, content: str, expected: bool) -> None:
    assert matches(rule(content=pattern, content_match=how), facts(content)) is expected


def test_a_saved_files_path_is_no_content_but_a_placeholder_is() -> None:
    path = "C:\\wxauto文件\\微信图片.jpg"
    assert not matches(rule(content="wxauto"), facts(path, kind="image"))
    assert matches(rule(content="[图片]"), facts("[图片]", kind="image"))
    assert matches(rule(), facts(path, kind="image"))


@pytest.mark.parametrize("condition", ["group", "friend"])
def test_a_chat_of_unknown_kind_satisfies_only_any(condition: str) -> None:
    config = rule(chat_kind=condition)
    assert not matches(config, facts(chat_kind=ChatKind.UNKNOWN))
    assert matches(config, facts(chat_kind=ChatKind(condition)))
    assert matches(rule(), facts(chat_kind=ChatKind.UNKNOWN))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("@小助手\u2005你好", True),
        ("@小助手 你好", True),
        ("你好@小助手", True),
        ("@小助手", True),
        ("@小助手你好", False),
        ("@小助手二号\u2005你好", False),
        ("@小助手二号\u2005 @小助手\u2005你好", True),
        ("小助手 你好", False),
        ("@助理\u2005在吗", True),
    ],
)
def test_only_mentioned_names(content: str, expected: bool) -> None:
    config = rule(only_at=True, at_names=["小助手", "@助理"])
    assert matches(config, facts(content, chat_kind=ChatKind.GROUP)) is expected


def test_names_without_only_at_are_no_condition() -> None:
    assert matches(rule(at_names=["小助手"]), facts("你好"))


def test_each_rule_is_explained_in_the_order_of_trying() -> None:
    rules = [
        rule("off", priority=90, enabled=False),
        rule("elsewhere", priority=80, instance="pc2"),
        rule("other-chat", priority=70, chat="李四"),
        rule("groups", priority=60, chat_kind="group"),
        rule("friends", priority=55, chat_kind="friend"),
        rule("other-sender", priority=50, sender="李四"),
        rule("refunds", priority=40, content="退款"),
        rule("at", priority=30, only_at=True, at_names=["小助手"]),
        rule("this", priority=20),
        rule("later", priority=10),
    ]
    message = facts(chat_kind=ChatKind.FRIEND)
    in_force = RuleSet(rules)
    assert in_force.match(message) is rules[4]
    assert [(verdict.rule_id, verdict.reason) for verdict in in_force.explain(message)] == [
        ("off", Reason.DISABLED),
        ("elsewhere", Reason.OTHER_INSTANCE),
        ("other-chat", Reason.OTHER_CHAT),
        ("groups", Reason.OTHER_CHAT_KIND),
        ("friends", Reason.MATCHED),
        ("other-sender", Reason.OTHER_SENDER),
        ("refunds", Reason.CONTENT_DIFFERS),
        ("at", Reason.NOT_MENTIONED),
        ("this", Reason.OUTRANKED),
        ("later", Reason.OUTRANKED),
    ]


def test_every_reason_has_a_sentence_and_none_holds_the_message() -> None:
    rules = [
        rule("off", enabled=False),
        rule("elsewhere", instance="pc2"),
        rule("chat", chat="李四"),
        rule("groups", chat_kind="group"),
        rule("sender", sender="李四"),
        rule("refunds", content="退款"),
        rule("at", only_at=True, at_names=["小助手"]),
        rule("y"),
        rule("z"),
    ]
    verdicts = [*RuleSet(rules).explain(facts("秘密文本"))]
    verdicts += RuleSet([rules[3]]).explain(facts("秘密文本", chat_kind=ChatKind.FRIEND))
    assert {verdict.reason for verdict in verdicts} == set(Reason)
    for language in Language:
        catalogue = Catalogue(language)
        for verdict in verdicts:
            sentence = catalogue.text(f"rule_verdict.{verdict.reason}", **verdict.params)
            assert "{" not in sentence
            assert "秘密文本" not in sentence


@given(documents=st.lists(RULES, max_size=12), message=MESSAGES)
def test_the_index_never_finds_another_rule_than_trying_all_in_order(
    documents: list[dict[str, JSON]], message: MessageFacts
) -> None:
    rules = RuleSet([rule(f"r{number}", **document) for number, document in enumerate(documents)])
    tried = next((verdict.rule_id for verdict in rules.explain(message) if verdict.matched), None)
    found = rules.match(message)
    assert (found.id if found else None) == tried

"""The keyword platform: ways of matching, choice of the reply, delay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.platforms.contract.cases import keyword_rule
from tests.core.platforms.surroundings import context, request
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.platforms.contract import PlatformReply
from wxauto_mgt.core.platforms.keyword.config import KeywordConfig
from wxauto_mgt.core.platforms.keyword.matching import FUZZY_RATIO, is_similar
from wxauto_mgt.core.platforms.keyword.plugin import KeywordPlatform


def platform(*rules: dict[str, JSON], seed: int = 1) -> KeywordPlatform:
    config = KeywordConfig.model_validate({"rules": list(rules)}, strict=False)
    return KeywordPlatform(config=config, context=context(seed=seed))


async def answer(rule: dict[str, JSON], content: str) -> tuple[str, ...]:
    return (await platform(rule).reply(request(content))).texts


@pytest.mark.parametrize(
    ("match_type", "keyword", "content", "expected"),
    [
        ("exact", "你好", "你好", True),
        ("exact", "你好", " 你好 ", True),
        ("exact", "你好", "你好呀", False),
        ("exact", "Hello", "hELLO", True),
        ("exact", "你好", "@小助手\u2005你好", True),
        ("contains", "你好", "老师，你好！", True),
        ("contains", "hello", "Say HELLO", True),
        ("contains", "你好", "您好", False),
        ("contains", "助手", "@小助手\u2005在吗", False),
        ("fuzzy", "退款流程", "退款流程", True),
        ("fuzzy", "退款流程", "请问退款留程是什么", True),
        ("fuzzy", "退款流程", "退换留程", False),
        ("fuzzy", "你好", "你们好吗", False),
        ("fuzzy", "refund policy", "what is your refnd policy please", True),
        ("fuzzy", "退款流程", "", False),
        ("regex", r"订单\s*\d+", "查订单 123", True),
        ("regex", "^你好$", "你好呀", False),
    ],
)
async def test_ways_of_matching(match_type: str, keyword: str, content: str, expected: bool) -> None:
    rule = keyword_rule(keywords=["从不出现的词", keyword], match_type=match_type)
    assert await answer(rule, content) == (("您好",) if expected else ())


async def test_contains_is_the_default() -> None:
    assert await answer(keyword_rule(), "老师，你好！") == ("您好",)


async def test_without_a_match_there_is_nothing_to_say() -> None:
    assert await platform(keyword_rule()).reply(request("再见")) == PlatformReply(())


async def test_first_fitting_rule_answers() -> None:
    both = platform(keyword_rule(replies=["一"]), keyword_rule(replies=["二"]))
    assert (await both.reply(request("你好"))).texts == ("一",)


async def test_without_random_choice_the_first_reply_is_used() -> None:
    asked = platform(keyword_rule(replies=["一", "二", "三"]))
    assert {(await asked.reply(request())).texts for _ in range(20)} == {("一",)}


async def test_random_choice_uses_all_replies_and_repeats_with_its_seed() -> None:
    rule = keyword_rule(replies=["一", "二", "三"], random=True)
    first, again = platform(rule, seed=5), platform(rule, seed=5)
    said = [(await first.reply(request())).texts for _ in range(30)]
    assert set(said) == {("一",), ("二",), ("三",)}
    assert said == [(await again.reply(request())).texts for _ in range(30)]


async def test_delay_lies_between_its_bounds() -> None:
    asked = platform(keyword_rule(min_reply_time=1, max_reply_time=3))
    delays = [(await asked.reply(request())).delay_s for _ in range(50)]
    assert all(1 <= delay <= 3 for delay in delays)
    assert len(set(delays)) > 1
    assert (await platform(keyword_rule()).reply(request())).delay_s == 0


@given(
    word=st.text(alphabet="退款流程ab", min_size=1, max_size=6),
    text=st.text(alphabet="退款流程abx", max_size=20),
)
def test_fuzzy_finds_every_containing_text_and_agrees_with_its_definition(word: str, text: str) -> None:
    from difflib import SequenceMatcher

    windows = [text[start : start + len(word)] for start in range(max(1, len(text) - len(word) + 1))]
    ratios = [SequenceMatcher(None, word, window, autojunk=False).ratio() for window in windows]
    assert is_similar(word, text) == (word in text or max(ratios) >= FUZZY_RATIO)

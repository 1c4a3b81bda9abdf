"""Patterns that users write: what is refused and why, and that many at once answer like each alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxauto_mgt.errors import PatternRefused
from wxauto_mgt.runtime.user_regex import MAX_PATTERN_CHARS, UserRegex, UserRegexSet


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("", "regex_empty"),
        ("a" * (MAX_PATTERN_CHARS + 1), "regex_too_long"),
        ("订单(?=号)", "regex_lookaround"),
        ("(?<!不)要", "regex_lookaround"),
        ("(?>a)", "regex_group_kind"),
        (r"(a)\1", "regex_back_reference"),
        (r"a\Z", "regex_escape"),
        ("(a", "regex_parenthesis_open"),
        ("a)", "regex_parenthesis_close"),
        ("[a", "regex_bracket_open"),
        ("*a", "regex_nothing_to_repeat"),
        ("a**", "regex_repetition"),
        ("a{2000}", "regex_repetition_size"),
        ("[b-a]", "regex_character_range"),
        ("a\\", "regex_trailing_backslash"),
        ("(a{30}){30}{30}b{500}", "regex_repetition"),
        ("a\ud800", "regex_other"),
    ],
)
def test_a_refused_pattern_says_why(pattern: str, reason: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PatternRefused) as caught:
        UserRegex(pattern)
    assert caught.value.code == reason
    assert capfd.readouterr().err == ""


def test_a_pattern_matches_anywhere_unless_it_is_anchored() -> None:
    assert UserRegex("订单号?").occurs_in("我的订单呢")
    assert UserRegex("(?i)hello").occurs_in("say HELLO")
    assert not UserRegex("^订单$").occurs_in("我的订单呢")


def test_text_that_is_no_valid_unicode_is_only_a_text_that_does_not_match() -> None:
    assert not UserRegex("订单").occurs_in("\ud800")
    assert UserRegexSet(["订单", "."]).matching("\ud800") == {1}


def test_a_pattern_that_backtracking_engines_choke_on_is_answered_at_once() -> None:
    assert not UserRegex("(a+)+$").occurs_in("a" * 50_000 + "b")


PATTERNS = ["a+", "你好|hi", "^x$", "(?i)AB", "b.*b", "[0-9]{3,}", "^$"]


@given(text=st.text(alphabet="abxhi你好019AB\n", max_size=12))
def test_many_at_once_answer_like_each_alone(text: str) -> None:
    alone = {i for i, pattern in enumerate(PATTERNS) if UserRegex(pattern).occurs_in(text)}
    assert UserRegexSet(PATTERNS).matching(text) == alone


def test_a_set_too_large_for_one_automaton_still_answers() -> None:
    large = UserRegexSet([f"(a{{1,100}}b{{1,100}}){{1,4}}{i}" for i in range(1000)])
    assert large.matching("ab7") == {7}


def test_an_empty_set_matches_nothing() -> None:
    assert UserRegexSet([]).matching("a") == frozenset()

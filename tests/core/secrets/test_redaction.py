"""Secrets leave a record by the name of their field and by their value."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxauto_mgt.core.secrets.redaction import MASK, MIN_SECRET_CHARS, Redactor

NAMES = (
    "api_key API_KEY apikey X-API-Key token access_token password Authorization secret app_secret cookie"
    " config.api_key webhook_url passwd"
)


@pytest.mark.parametrize("name", NAMES.split())
def test_a_secret_field_is_masked_by_its_name(name: str) -> None:
    assert Redactor().redact_mapping({name: "short"}) == {name: MASK}


@pytest.mark.parametrize(
    "name", ["chat_key", "keyword", "token_count", "secretary", "tokens", "monkey", "api_keys_total"]
)
def test_an_innocent_field_stays(name: str) -> None:
    assert Redactor().redact_mapping({name: "short"}) == {name: "short"}


def test_numbers_and_flags_under_a_secret_name_stay() -> None:
    fields = {"token": 42, "password": None, "secret": True}
    assert Redactor().redact_mapping(fields) == fields


def test_values_are_masked_wherever_they_stand() -> None:
    redactor = Redactor()
    redactor.add_secret("planted-value")
    fields = {
        "url": "http://h?k=planted-value&x=1",
        "list": ["planted-value", 1],
        "deep": {"a": {"token": "x"}},
    }
    assert redactor.redact_mapping(fields) == {
        "url": f"http://h?k={MASK}&x=1",
        "list": [MASK, 1],
        "deep": {"a": {"token": MASK}},
    }


def test_escaped_spellings_are_masked_too() -> None:
    redactor = Redactor()
    secret = 'p/ä"\\&secret'
    redactor.add_secret(secret)
    for text in (secret, quote(secret, safe=""), json.dumps(secret), json.dumps(secret, ensure_ascii=False)):
        assert "secret" not in redactor.redact_text(f"before {text} after")


def test_a_secret_inside_another_one_leaves_no_rest() -> None:
    redactor = Redactor()
    redactor.add_secret("12345678")
    redactor.add_secret("12345678-and-more")
    assert redactor.redact_text("x 12345678-and-more y 12345678") == f"x {MASK} y {MASK}"


def test_short_values_are_left_alone() -> None:
    redactor = Redactor()
    redactor.add_secret("1234567")
    assert redactor.redact_text("1234567") == "1234567"


@given(
    secrets=st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=MIN_SECRET_CHARS), max_size=4
    ),
    before=st.text(max_size=20),
    after=st.text(max_size=20),
)
def test_no_known_secret_survives(secrets: list[str], before: str, after: str) -> None:
    redactor = Redactor()
    for secret in secrets:
        redactor.add_secret(secret)
    for secret in secrets:
        redacted = redactor.redact_text(before + secret + after)
        assert secret not in redacted or secret in MASK

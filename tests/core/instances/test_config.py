"""Which instances a configuration may name."""

from __future__ import annotations

import pytest

from wxauto_mgt.core.config.model import Candidate
from wxauto_mgt.core.instances.model import INSTANCE, InstanceConfig, instance_section
from wxauto_mgt.errors import ConfigError, Problem

SECTION = instance_section()
KEY = "planted-secret-key-1234"


def document(**fields: object) -> dict[str, object]:
    return {"id": "pc1", "name": "本机", "base_url": "http://127.0.0.1:5000", "api_key": KEY, **fields}


def parse(**fields: object) -> InstanceConfig:
    return SECTION.parse(document(**fields))  # type: ignore[arg-type]


def problems(**fields: object) -> list[Problem]:
    with pytest.raises(ConfigError) as error:
        parse(**fields)
    assert KEY not in str(error.value)
    return list(error.value.problems)


def test_the_documented_shape() -> None:
    config = parse(enabled=True, rate_limit_per_minute=100)
    assert (config.label, config.enabled, config.rate_limit_per_minute) == ("本机", True, 100)
    assert config.api_key.get_secret_value() == KEY
    assert KEY not in repr(config)
    assert parse(name="").label == "pc1"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("http://127.0.0.1:5000/", "http://127.0.0.1:5000"),
        ("https://Wechat.lan", "https://Wechat.lan"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("http://host/prefix/", "http://host/prefix"),
    ],
)
def test_addresses_that_are_taken(url: str, kept: str) -> None:
    assert parse(base_url=url).base_url == kept


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "url_scheme"),
        ("ftp://host", "url_scheme"),
        ("127.0.0.1:5000", "url_scheme"),
        ("", "url_scheme"),
        ("http://", "url_host"),
        ("http://:5000", "url_host"),
        ("http://user:pw@host", "url_credentials"),
        ("http://user@host", "url_credentials"),
        ("http://@host", "url_credentials"),
        ("http://host?x=1", "url_query"),
        ("http://host/#x", "url_query"),
        ("http://host?", "url_query"),
        ("http://ho st", "url_characters"),
        ("http://host\n", "url_characters"),
        ("http://host\\evil", "url_characters"),
        ("http://host:99999", "url_unreadable"),
        ("http://host:x", "url_unreadable"),
        ("http://[::1", "url_unreadable"),
    ],
)
def test_addresses_that_are_refused(url: str, reason: str) -> None:
    (problem,) = problems(base_url=url)
    assert (problem.field, problem.reason) == ("base_url", reason)


@pytest.mark.parametrize("key", ["", "  ", "a\nb", "钥匙"])
def test_keys_that_no_header_can_carry_are_refused(key: str) -> None:
    (problem,) = problems(api_key=key)
    assert problem.field == "api_key"
    assert "value" not in problem.params


@pytest.mark.parametrize(
    "fields",
    [{"id": "PC 1"}, {"enabled": "yes"}, {"rate_limit_per_minute": -1}, {"name": 5}, {"colour": "red"}],
)
def test_other_fields_are_strict(fields: dict[str, object]) -> None:
    assert [problem.field for problem in problems(**fields)] == list(fields)


def test_two_enabled_instances_on_one_server_are_refused() -> None:
    configs = {
        "a": parse(id="a", base_url="http://Host:80"),
        "b": parse(id="b", base_url="http://host/"),
        "c": parse(id="c", base_url="http://host", enabled=False),
        "d": parse(id="d", base_url="http://host:5001"),
    }
    found = list(SECTION.check(Candidate({INSTANCE: configs}, {})))
    assert [(p.place, p.reason, p.params) for p in found] == [
        ("instance b", "duplicate_server", {"other": "a"})
    ]

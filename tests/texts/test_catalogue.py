"""Rendering: what an interface shows for a key, an error, a number, a time."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from wxauto_mgt.errors import ConfigError, PermanentError, Problem
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language, detect_language

SHANGHAI = timezone(timedelta(hours=8))


@pytest.fixture
def plugin_texts(tmp_path: Path) -> Path:
    for language, text in (("zh_CN", "你好，{name}"), ("en", "Hello {name}")):
        (tmp_path / f"{language}.po").write_text(
            'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
            f'msgid "greeting"\nmsgstr "{text}"\n\n'
            'msgid "problem.at_place"\nmsgstr "stolen"\n\n'
            'msgid "error.disk_low"\nmsgstr "disk {path}: {free_ratio:.1f}"\n',
            encoding="utf-8",
        )
    return tmp_path


def test_text_of_an_extra_folder_is_rendered_in_each_language(plugin_texts: Path) -> None:
    assert (
        Catalogue(Language.ZH_CN, extra_folders=[plugin_texts]).text("greeting", name="张三") == "你好，张三"
    )
    assert Catalogue(Language.EN, extra_folders=[plugin_texts]).text("greeting", name="张三") == "Hello 张三"


def test_a_plugin_cannot_replace_the_products_own_texts(plugin_texts: Path) -> None:
    catalogue = Catalogue(Language.EN, extra_folders=[plugin_texts])
    assert catalogue.text("problem.at_place", place="rule r1", sentence="bad") == "rule r1: bad"


@pytest.mark.expects_log("no text for no.such_key in en")
def test_missing_key_shows_itself_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    catalogue = Catalogue(Language.EN)
    with caplog.at_level(logging.WARNING):
        assert catalogue.text("no.such_key") == "no.such_key"
        assert catalogue.text("no.such_key") == "no.such_key"
    assert [record.getMessage() for record in caplog.records] == ["no text for no.such_key in en"]


def test_a_sentence_without_its_facts_is_said_without_a_dash() -> None:
    catalogue = Catalogue(Language.EN)
    known = catalogue.reason("error", "platform_refused", {"status": 400})
    assert known == "The platform refused the request (status 400)"
    assert catalogue.reason("error", "platform_refused", {}) == "The platform refused the request"
    assert (
        catalogue.reason("error", "platform_refused", {"status": None}) == "The platform refused the request"
    )


@pytest.mark.expects_log("text greeting in en does not fit")
def test_missing_parameter_shows_the_raw_text_and_is_logged_once(
    caplog: pytest.LogCaptureFixture, plugin_texts: Path
) -> None:
    catalogue = Catalogue(Language.EN, extra_folders=[plugin_texts])
    with caplog.at_level(logging.WARNING):
        assert catalogue.text("greeting") == "Hello {name}"
        assert catalogue.text("greeting", other=1) == "Hello {name}"
    assert len(caplog.records) == 1


def test_braces_inside_a_parameter_stay_as_they_are(plugin_texts: Path) -> None:
    assert Catalogue(Language.EN, extra_folders=[plugin_texts]).text("greeting", name="{x}") == "Hello {x}"


def test_unknown_value_is_shown_as_a_dash(plugin_texts: Path) -> None:
    assert Catalogue(Language.EN, extra_folders=[plugin_texts]).text("greeting", name=None) == "Hello —"


def test_error_is_rendered_from_its_code_and_facts(plugin_texts: Path) -> None:
    catalogue = Catalogue(Language.EN, extra_folders=[plugin_texts])
    error = PermanentError("disk_low", path="/data", free_ratio=0.25)
    assert catalogue.error(error) == "disk /data: 0.2"


def test_refused_configuration_names_place_field_and_line(plugin_texts: Path) -> None:
    catalogue = Catalogue(Language.EN, extra_folders=[plugin_texts])
    problem = Problem("rules[2] r1", "chat", "missing", {}, line=7)
    assert catalogue.problem(problem) == "line 7, rules[2] r1 chat: a value is required"
    assert catalogue.error(ConfigError([problem])).endswith(catalogue.problem(problem))


@pytest.mark.parametrize(
    ("language", "number", "percent", "size", "duration", "ago"),
    [
        (Language.ZH_CN, "12,345.7", "12.5%", "1.5 KiB", "3分钟", "3分钟前"),
        (Language.EN, "12,345.7", "12.5%", "1.5 KiB", "3 minutes", "3 minutes ago"),
    ],
)
def test_numbers_and_durations_follow_the_language(
    language: Language, number: str, percent: str, size: str, duration: str, ago: str
) -> None:
    catalogue = Catalogue(language)
    assert catalogue.number(12345.67, digits=1) == number
    assert catalogue.percent(0.125, digits=1) == percent
    assert catalogue.size(1536) == size
    assert catalogue.duration(180).replace(" ", " ") == duration
    assert catalogue.ago(180) == ago


def test_instants_are_shown_in_the_given_zone() -> None:
    instant = datetime(2026, 11, 22, 20, 5, 9, tzinfo=UTC)
    chinese = Catalogue(Language.ZH_CN, zone=SHANGHAI)
    assert chinese.moment(instant) == "2026年11月23日 04:05:09"
    assert chinese.date(instant) == "2026年11月23日"
    assert chinese.time(instant) == "04:05:09"
    assert Catalogue(Language.EN, zone=SHANGHAI).date(instant) == "Nov 23, 2026"


@pytest.mark.parametrize(
    ("environment", "system_locale", "expected"),
    [
        ({}, "", Language.ZH_CN),
        ({"LANG": "C.UTF-8"}, "", Language.ZH_CN),
        ({"LANG": "en_US.UTF-8"}, "", Language.EN),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, "", Language.ZH_CN),
        ({"LANG": "de_DE.UTF-8"}, "zh_CN", Language.EN),
        ({}, "en-US", Language.EN),
        ({}, "zh-Hans-CN", Language.ZH_CN),
    ],
)
def test_language_follows_the_system(
    environment: dict[str, str], system_locale: str, expected: Language
) -> None:
    assert detect_language(environment, system_locale=system_locale) is expected


@pytest.mark.parametrize(
    ("cause", "shown"),
    [
        ("ConnectionRefusedError", "连接被拒绝：对方没有在这个端口上监听"),
        ("TimeoutError", "没有在限时内应答"),
        ("SomethingElseError", "SomethingElseError"),
        ("已经是一句话", "已经是一句话"),
    ],
)
def test_a_cause_is_shown_by_what_it_means(cause: str, shown: str) -> None:
    texts = Catalogue(Language.ZH_CN)
    sentence = texts.reason("check", "http_no_answer", {"cause": cause})
    assert sentence == f"网页没有应答（{shown}）"


def test_a_cause_that_is_an_errors_code_is_shown_by_that_error() -> None:
    texts = Catalogue(Language.EN)
    sentence = texts.reason("check", "database_failed", {"cause": "disk_full"})
    assert texts.text("error.disk_full") in sentence


@pytest.mark.parametrize("language", list(Language))
def test_the_usual_errors_of_the_system_have_a_text(language: Language) -> None:
    texts = Catalogue(language)
    kinds: list[type[OSError]] = [OSError, *OSError.__subclasses__(), *ConnectionError.__subclasses__()]
    usual = [kind.__name__ for kind in kinds if kind.__module__ == "builtins"] + ["gaierror", "SSLError"]
    assert [name for name in usual if not texts.has(f"cause.{name}")] == []

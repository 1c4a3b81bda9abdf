"""Which types there are, plugins of other packages included, and how a platform's document is read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any, ClassVar

import pytest

from tests.core.platforms.surroundings import ToyConfig, ToyPlatform
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.platforms.built_in import BUILT_IN
from wxauto_mgt.core.platforms.keyword.plugin import KeywordPlatform
from wxauto_mgt.core.platforms.section import platform_section
from wxauto_mgt.core.platforms.types import PlatformTypes
from wxauto_mgt.errors import ConfigError, PermanentError
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

MODULE = "toy_platforms_of_another_package"


@pytest.fixture
def foreign() -> Iterator[ModuleType]:
    module = ModuleType(MODULE)
    sys.modules[MODULE] = module
    yield module
    del sys.modules[MODULE]


def entry(name: str, target: str = MODULE + ":Plugin") -> EntryPoint:
    return EntryPoint(name=name, value=target, group=PlatformTypes.GROUP)


def problems(document: dict[str, JSON]) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as caught:
        platform_section(PlatformTypes(BUILT_IN)).parse(document)
    return [(problem.field, problem.reason) for problem in caught.value.problems]


KEYWORD: dict[str, JSON] = {"rules": [{"keywords": ["你好"], "replies": ["您好"]}]}


def test_the_built_in_types_are_there() -> None:
    types = PlatformTypes(BUILT_IN)
    assert types.names() == ("keyword", "openai")
    assert types.get("keyword") is KeywordPlatform
    assert types.get("coze") is None


def test_a_plugin_of_another_package_is_a_type_like_the_others(foreign: ModuleType) -> None:
    vars(foreign)["Plugin"] = ToyPlatform
    types = PlatformTypes(BUILT_IN, installed=[entry("toy")])
    config = platform_section(types).parse({"id": "p1", "type": "toy", "config": {"answer": "hi"}})
    assert config.config == ToyConfig(answer="hi")
    assert types.broken == {}


class NoType(ToyPlatform):
    TYPE = "Not A Type"


class NoModel(ToyPlatform):
    TYPE = "nomodel"
    CONFIG: ClassVar[Any] = dict


class Taken(ToyPlatform):
    TYPE = "keyword"


@pytest.mark.expects_log("plugin left out")
@pytest.mark.parametrize(
    ("plugin", "code"),
    [
        (NoType, "plugin_bad_type"),
        (NoModel, "plugin_bad_config"),
        (Taken, "plugin_type_taken"),
        ("no class", "plugin_no_class"),
        (None, "plugin_unloadable"),
    ],
)
def test_a_broken_plugin_disables_itself_only(foreign: ModuleType, plugin: object, code: str) -> None:
    if plugin is not None:
        vars(foreign)["Plugin"] = plugin
    vars(foreign)["Good"] = ToyPlatform
    types = PlatformTypes(BUILT_IN, installed=[entry("bad"), entry("good", MODULE + ":Good")])
    assert types.broken["bad"].code == code
    assert types.names() == ("keyword", "openai", "toy")
    assert types.get("keyword") is KeywordPlatform
    for language in Language:
        assert "{" not in Catalogue(language).error(types.broken["bad"])


@pytest.mark.expects_log("plugin left out")
def test_a_plugin_that_cannot_be_imported_disables_itself_only() -> None:
    types = PlatformTypes(BUILT_IN, installed=[entry("gone", "no_such_package.at_all:Plugin")])
    assert types.broken["gone"].code == "plugin_unloadable"


def test_a_broken_built_in_plugin_is_our_own_bug() -> None:
    with pytest.raises(PermanentError, match="plugin_type_taken"):
        PlatformTypes([KeywordPlatform, Taken])


def test_the_documented_platforms_are_accepted() -> None:
    parse = platform_section(PlatformTypes(BUILT_IN)).parse
    rule: JSON = {
        "keywords": ["你好"],
        "match_type": "contains",
        "replies": ["您好"],
        "random": False,
        "min_reply_time": 0,
        "max_reply_time": 0,
    }
    keyword = parse({"id": "kw", "name": "关键词", "type": "keyword", "config": {"rules": [rule]}})
    assert (keyword.label, keyword.enabled) == ("关键词", True)
    server: JSON = {"base_url": "http://127.0.0.1:9000/v1", "api_key": "...", "model": "m"}
    assert parse({"id": "ai", "name": "AI", "type": "openai", "config": server}).label == "AI"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"id": "p", "type": "coze", "config": {}}, [("type", "not_one_of")]),
        ({"id": "p", "config": {}}, [("type", "missing")]),
        ({"id": "p", "type": 1, "config": {}}, [("type", "expected_text")]),
        ({"id": "p", "type": "keyword"}, [("config.rules", "missing")]),
        ({"id": "p", "type": "keyword", "config": []}, [("config", "expected_mapping")]),
        (
            {"id": "P!", "type": "keyword", "concurrency": 0, "config": {"rules": []}},
            [("id", "bad_id"), ("concurrency", "below_minimum"), ("config.rules", "too_few")],
        ),
        ({"id": "p", "type": "keyword", "config": KEYWORD, "url": "x"}, [("url", "unknown_key")]),
    ],
)
def test_all_problems_of_a_platform_are_named_at_once(
    document: dict[str, JSON], expected: list[tuple[str, str]]
) -> None:
    assert problems(document) == expected


def test_secrets_are_named_below_config_and_nothing_raises_on_nonsense() -> None:
    secret_fields = platform_section(PlatformTypes(BUILT_IN)).secret_fields
    assert secret_fields({"type": "openai"}) == ("config.api_key",)
    assert secret_fields({"type": "keyword"}) == ()
    assert secret_fields({"type": ["x"]}) == ()
    assert secret_fields({}) == ()


def test_the_schema_names_each_types_own_fields() -> None:
    properties = platform_section(PlatformTypes(BUILT_IN)).schema()["properties"]
    assert isinstance(properties, dict)
    config = properties["config"]
    assert isinstance(config, dict)
    assert isinstance(config["by_type"], dict)
    assert sorted(config["by_type"]) == ["keyword", "openai"]

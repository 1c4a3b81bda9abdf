"""Each bad document is refused, naming place, field and reason; nothing is stored, nothing changes."""

from __future__ import annotations

import json

import pytest

from tests.core.config.sections import SAMPLE
from wxauto_mgt.core.config import reading, yaml_reader
from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.errors import ConfigError
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

RULE = "rules:\n  - id: r1\n    platforms: [kw]\n"

# text, what the only problem says: line, place, field, reason
REFUSED = {
    "unknown key": (RULE + "    piority: 3\n", (4, "rules[0] r1", "piority", "unknown_key")),
    "wrong type": (RULE + "    priority: high\n", (4, "rules[0] r1", "priority", "expected_whole_number")),
    "number in quotes": (
        RULE + "    priority: '3'\n",
        (4, "rules[0] r1", "priority", "expected_whole_number"),
    ),
    "number as text": (RULE + "    chat: 123\n", (4, "rules[0] r1", "chat", "expected_quoted_text")),
    "flag as text": (RULE + "    chat: no\n", (4, "rules[0] r1", "chat", "expected_quoted_text")),
    "nothing as text": (RULE + "    chat: ~\n", (4, "rules[0] r1", "chat", "expected_quoted_text")),
    "date as text": (RULE + "    chat: 2026-01-01\n", (4, "rules[0]", "chat", "ambiguous_yaml")),
    "clock time as text": (RULE + "    chat: 12:30\n", (4, "rules[0]", "chat", "ambiguous_yaml")),
    "rule without platform": (
        "rules:\n  - {id: r2,\n     platforms: [kw, gone]}\n",
        (3, "rules[0] r2", "platforms.1", "bad_value"),
    ),
    "empty list": ("rules:\n  - {id: r2, platforms: []}\n", (2, "rules[0] r2", "platforms", "too_few")),
    "scheme missing": (
        "instances:\n  - {id: pc2, base_url: 127.0.0.1:5000, api_key: abc}\n",
        (2, "instances[0] pc2", "base_url", "bad_value"),
    ),
    "file address": (
        "instances:\n  - {id: pc2, base_url: 'file:///etc/passwd', api_key: abc}\n",
        (2, "instances[0] pc2", "base_url", "bad_value"),
    ),
    "refused regex": (RULE + "    chat: 'regex:(?=x)'\n", (4, "rules[0] r1", "chat", "bad_value")),
    "duplicate id": (RULE + "  - {id: r1, platforms: [kw]}\n", (4, "rules[1] r1", "id", "duplicate_id")),
    "malformed id": ("rules:\n  - {id: R 1, platforms: [kw]}\n", (2, "rules[0] R 1", "id", "bad_id")),
    "reserved id": ("rules:\n  - {id: all, platforms: [kw]}\n", (2, "rules[0] all", "id", "reserved_id")),
    "id missing": ("rules:\n  - {platforms: [kw]}\n", (2, "rules[0]", "id", "missing")),
    "id is a flag": (
        "rules:\n  - {id: no, platforms: [kw]}\n",
        (2, "rules[0]", "id", "expected_quoted_text"),
    ),
    "chat is a number": (
        "listeners:\n  - instance: pc1\n    who: 123\n",
        (3, "listeners[0]", "who", "expected_quoted_text"),
    ),
    "duplicate listener": (
        "listeners:\n  - {instance: pc1, who: a}\n  - {instance: pc1, who: a}\n",
        (3, "listeners[1] pc1/a", "who", "duplicate_id"),
    ),
    "secret missing": (
        "instances:\n  - {id: pc2, base_url: 'http://h'}\n",
        (2, "instances[0] pc2", "api_key", "missing"),
    ),
    "variable not set": (
        "instances:\n  - {id: pc2, base_url: 'http://h',\n     api_key: '${NO_SUCH_VARIABLE}'}\n",
        (3, "instances[0] pc2", "api_key", "variable_not_set"),
    ),
    "secret of the wrong type": (
        "instances:\n  - {id: pc2, base_url: 'http://h', api_key: 12345678}\n",
        (2, "instances[0] pc2", "api_key", "expected_quoted_text"),
    ),
    "not an object": ("rules:\n  - r1\n", (2, "rules[0]", "", "expected_mapping")),
    "not a list": ("rules: {id: r1}\n", (1, "rules", "", "expected_list")),
    "empty section": ("rules:\n", (1, "rules", "", "expected_list")),
    "unknown section": ("rulez: []\n", (1, "rulez", "", "unknown_section")),
    "later section": ("alert_rules: [{id: a}]\n", (1, "alert_rules", "", "section_not_available")),
    "unknown group": ("settings:\n  listenin: {}\n", (2, "settings listenin", "", "unknown_group")),
    "unknown setting": (
        "settings:\n  listening:\n    poll: 1\n",
        (3, "settings listening", "poll", "unknown_key"),
    ),
    "setting out of range": (
        "settings: {listening: {poll_interval_s: 0}}\n",
        (1, "settings listening", "poll_interval_s", "not_above"),
    ),
    "group is no mapping": ("settings: {listening: 1}\n", (1, "settings listening", "", "expected_mapping")),
    "settings are no mapping": ("settings: [1]\n", (1, "settings", "", "expected_mapping")),
    "duplicate key": (RULE + "    id: r3\n", (4, "rules[0]", "id", "duplicate_key")),
    "key is a number": (RULE + "    1: x\n", (4, "rules[0]", "1", "key_not_text")),
    "infinite": (RULE + "    priority: .inf\n", (4, "rules[0]", "priority", "not_finite")),
    "foreign tag": (RULE + "    name: !!python/name:os.system x\n", (4, "rules[0]", "name", "bad_yaml_tag")),
    "tag that does not fit": (
        RULE + "    priority: !!int abc\n",
        (4, "rules[0]", "priority", "bad_yaml_tag"),
    ),
    "empty file": ("", (1, "bad.yaml", "", "document_not_mapping")),
    "a list of things": ("- 1\n", (1, "bad.yaml", "", "document_not_mapping")),
    "broken yaml": ("rules:\n  - {id: r1\n", (3, "bad.yaml", "", "bad_yaml")),
    "two documents": ("rules: []\n---\nrules: []\n", (2, "bad.yaml", "", "bad_yaml")),
    "too deep": ("rules: " + "[" * 100 + "]" * 100, (1, "bad.yaml", "", "document_too_deep")),
}


@pytest.mark.parametrize(("text", "expected"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_bad_document_is_refused_with_place_field_and_reason(
    filled: ConfigService, text: str, expected: tuple[int, str, str, str]
) -> None:
    before, stored = filled.snapshot, await filled.export(with_secrets=True)
    with pytest.raises(ConfigError) as caught:
        await filled.import_document(text, filename="bad.yaml", replace=False, who="test")
    found = [(each.line, each.place, each.field, each.reason) for each in caught.value.problems]
    assert found == [expected]
    for language in Language:
        line = Catalogue(language).problem(caught.value.problems[0])
        assert "\n" not in line
        assert "problem." not in line
        assert all(str(part) in line for part in expected[:3])
    assert filled.snapshot is before
    assert await filled.export(with_secrets=True) == stored
    await filled.reload()
    assert filled.snapshot.revision == before.revision


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"rules": [\n{"id": "r1", "platforms": ["kw"],\n"priority": "x"}]}',
            (3, "priority", "expected_whole_number"),
        ),
        ('{"rules": [\n{"id": "r1",\n "id": "r1", "platforms": ["kw"]}]}', (3, "id", "duplicate_key")),
        ('{"rules": [\n{"id": 7, "platforms": ["kw"]}]}', (2, "id", "expected_text")),
        ('{"rules": [\n{"id": "r1", "platforms": ["kw"], "chat": "\\ud800"}]}', (2, "chat", "not_text")),
        (
            '{"rules": [\n{"id": "r1", "platforms": ["kw"], "priority": 1e999}]}',
            (2, "priority", "not_finite"),
        ),
        ('{"rules": [\n{"id": "r1", "platforms": ["kw"], "priority": NaN}]}', (2, "", "bad_json")),
        ('{"rules": [],\n}', (2, "", "bad_json")),
        ('{"rules": []} x', (1, "", "bad_json")),
        ('{"rules": [' + "[" * 100 + "]" * 100 + "]}", (1, "", "document_too_deep")),
        ('{"rules": ["\n"]}', (1, "", "bad_json")),
        ('{"rules": [01]}', (1, "", "bad_json")),
        ("", (1, "", "bad_json")),
        ("[]", (1, "", "document_not_mapping")),
    ],
)
async def test_json_is_refused_with_lines_too(
    filled: ConfigService, text: str, expected: tuple[int, str, str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        await filled.import_document(text, filename="bad.json", replace=False, who="test")
    found = [(each.line, each.field, each.reason) for each in caught.value.problems]
    assert found == [expected]


async def test_every_problem_of_a_document_is_told_in_the_order_of_its_lines(filled: ConfigService) -> None:
    text = "rules:\n  - {id: r1, platforms: [], priority: x}\n  - {id: r2, platforms: [kw], nam: x}\n"
    with pytest.raises(ConfigError) as caught:
        await filled.import_document(text, filename="bad.yaml", replace=False, who="test")
    assert [(each.line, each.field) for each in caught.value.problems] == [
        (2, "platforms"),
        (2, "priority"),
        (3, "nam"),
    ]


async def test_more_fixed_listeners_than_allowed_are_refused_as_a_whole(filled: ConfigService) -> None:
    text = "listeners:\n" + "".join(f"  - {{instance: pc1, who: friend {n}}}\n" for n in range(3))
    with pytest.raises(ConfigError) as caught:
        await filled.import_document(text, filename="bad.yaml", replace=False, who="test")
    assert [(each.line, each.reason) for each in caught.value.problems] == [(4, "too_many")]
    assert list(filled.snapshot.objects("listener")) == ["pc1/张三"]


async def test_a_setting_that_makes_stored_objects_too_many_names_them(filled: ConfigService) -> None:
    more = "listeners: [{instance: pc1, who: 李四}]"
    await filled.import_document(more, filename="more.yaml", replace=False, who="test")
    text = "settings: {listening: {max_listeners_per_instance: 1}}"
    with pytest.raises(ConfigError) as caught:
        await filled.import_document(text, filename="bad.yaml", replace=False, who="test")
    assert [(each.place, each.line) for each in caught.value.problems] == [("listener pc1/李四", None)]


async def test_a_secret_never_stands_in_a_refusal(filled: ConfigService) -> None:
    text = "instances: [{id: pc2, base_url: 'http://h', api_key: [planted-value], apikey: planted-value}]"
    with pytest.raises(ConfigError) as caught:
        await filled.import_document(text, filename="bad.yaml", replace=False, who="test")
    assert "planted" not in str(caught.value)
    assert "planted" not in repr(caught.value.problems)
    assert all("planted" not in Catalogue(Language.EN).problem(each) for each in caught.value.problems)


async def test_an_alias_bomb_is_refused_quickly(filled: ConfigService) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(ConfigError) as caught:
        await filled.import_document("\n".join(levels), filename="bomb.yaml", replace=False, who="test")
    assert caught.value.problems[0].reason == "document_too_many_values"
    assert caught.value.problems[0].params == {"limit": yaml_reader.MAX_VALUES}


async def test_an_alias_of_itself_is_refused(filled: ConfigService) -> None:
    with pytest.raises(ConfigError):
        await filled.import_document("rules: &a [*a]", filename="loop.yaml", replace=False, who="test")


async def test_plain_aliases_work(filled: ConfigService) -> None:
    text = "rules:\n  - {id: r2, platforms: &p [kw]}\n  - {id: r3, platforms: *p}\n"
    result = await filled.import_document(text, filename="a.yaml", replace=False, who="test")
    assert result.added == ("rule r2", "rule r3")


async def test_a_document_over_the_limit_is_refused(filled: ConfigService) -> None:
    text = SAMPLE + "#" * reading.MAX_DOCUMENT_BYTES
    with pytest.raises(ConfigError) as caught:
        await filled.import_document(text, filename="big.yaml", replace=False, who="test")
    assert caught.value.problems[0].reason == "document_too_large"


async def test_valid_json_without_a_telling_name_is_read_as_json(service: ConfigService) -> None:
    text = json.dumps({"platforms": [{"id": "kw", "type": "a\tb/\U0001f600"}]}, indent="\t").replace(
        "/", "\\/"
    )
    await service.import_document(text, filename="-", replace=False, who="test")
    assert service.snapshot.objects("platform")["kw"].type == "a\tb/\U0001f600"


async def test_a_section_of_a_later_version_may_be_empty(service: ConfigService) -> None:
    text = "channels: []\nalert_rules: []\nservices: []\n"
    result = await service.import_document(text, filename="a.yaml", replace=True, who="test")
    assert not result.is_change

"""How documents of services are read, and which are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from wxauto_mgt.core.config.model import JSON, Candidate, ConfigModel, Document
from wxauto_mgt.core.config.pydantic_sections import validate_document
from wxauto_mgt.core.monitoring.checks.contract import CheckKind, CheckResult, Outcome
from wxauto_mgt.core.monitoring.checks.http import HttpCheck, HttpConfig
from wxauto_mgt.core.monitoring.checks.tcp import TcpCheck
from wxauto_mgt.core.monitoring.checks.types import CheckTypes
from wxauto_mgt.core.monitoring.services.model import RepairSpec, ServiceConfig
from wxauto_mgt.core.monitoring.services.names import BUILT_IN
from wxauto_mgt.core.monitoring.services.section import check_dependencies, service_section
from wxauto_mgt.core.recovery.actions.contract import RepairAction, RepairResult
from wxauto_mgt.core.recovery.actions.types import RepairTypes
from wxauto_mgt.errors import ConfigError, PermanentError


class CallConfig(ConfigModel):
    url: str
    key: SecretStr = SecretStr("")


class Call(RepairAction[CallConfig]):
    TYPE = "call"
    CONFIG = CallConfig
    SECRET_FIELDS: ClassVar[tuple[str, ...]] = ("key",)

    async def run(self) -> RepairResult:
        return RepairResult.done("called")


class TwoCalls:
    """A preset of two steps."""

    def names(self) -> tuple[str, ...]:
        return ("twice",)

    def expand(self, name: str, params: Document, *, place: str, field_prefix: str) -> tuple[RepairSpec, ...]:
        config = validate_document(CallConfig, params, place=place, field_prefix=field_prefix)
        return (RepairSpec("call", config, 1.0), RepairSpec("call", config))


CHECKS = CheckTypes([HttpCheck, TcpCheck])
SECTION = service_section(check_types=CHECKS, repair_types=RepairTypes([Call]), presets=TwoCalls())
CHECK: JSON = {"type": "http", "url": "http://localhost:{port}/health"}
TTS: dict[str, JSON] = {"name": "tts", "check": CHECK, "port": 7000}


def problems(**changed: JSON) -> list[tuple[str, str]]:
    document = {name: value for name, value in {**TTS, **changed}.items() if value != "left out"}
    with pytest.raises(ConfigError) as caught:
        SECTION.parse(document)
    return [(problem.field, problem.reason) for problem in caught.value.problems]


def test_the_documented_service_is_accepted() -> None:
    tts = SECTION.parse(
        {
            **TTS,
            "description": "TTS",
            "critical": True,
            "depends_on": [],
            "repairs": [{"preset": "twice", "url": "u"}],
        }
    )
    assert (tts.name, tts.label, tts.critical, tts.enabled, tts.port) == ("tts", "TTS", True, True, 7000)
    assert tts.check.type == "http"
    assert isinstance(tts.check.config, HttpConfig)
    assert [(step.action, step.timeout_s) for step in tts.repairs] == [("call", 1.0), ("call", None)]


def test_steps_come_in_order_with_their_limits() -> None:
    steps: JSON = [{"action": "call", "url": "a", "timeout_s": 5}, {"action": "call", "url": "b"}]
    found = SECTION.parse({**TTS, "repairs": steps}).repairs
    assert found == (RepairSpec("call", CallConfig(url="a"), 5.0), RepairSpec("call", CallConfig(url="b")))


def test_a_process_of_the_service_is_read() -> None:
    process: JSON = {"command": ["python", "-m", "tts", "--port", "{port}"], "env": {"MODE": "fast"}}
    found = SECTION.parse({**TTS, "process": process}).process
    assert found is not None
    assert found.command[-1] == "{port}"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"name": "Bad Name"}, [("name", "bad_id")]),
        ({"name": "all"}, [("name", "reserved_id")]),
        ({"check": "left out"}, [("check", "missing")]),
        ({"check": {}}, [("check.type", "missing")]),
        ({"check": {"type": "gopher"}}, [("check.type", "not_one_of")]),
        ({"check": {"type": ["http"]}}, [("check.type", "not_one_of")]),
        ({"check": {"type": "http", "url": 5}}, [("check.url", "expected_text")]),
        ({"check": {"type": "http"}, "port": 0}, [("port", "below_minimum"), ("check.url", "missing")]),
        ({"check": [1]}, [("check", "expected_mapping")]),
        ({"port": None}, [("check.url", "port_missing")]),
        ({"repairs": [{"action": "call", "url": "{port}"}], "port": "left out"},
         [("check.url", "port_missing"), ("repairs.0.url", "port_missing")]),
        ({"repairs": [{"url": "a"}]}, [("repairs.0.action", "missing")]),
        ({"repairs": [{"action": "pray"}]}, [("repairs.0.action", "not_one_of")]),
        ({"repairs": [{"preset": "thrice"}]}, [("repairs.0.preset", "not_one_of")]),
        ({"repairs": [{"preset": "twice"}]}, [("repairs.0.url", "missing")]),
        ({"repairs": [{"action": "call", "url": "a", "timeout_s": -1}]},
         [("repairs.0.timeout_s", "below_minimum")]),
        ({"repairs": ["call"]}, [("repairs.0", "expected_mapping")]),
        ({"repairs": {}}, [("repairs", "expected_list")]),
        ({"process": {"command": "python tts.py"}}, [("process.command", "expected_list")]),
        ({"unheard_of": 1}, [("unheard_of", "unknown_key")]),
    ],
)  # fmt: skip
def test_all_problems_of_a_service_are_named_at_once(
    changed: dict[str, JSON], expected: list[tuple[str, str]]
) -> None:
    assert problems(**changed) == expected


@pytest.mark.parametrize("name", BUILT_IN)
def test_names_of_our_own_services_are_taken(name: str) -> None:
    assert problems(name=name) == [("name", "reserved_id")]


def test_secrets_stand_in_check_repairs_and_process() -> None:
    document: dict[str, JSON] = {
        **TTS,
        "repairs": [{"preset": "twice"}, {"action": "call", "url": "a"}],
        "process": {"command": ["tts"], "env": {"TTS_API_KEY": "x", "MODE": "y"}},
    }
    assert SECTION.secret_fields(document) == (
        "check.bearer_token",
        "repairs.1.key",
        "process.env.TTS_API_KEY",
    )


@pytest.mark.parametrize("nonsense", [None, 1, "x", [], [1], {}, {"type": []}, {"env": 1}])
def test_nothing_raises_on_nonsense(nonsense: JSON) -> None:
    document = {"name": nonsense, "check": nonsense, "repairs": nonsense, "process": nonsense}
    assert SECTION.secret_fields(document) == ()
    assert SECTION.id_of(document) in ("", "x")
    with pytest.raises(ConfigError):
        SECTION.parse(document)


def test_the_schema_names_each_types_own_fields() -> None:
    properties: Any = SECTION.schema()["properties"]
    assert sorted(properties["check"]["by_type"]) == ["http", "tcp"]
    items = properties["repairs"]["items"]
    assert (sorted(items["by_type"]), items["presets"]) == (["call"], ["twice"])


def candidate(depends_on: Mapping[str, list[str]]) -> Candidate:
    services = {
        name: SECTION.parse({**TTS, "name": name, "depends_on": list(above)})
        for name, above in depends_on.items()
    }
    return Candidate({"service": services, "instance": {"pc1": object()}}, {})


def found_in(depends_on: Mapping[str, list[str]]) -> list[tuple[str, str, str]]:
    return [
        (problem.place, problem.field, problem.reason)
        for problem in check_dependencies(candidate(depends_on))
    ]


def test_dependencies_must_exist() -> None:
    assert found_in({"a": ["b", "instance:pc1", "main_service"], "b": []}) == []
    assert found_in({"a": ["instance:gone", "nobody"]}) == [
        ("service a", "depends_on.0", "unknown_service"),
        ("service a", "depends_on.1", "unknown_service"),
    ]


def test_nothing_depends_on_itself() -> None:
    assert found_in({"a": ["a"]}) == [("service a", "depends_on.0", "service_circle")]
    assert found_in({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}) == [
        ("service a", "depends_on.0", "service_circle"),
        ("service b", "depends_on.0", "service_circle"),
        ("service c", "depends_on.0", "service_circle"),
    ]
    assert found_in({"a": ["b", "c"], "b": ["c"], "c": []}) == []


class Foreign(CheckKind[CallConfig]):
    TYPE = "foreign"
    CONFIG: ClassVar[type[CallConfig]] = CallConfig

    async def run(self) -> CheckResult:
        return CheckResult(Outcome.OK, "fine")


def test_a_kind_of_another_package_is_a_kind_like_the_others() -> None:
    types = CheckTypes([TcpCheck, Foreign])
    section = service_section(check_types=types, repair_types=RepairTypes([]), presets=TwoCalls())
    service: ServiceConfig = section.parse({"name": "a", "check": {"type": "foreign", "url": "u"}})
    assert service.check.config == CallConfig(url="u")
    with pytest.raises(PermanentError, match="plugin_type_taken: kind=check"):
        CheckTypes([TcpCheck, TcpCheck])

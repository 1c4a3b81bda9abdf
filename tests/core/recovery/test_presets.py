"""Presets become steps; what is wrong in them is said with its place."""

from __future__ import annotations

import pytest

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.monitoring.checks.built_in import BUILT_IN as CHECKS
from wxauto_mgt.core.monitoring.checks.types import CheckTypes
from wxauto_mgt.core.monitoring.services.model import RepairSpec, ServiceConfig
from wxauto_mgt.core.monitoring.services.section import service_section
from wxauto_mgt.core.recovery.actions.built_in import BUILT_IN
from wxauto_mgt.core.recovery.actions.call_endpoint import CallEndpointConfig
from wxauto_mgt.core.recovery.actions.types import RepairTypes
from wxauto_mgt.core.recovery.actions.wait_until_stable import WaitUntilStableConfig
from wxauto_mgt.core.recovery.default_ladders import default_ladder
from wxauto_mgt.core.recovery.presets import BuiltInPresets
from wxauto_mgt.errors import ConfigError


def parsed(*repairs: JSON) -> ServiceConfig:
    section = service_section(
        check_types=CheckTypes(CHECKS), repair_types=RepairTypes(BUILT_IN), presets=BuiltInPresets()
    )
    document: dict[str, JSON] = {
        "name": "tts",
        "port": 7000,
        "check": {"type": "http", "url": "http://localhost:{port}/health"},
        "repairs": list(repairs),
    }
    return section.parse(document)


def actions(steps: tuple[RepairSpec, ...]) -> list[str]:
    return [step.action for step in steps]


def test_each_preset_becomes_its_steps() -> None:
    endpoint = "http://127.0.0.1:{port}/reload"
    assert actions(parsed({"preset": "tts"}).repairs) == ["clear_temporary_files", "wait_until_stable"]
    asr = parsed({"preset": "asr", "endpoint": endpoint}).repairs
    assert actions(asr) == ["call_endpoint", "wait_until_stable"]
    assert actions(parsed({"preset": "chat", "platform": "ai"}).repairs) == [
        "verify_configuration",
        "reopen_platform",
        "wait_until_stable",
    ]


def test_the_parameters_of_a_preset_are_where_they_belong() -> None:
    call, test = parsed({"preset": "asr", "endpoint": "http://localhost/reload"}).repairs
    assert isinstance(call.config, CallEndpointConfig)
    assert (call.config.connect_timeout_s, call.timeout_s) == (30.0, 60.0)
    assert test.config == WaitUntilStableConfig(
        delay_s=10.0, passes=1, tries=5, pause_s=2.0, failures_at_most=3
    )
    assert test.timeout_s == 60.0
    changed = {"max_retries": 7, "recovery_delay": 0.0, "timeout_total": 5.0}
    test = parsed({"preset": "tts", **changed}).repairs[-1]
    assert isinstance(test.config, WaitUntilStableConfig)
    assert (test.config.tries, test.config.delay_s, test.timeout_s) == (7, 0.0, 5.0)


@pytest.mark.parametrize(
    ("repair", "field", "reason"),
    [
        ({"preset": "asr"}, "repairs.0.endpoint", "missing"),
        ({"preset": "asr", "endpoint": "file:///etc/passwd"}, "repairs.0.endpoint", "check_address_scheme"),
        (
            {"preset": "asr", "endpoint": "http://169.254.169.254/"},
            "repairs.0.endpoint",
            "check_address_refused",
        ),
        ({"preset": "tts", "max_retries": 0}, "repairs.0.max_retries", "below_minimum"),
        ({"preset": "tts", "nonsense": 1}, "repairs.0.nonsense", "unknown_key"),
        ({"preset": "tts", "folder": "../up"}, "repairs.0.folder", "path_not_absolute"),
        ({"preset": "none"}, "repairs.0.preset", "not_one_of"),
        ({"action": "call_endpoint", "url": "gopher://x/"}, "repairs.0.url", "check_address_scheme"),
        (
            {"action": "call_endpoint", "url": "http://x/", "headers": {"Authorization": "Bearer abc"}},
            "repairs.0.headers",
            "endpoint_header_secret",
        ),
        (
            {"action": "call_endpoint", "url": "http://x/", "headers": {"X\r\nY": "1"}},
            "repairs.0.headers",
            "endpoint_header_name",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(repair: JSON, field: str, reason: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parsed(repair)
    assert [(problem.field, problem.reason) for problem in refused.value.problems] == [(field, reason)]


def test_what_is_always_there_has_a_ladder_of_its_own() -> None:
    assert actions(default_ladder("instance:pc1")) == [
        "verify_configuration",
        "reconnect_instance",
        "reinitialize_instance",
    ]
    assert actions(default_ladder("platform:ai")) == ["verify_configuration", "reopen_platform"]
    assert actions(default_ladder("message_listener")) == ["restart_listener"]
    assert default_ladder("main_service") == ()
    assert default_ladder("instance") == (), "a service of that name is no instance"

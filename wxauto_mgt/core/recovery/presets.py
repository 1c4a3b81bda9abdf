"""Ready-made ladders that a document calls by name: `{preset: asr, endpoint: ...}`. Pure.

Owns their parameters and the steps that they become; the section of the services expands them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import AfterValidator, Field, ValidationError

from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import JSON, ConfigModel, Document
from wxauto_mgt.core.config.pydantic_sections import problems_of, validate_document
from wxauto_mgt.core.instances.model import INSTANCE
from wxauto_mgt.core.monitoring.checks.http import check_address
from wxauto_mgt.core.monitoring.services.model import RepairSpec
from wxauto_mgt.core.platforms.section import PLATFORM
from wxauto_mgt.core.recovery.actions.call_endpoint import CallEndpoint, CallEndpointConfig
from wxauto_mgt.core.recovery.actions.clear_temporary_files import (
    ClearTemporaryFiles,
    ClearTemporaryFilesConfig,
)
from wxauto_mgt.core.recovery.actions.form_fields import GROUP, SECONDS
from wxauto_mgt.core.recovery.actions.instance_action import InstanceActionConfig
from wxauto_mgt.core.recovery.actions.reconnect_instance import ReconnectInstance
from wxauto_mgt.core.recovery.actions.reopen_platform import ReopenPlatform, ReopenPlatformConfig
from wxauto_mgt.core.recovery.actions.verify_configuration import (
    VerifyConfiguration,
    VerifyConfigurationConfig,
)
from wxauto_mgt.core.recovery.actions.wait_until_stable import WaitUntilStable, WaitUntilStableConfig
from wxauto_mgt.errors import ConfigError

M = TypeVar("M", bound="PresetParams")
_hints = FieldHints(labels="repair_field.preset", helps="repair_field.preset.help", group=GROUP)


def _check_optional_address(value: str) -> str:
    return check_address(value) if value else value


class PresetParams(ConfigModel):
    """What all presets take; durations in seconds.

    Attributes:
        max_retries: how often the service is tested after the repair.
        timeout_total: limit of each step.
        timeout_connect: limit for a connection to an endpoint.
        retry_delay: between two tests.
        max_consecutive_failures: so many failed tests in a row end them early.
        recovery_delay: from the repair to the first test.
    """

    max_retries: int = Field(default=5, ge=1, le=100, json_schema_extra=_hints("max_retries", 110))
    timeout_total: float = Field(
        default=60.0, ge=0.05, le=3600, json_schema_extra=_hints("timeout_total", 120, unit=SECONDS)
    )
    timeout_connect: float = Field(
        default=30.0, gt=0, le=300, json_schema_extra=_hints("timeout_connect", 130, unit=SECONDS)
    )
    retry_delay: float = Field(
        default=2.0, ge=0.01, le=600, json_schema_extra=_hints("retry_delay", 140, unit=SECONDS)
    )
    max_consecutive_failures: int = Field(
        default=3, ge=1, le=100, json_schema_extra=_hints("max_consecutive_failures", 150)
    )
    recovery_delay: float = Field(
        default=10.0, ge=0, le=600, json_schema_extra=_hints("recovery_delay", 160, unit=SECONDS)
    )


class TtsParams(PresetParams):
    """Of `tts`: which temporary files go.

    Attributes:
        folder: where they are; without one nothing is deleted, and the journal says so.
        older_than_s: a file that was written later stays.
    """

    folder: str = Field(default="", json_schema_extra=_hints("folder", 10, has_help=True))
    patterns: tuple[str, ...] = Field(
        default=("*.tmp", "*.wav", "*.mp3"), json_schema_extra=_hints("patterns", 20, widget=Widget.WORDS)
    )
    older_than_s: float = Field(default=3600.0, json_schema_extra=_hints("older_than_s", 30, unit=SECONDS))


class AsrParams(PresetParams):
    """Of `asr`.

    Attributes:
        endpoint: the address that loads its model again.
    """

    endpoint: Annotated[str, AfterValidator(check_address)] = Field(
        max_length=2000, json_schema_extra=_hints("endpoint", 10, widget=Widget.URL)
    )


class ChatParams(PresetParams):
    """Of `chat`: what is connected again, where that is known.

    Attributes:
        endpoint: an address of the service that reconnects it.
        platform, instance: ids of ours that stand for it.
    """

    endpoint: Annotated[str, AfterValidator(_check_optional_address)] = Field(
        default="", max_length=2000, json_schema_extra=_hints("endpoint", 10, widget=Widget.URL)
    )
    platform: str = Field(
        default="", max_length=64, json_schema_extra=_hints("platform", 20, refers_to=PLATFORM)
    )
    instance: str = Field(
        default="", max_length=64, json_schema_extra=_hints("instance", 30, refers_to=INSTANCE)
    )


@dataclass(frozen=True)
class _Preset(Generic[M]):
    params: type[M]
    steps: Callable[[M], tuple[RepairSpec, ...]]


def _tts(params: TtsParams) -> tuple[RepairSpec, ...]:
    config = ClearTemporaryFilesConfig(
        folder=params.folder, patterns=params.patterns, older_than_s=params.older_than_s
    )
    return RepairSpec(ClearTemporaryFiles.TYPE, config, params.timeout_total), _test(params)


def _asr(params: AsrParams) -> tuple[RepairSpec, ...]:
    return (_call(params.endpoint, params), _test(params))


def _chat(params: ChatParams) -> tuple[RepairSpec, ...]:
    steps = [RepairSpec(VerifyConfiguration.TYPE, VerifyConfigurationConfig())]
    if params.instance:
        config = InstanceActionConfig(instance=params.instance)
        steps.append(RepairSpec(ReconnectInstance.TYPE, config, params.timeout_total))
    if params.platform:
        reopened = ReopenPlatformConfig(platform=params.platform)
        steps.append(RepairSpec(ReopenPlatform.TYPE, reopened, params.timeout_total))
    if params.endpoint:
        steps.append(_call(params.endpoint, params))
    return (*steps, _test(params))


def _call(endpoint: str, params: PresetParams) -> RepairSpec:
    config = CallEndpointConfig(url=endpoint, connect_timeout_s=params.timeout_connect)
    return RepairSpec(CallEndpoint.TYPE, config, params.timeout_total)


def _test(params: PresetParams) -> RepairSpec:
    config = WaitUntilStableConfig(
        delay_s=params.recovery_delay,
        passes=1,
        tries=params.max_retries,
        pause_s=params.retry_delay,
        failures_at_most=params.max_consecutive_failures,
    )
    return RepairSpec(WaitUntilStable.TYPE, config, params.timeout_total)


# Any: presets of different parameters stand in one table.
_PRESETS: Final[Mapping[str, _Preset[Any]]] = {
    "tts": _Preset(TtsParams, _tts),
    "asr": _Preset(AsrParams, _asr),
    "chat": _Preset(ChatParams, _chat),
}


class BuiltInPresets:
    """The presets that come with the product."""

    def names(self) -> tuple[str, ...]:
        """Return those that there are."""
        return tuple(_PRESETS)

    def schemas(self) -> Mapping[str, dict[str, JSON]]:
        """Return the parameters of each, for forms."""
        return {name: preset.params.model_json_schema() for name, preset in _PRESETS.items()}

    def expand(self, name: str, params: Document, *, place: str, field_prefix: str) -> tuple[RepairSpec, ...]:
        """Take a preset apart into steps.

        Raises:
            ConfigError: a parameter is wrong.
        """
        preset = _PRESETS[name]
        given = validate_document(preset.params, params, place=place, field_prefix=field_prefix)
        try:
            return preset.steps(given)
        except ValidationError as error:  # of an action's own field, which bears the same name
            problems = problems_of(error, place=place, field_prefix=field_prefix)
            raise ConfigError(problems) from None

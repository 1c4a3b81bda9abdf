"""The settings group `health_checks`: how often and how patiently is checked, and what else besides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic.config import JsonDict

from wxauto_mgt.core.config.form_hints import Widget, hints
from wxauto_mgt.core.config.model import (
    SETTINGS,
    Candidate,
    ConfigModel,
    ObjectId,
    SettingsGroup,
    place_of,
    refuse,
)
from wxauto_mgt.core.instances.model import INSTANCE
from wxauto_mgt.core.monitoring.checks.streak import Thresholds
from wxauto_mgt.core.platforms.section import PLATFORM
from wxauto_mgt.errors import Problem

HEALTH_CHECKS: Final = "health_checks"
CONSOLE_DATABASE: Final = "console_database"
DATA_DISK: Final = "data_disk"
MAIN_SERVICE: Final = "main_service"
BUILT_IN: Final = (MAIN_SERVICE, CONSOLE_DATABASE, DATA_DISK)
TCP: Final = "tcp"
SCHEMES: Final = ("http", "https", TCP)
_TIMES: Final = "settings.health_checks.group.times"
_TARGETS: Final = "settings.health_checks.group.targets"
_SECONDS: Final = "unit.seconds"


def check_address(value: str) -> str:
    """Return the address of a target, or refuse what is not plain `http://`, `https://` or `tcp://host:port`."""
    if any(character.isspace() or not character.isprintable() for character in value) or "\\" in value:
        raise refuse("url_characters")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise refuse("url_unreadable") from None
    if parts.scheme not in SCHEMES:
        raise refuse("check_scheme", scheme=parts.scheme)
    if parts.username is not None or parts.password is not None:
        raise refuse("url_credentials")
    if not parts.hostname:
        raise refuse("url_host")
    if parts.scheme == TCP and (not port or parts.path or parts.query or parts.fragment):
        raise refuse("check_tcp_address")
    return value


def _of_target(name: str, order: int, *, widget: Widget | None = None, help_key: str = "") -> JsonDict:
    return hints(f"check_target.{name}", group=_TARGETS, order=order, widget=widget, help_key=help_key)


class CheckTarget(ConfigModel):
    """Something else that is to be checked: a web address, or a port.

    Attributes:
        parent: id of a service that it depends on; empty for none.
    """

    id: ObjectId = Field(json_schema_extra=_of_target("id", 10))
    address: Annotated[str, AfterValidator(check_address)] = Field(
        max_length=500, json_schema_extra=_of_target("address", 20, help_key="check_target.help.address")
    )
    critical: bool = Field(default=False, json_schema_extra=_of_target("critical", 30, widget=Widget.SWITCH))
    parent: str = Field(
        default="",
        max_length=100,
        json_schema_extra=_of_target("parent", 40, help_key="check_target.help.parent"),
    )


class HealthChecksSettings(ConfigModel):
    """Schedule, patience and further targets of the health checks."""

    interval_s: float = Field(
        default=30.0,
        ge=0.05,
        le=3600,
        json_schema_extra=hints("settings.health_checks.interval_s", group=_TIMES, order=10, unit=_SECONDS),
    )
    timeout_s: float = Field(
        default=5.0,
        ge=0.05,
        le=300,
        json_schema_extra=hints("settings.health_checks.timeout_s", group=_TIMES, order=20, unit=_SECONDS),
    )
    failure_threshold: int = Field(
        default=3,
        ge=1,
        le=100,
        json_schema_extra=hints(
            "settings.health_checks.failure_threshold",
            group=_TIMES,
            order=30,
            help_key="settings.health_checks.help.failure_threshold",
        ),
    )
    success_threshold: int = Field(
        default=1,
        ge=1,
        le=100,
        json_schema_extra=hints(
            "settings.health_checks.success_threshold",
            group=_TIMES,
            order=40,
            help_key="settings.health_checks.help.success_threshold",
        ),
    )
    targets: tuple[CheckTarget, ...] = Field(
        default=(),
        max_length=100,
        json_schema_extra=hints(
            "settings.health_checks.targets", group=_TARGETS, order=50, widget=Widget.TABLE
        ),
    )

    def thresholds(self) -> Thresholds:
        """Return what the board judges by."""
        return Thresholds(failures=self.failure_threshold, successes=self.success_threshold)


def instance_service(instance_id: str) -> str:
    """Name an instance as a service."""
    return f"instance:{instance_id}"


def platform_service(platform_id: str) -> str:
    """Name a platform as a service."""
    return f"platform:{platform_id}"


def health_checks_settings_group() -> SettingsGroup:
    """What the configuration store needs to know about `health_checks`."""
    return SettingsGroup(name=HEALTH_CHECKS, model=HealthChecksSettings, check=_check_targets)


def _check_targets(candidate: Candidate) -> Iterable[Problem]:
    settings: HealthChecksSettings = candidate.settings(HEALTH_CHECKS)
    place = place_of(SETTINGS, HEALTH_CHECKS)
    uses = Counter(target.id for target in settings.targets)
    parents = {target.id: target.parent for target in settings.targets}
    for position, target in enumerate(settings.targets):
        if uses[target.id] > 1 or target.id in BUILT_IN:
            yield Problem(place, f"targets.{position}.id", "check_name_taken", {"name": target.id})
        if not target.parent:
            continue
        field = f"targets.{position}.parent"
        if target.parent not in parents and not _is_built_in(candidate, target.parent):
            yield Problem(place, field, "check_parent_unknown", {"parent": target.parent})
        elif _depends_on_itself(target.id, parents):
            yield Problem(place, field, "check_parent_circle", {"parent": target.parent})


def _is_built_in(candidate: Candidate, service_id: str) -> bool:
    kind, _, object_id = service_id.partition(":")
    return service_id in BUILT_IN or (kind in (INSTANCE, PLATFORM) and candidate.has(kind, object_id))


def _depends_on_itself(target_id: str, parents: Mapping[str, str]) -> bool:
    above, seen = parents.get(target_id, ""), set[str]()
    while above and above not in seen:
        if above == target_id:
            return True
        seen.add(above)
        above = parents.get(above, "")
    return False

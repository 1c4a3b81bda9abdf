"""The settings group `http`: where the local HTTP API listens, whom it trusts, what it takes at most.

The environment wins over host and port. The composition root registers the group; the HTTP server reads it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import SETTINGS, Candidate, ConfigModel, SettingsGroup, place_of, refuse
from wxauto_mgt.errors import Problem

HTTP: Final = "http"
API_HOST: Final = "WXAUTO_MGT_API_HOST"
API_PORT: Final = "WXAUTO_MGT_API_PORT"
API_TOKEN: Final = "WXAUTO_MGT_API_TOKEN"  # noqa: S105 - the name of a variable
_WHERE: Final = "settings.http.group.where"
_TRUST: Final = "settings.http.group.trust"
_LIMITS: Final = "settings.http.group.limits"
_NAME: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,62})?(\.[a-z0-9]([a-z0-9-]{0,62})?)*\Z")
_hints = FieldHints(labels="settings.http", helps="settings.http.help")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _host(value: str) -> str:
    host = value.strip().lower()
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        if _NAME.match(host):
            return host
        raise refuse("bad_host_name") from None


def _origin(value: str) -> str:
    parts = urlsplit(value.strip().lower())
    try:
        is_plain = parts.hostname is not None and (parts.port is None or parts.port > 0)
    except ValueError:
        is_plain = False
    whole = f"{parts.scheme}://{parts.netloc}"
    if (
        parts.scheme not in ("http", "https")
        or not is_plain
        or parts.geturl() != whole
        or "@" in parts.netloc
    ):
        raise refuse("bad_origin")
    return whole


Host = Annotated[str, AfterValidator(_host)]
Origin = Annotated[str, AfterValidator(_origin)]


class HttpSettings(ConfigModel):
    """How the local HTTP API is reached. A change is in force at once."""

    enabled: bool = Field(default=True, json_schema_extra=_hints("enabled", 10, group=_WHERE))
    host: Host = Field(default="127.0.0.1", json_schema_extra=_hints("host", 20, group=_WHERE, has_help=True))
    port: int = Field(
        default=5080, ge=0, le=65_535, json_schema_extra=_hints("port", 30, group=_WHERE, has_help=True)
    )
    tls_cert: str = Field(
        default="", max_length=1_000, json_schema_extra=_hints("tls_cert", 40, group=_WHERE, has_help=True)
    )
    tls_key: str = Field(default="", max_length=1_000, json_schema_extra=_hints("tls_key", 50, group=_WHERE))
    allow_remote_without_tls: bool = Field(
        default=False, json_schema_extra=_hints("allow_remote_without_tls", 60, group=_TRUST, has_help=True)
    )
    allowed_hosts: tuple[Host, ...] = Field(
        default=(),
        max_length=50,
        json_schema_extra=_hints("allowed_hosts", 70, group=_TRUST, widget=Widget.WORDS, has_help=True),
    )
    allowed_origins: tuple[Origin, ...] = Field(
        default=(),
        max_length=50,
        json_schema_extra=_hints("allowed_origins", 80, group=_TRUST, widget=Widget.WORDS, has_help=True),
    )
    max_connections: int = Field(
        default=100, ge=4, le=5_000, json_schema_extra=_hints("max_connections", 90, group=_LIMITS)
    )
    max_body_kib: int = Field(
        default=1_024,
        ge=16,
        le=65_536,
        json_schema_extra=_hints("max_body_kib", 100, group=_LIMITS, unit="settings.http.unit.kib"),
    )
    receive_timeout_s: float = Field(
        default=10.0,
        ge=0.05,
        le=300.0,
        json_schema_extra=_hints("receive_timeout_s", 110, group=_LIMITS, unit="unit.seconds", has_help=True),
    )
    failures_per_minute: int = Field(
        default=20,
        ge=1,
        le=1_000,
        json_schema_extra=_hints("failures_per_minute", 120, group=_LIMITS, has_help=True),
    )

    @property
    def has_tls(self) -> bool:
        """Whether connections are encrypted."""
        return bool(self.tls_cert and self.tls_key)

    @property
    def is_remote(self) -> bool:
        """Whether other machines could reach it."""
        return not is_loopback(self.host)


def http_settings_group() -> SettingsGroup:
    """Make the group for the composition root."""
    return SettingsGroup(
        name=HTTP, model=HttpSettings, environment={"host": API_HOST, "port": API_PORT}, check=_check
    )


def _check(candidate: Candidate) -> Iterable[Problem]:
    settings: HttpSettings = candidate.settings(HTTP)
    if bool(settings.tls_cert) != bool(settings.tls_key):
        missing = "tls_key" if settings.tls_cert else "tls_cert"
        yield Problem(place_of(SETTINGS, HTTP), missing, "tls_needs_both")

"""What an instance is to the configuration, and what its server answers, in our own words.

Owns no I/O. The client makes the answers; listening, delivery and the monitor read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from wxauto_mgt.core.config.field_checks import split_address
from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import (
    Candidate,
    ConfigModel,
    ConfigSection,
    ObjectId,
    place_of,
    refuse,
)
from wxauto_mgt.core.config.pydantic_sections import pydantic_section
from wxauto_mgt.core.wire import ChatKind
from wxauto_mgt.errors import Problem

INSTANCE: Final = "instance"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_GROUP: Final = "instance.group.server"
_hints = FieldHints(labels="instance.field", helps="instance.help", group=_GROUP)


def check_base_url(value: str) -> str:
    """Return the address without its trailing slash, or refuse what is not a plain http(s) address."""
    parts = split_address(value)
    if parts.scheme not in _DEFAULT_PORTS:
        raise refuse("url_scheme", scheme=parts.scheme)
    if parts.username is not None or parts.password is not None:
        raise refuse("url_credentials")
    if not parts.hostname:
        raise refuse("url_host")
    if parts.query or parts.fragment or "?" in value or "#" in value:
        raise refuse("url_query")
    return value.rstrip("/")


def _check_api_key(value: SecretStr) -> SecretStr:
    key = value.get_secret_value()
    if not key.strip():
        raise refuse("missing")
    if not key.isascii() or not key.isprintable():
        raise refuse("api_key_characters")
    return value


class InstanceConfig(ConfigModel):
    """One WXAUTO-HTTP-API server, and with it one WeChat account."""

    id: ObjectId = Field(json_schema_extra=_hints("id", 10))
    name: str = Field(default="", max_length=80, json_schema_extra=_hints("name", 20))
    base_url: Annotated[str, AfterValidator(check_base_url)] = Field(
        max_length=500, json_schema_extra=_hints("base_url", 30, widget=Widget.URL, has_help=True)
    )
    api_key: Annotated[SecretStr, AfterValidator(_check_api_key)] = Field(
        max_length=500, json_schema_extra=_hints("api_key", 40, widget=Widget.SECRET, has_help=True)
    )
    enabled: bool = Field(default=True, json_schema_extra=_hints("enabled", 50))
    rate_limit_per_minute: int = Field(
        default=100, ge=0, le=100_000, json_schema_extra=_hints("rate_limit_per_minute", 60, has_help=True)
    )

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or self.id


def _address(config: InstanceConfig) -> tuple[str, str, int, str]:
    parts = urlsplit(config.base_url)
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    return (parts.scheme, (parts.hostname or "").lower(), port, parts.path)


def _check_addresses(candidate: Candidate) -> Iterable[Problem]:
    """Refuse two enabled instances on one server: each message would reach only one of them."""
    configs: Mapping[str, InstanceConfig] = candidate.objects(INSTANCE)
    owner: dict[tuple[str, str, int, str], str] = {}
    for config in configs.values():
        if not config.enabled:
            continue
        first = owner.setdefault(_address(config), config.id)
        if first != config.id:
            yield Problem(place_of(INSTANCE, config.id), "base_url", "duplicate_server", {"other": first})


def instance_section() -> ConfigSection[InstanceConfig]:
    """What the configuration store needs to know about instances."""
    return pydantic_section(
        kind=INSTANCE,
        document_key="instances",
        model=InstanceConfig,
        secret_fields=("api_key",),
        check=_check_addresses,
    )


@dataclass(frozen=True)
class Health:
    """The answer of `/api/health`; `wechat_status` is a claim of the server, not evidence.

    Attributes:
        uptime_s: whole seconds since the server started.
    """

    uptime_s: float
    wechat_status: str
    library: str


class WindowState(StrEnum):
    """Whether a chat is listened in a window of its own, as `chat-window/info` tells."""

    LISTENED = "listened"
    NOT_LISTENED = "not_listened"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class WindowInfo:
    """What `chat-window/info` proves.

    Attributes:
        rich: it answered 200, so that typing and quoting work in this window.
    """

    state: WindowState
    rich: bool = False
    chat_kind: ChatKind = ChatKind.UNKNOWN


class SendOutcome(StrEnum):
    """What is known after a send."""

    ACCEPTED = "accepted"
    """HTTP 200 with code 0: the server took it; only the echo proves it."""
    NOT_SENT = "not_sent"
    """Provably nothing was sent."""
    UNKNOWN = "unknown"
    """It may have been sent, or may still be."""


class SendReason(StrEnum):
    """Why a send ended as it did; texts under `send_reason.<value>`."""

    ACCEPTED = "accepted"
    CONNECT_FAILED = "connect_failed"
    BAD_REQUEST = "bad_request"
    UNAUTHORIZED = "unauthorized"
    WINDOW_NOT_LISTENED = "window_not_listened"
    CONTACT_NOT_FOUND = "contact_not_found"
    CONTACT_MISMATCH = "contact_mismatch"
    TIMED_OUT = "timed_out"
    CONNECTION_LOST = "connection_lost"
    SERVER_ERROR = "server_error"
    ANSWER_UNREADABLE = "answer_unreadable"
    REFUSED = "refused"


@dataclass(frozen=True)
class SendAnswer:
    """The result of one send attempt.

    Attributes:
        detail: the server's own sentence, shortened; for people, never for decisions, never for a log.
        retryable: only with NOT_SENT: whether the same attempt can succeed later.
        may_still_run: the server may be executing it yet: the UI gate must be quarantined.
    """

    outcome: SendOutcome
    reason: SendReason
    detail: str = ""
    retryable: bool = False
    may_still_run: bool = False

    @property
    def reason_code(self) -> str:
        """The catalogue key of the reason."""
        return f"send_reason.{self.reason}"

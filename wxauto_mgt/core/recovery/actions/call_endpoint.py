"""Calls an address that makes a service mend itself, such as one that loads its model again.

Owns the request and its judgement. Never repeated, never redirected, never to link-local addresses.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, ClassVar, Final

import aiohttp
from pydantic import AfterValidator, Field, JsonValue, SecretStr
from yarl import URL

from wxauto_mgt.core.config.field_checks import sendable
from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import JSON, ConfigModel, refuse
from wxauto_mgt.core.monitoring.checks.address_guard import AddressGuard, AddressRefused
from wxauto_mgt.core.monitoring.checks.addresses import with_port
from wxauto_mgt.core.monitoring.checks.http import check_address
from wxauto_mgt.core.recovery.actions.contract import RepairAction, RepairResult
from wxauto_mgt.core.recovery.actions.form_fields import SECONDS, shown
from wxauto_mgt.core.secrets.redaction import is_secret_name
from wxauto_mgt.errors import Fact

BODY_AT_MOST_BYTES: Final = 256 * 1024
_OWN_HEADERS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_UNSENT: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
)


class EndpointMethod(StrEnum):
    """How is called."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    DELETE = "DELETE"


def _check_optional_address(value: str) -> str:
    return check_address(value) if value else value


def _check_headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not name.replace("-", "").isalnum() or not name.isascii() or name.lower() in _OWN_HEADERS:
            raise refuse("endpoint_header_name", name=name[:100])
        if is_secret_name(name):
            raise refuse("endpoint_header_secret", name=name)
        if not value.isprintable():
            raise refuse("endpoint_header_value", name=name)
    return headers


class CallEndpointConfig(ConfigModel):
    """Which address, and what it must answer.

    Attributes:
        body: JSON to send; None sends none.
        expected_status: any of these; when empty any of 200 to 299.
        json_field: dotted path into the answer; `json_value` stands there, or anything but null and false.
        connect_timeout_s: until the connection stands; the step's own limit bounds the whole.
        undo_url: called the same way, without a body, when the service did not get well by this step.
    """

    url: Annotated[str, AfterValidator(check_address)] = Field(
        max_length=2000, json_schema_extra=shown("endpoint.url", 10, widget=Widget.URL)
    )
    method: EndpointMethod = Field(
        default=EndpointMethod.POST, json_schema_extra=shown("endpoint.method", 20)
    )
    headers: Annotated[dict[str, str], AfterValidator(_check_headers)] = Field(
        default_factory=dict,
        max_length=50,
        json_schema_extra=shown("endpoint.headers", 30, widget=Widget.PAIRS),
    )
    bearer_token: Annotated[SecretStr, AfterValidator(sendable)] = Field(
        default=SecretStr(""),
        max_length=1000,
        json_schema_extra=shown("endpoint.bearer_token", 40, widget=Widget.SECRET),
    )
    body: dict[str, JsonValue] | None = None
    expected_status: tuple[Annotated[int, Field(ge=100, le=599)], ...] = Field(
        default=(), max_length=20, json_schema_extra=shown("endpoint.expected_status", 60)
    )
    json_field: str = Field(default="", max_length=200, json_schema_extra=shown("endpoint.json_field", 70))
    json_value: str = Field(default="", max_length=200, json_schema_extra=shown("endpoint.json_value", 80))
    connect_timeout_s: float = Field(
        default=10.0, gt=0, le=300, json_schema_extra=shown("endpoint.connect_timeout_s", 90, unit=SECONDS)
    )
    undo_url: Annotated[str, AfterValidator(_check_optional_address)] = Field(
        default="", max_length=2000, json_schema_extra=shown("endpoint.undo_url", 100, widget=Widget.URL)
    )


class CallEndpoint(RepairAction[CallEndpointConfig]):
    """One request on a connection of its own."""

    TYPE: ClassVar[str] = "call_endpoint"
    CONFIG: ClassVar[type[ConfigModel]] = CallEndpointConfig
    SECRET_FIELDS: ClassVar[tuple[str, ...]] = ("bearer_token",)
    PROVED_WITHIN_S: ClassVar[float] = 2.0

    async def run(self) -> RepairResult:
        """Call and judge the answer."""
        return await self._call(self.config.url, self.config.body)

    async def undo(self) -> RepairResult | None:
        """Call the address that takes it back, where there is one."""
        return await self._call(self.config.undo_url, None) if self.config.undo_url else None

    async def _call(self, template: str, body: JSON) -> RepairResult:
        started_s = self.context.clock.monotonic()
        try:
            status, raw = await self._request(URL(with_port(template, self.context.port)), body)
        except AddressRefused:
            return RepairResult.failed("endpoint_address_refused")
        except _UNSENT as error:
            if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, AddressRefused):
                return RepairResult.failed("endpoint_address_refused")
            return RepairResult.failed("endpoint_unreachable", cause=type(error).__name__)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return RepairResult.unknown("endpoint_answer_lost", cause=type(error).__name__)
        taken_ms = round(1000 * (self.context.clock.monotonic() - started_s), 1)
        return self._judge(status, raw, {"status": status, "taken_ms": taken_ms})

    async def _request(self, url: URL, body: JSON) -> tuple[int, bytes]:
        guard = AddressGuard()
        try:
            guard.admit_literal(url.host or "")
            async with aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=guard, use_dns_cache=False, force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                # The step's limit bounds the whole.
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.config.connect_timeout_s),
                auto_decompress=False,
                trust_env=False,
            ) as session:
                # A GET whose answer is lost would be sent again unasked; there is no public switch.
                session._retry_connection = False  # noqa: SLF001
                async with session.request(
                    self.config.method.value, url, headers=self._headers(), json=body, allow_redirects=False
                ) as answer:
                    return answer.status, await _bounded(answer)
        finally:
            await guard.close()

    def _headers(self) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity", **self.config.headers}
        token = self.config.bearer_token.get_secret_value()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def _judge(self, status: int, raw: bytes, evidence: dict[str, Fact]) -> RepairResult:
        wanted = self.config.expected_status
        if 300 <= status < 400 and status not in wanted:
            return RepairResult.failed("endpoint_redirects", status=status, evidence=evidence)
        if status not in wanted if wanted else not 200 <= status < 300:
            return RepairResult.failed("endpoint_refused", status=status, evidence=evidence)
        if self.config.json_field and not self._is_expected(raw):
            return RepairResult.failed(
                "endpoint_answer_wrong", field=self.config.json_field, evidence=evidence
            )
        return RepairResult.done("endpoint_called", status=status, evidence=evidence)

    def _is_expected(self, raw: bytes) -> bool:
        try:
            found: JSON = json.loads(raw)
        except (ValueError, RecursionError):
            return False
        for part in self.config.json_field.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if not self.config.json_value:
            return found is not None and found is not False
        return self.config.json_value == (found if isinstance(found, str) else json.dumps(found))


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    """What is judged of a body; the rest is not read."""
    raw = bytearray()
    while len(raw) < BODY_AT_MOST_BYTES:
        chunk = await answer.content.read(BODY_AT_MOST_BYTES - len(raw))
        if not chunk:
            break
        raw += chunk
    return bytes(raw)

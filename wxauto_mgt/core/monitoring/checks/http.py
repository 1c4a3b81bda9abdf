"""Checks a web address: it must answer as a working service does. The runner bounds the time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Final

import aiohttp
from pydantic import AfterValidator, Field, SecretStr
from yarl import URL

from wxauto_mgt.core.config.field_checks import sendable
from wxauto_mgt.core.config.form_hints import FieldHints, Widget
from wxauto_mgt.core.config.model import JSON, ConfigModel, refuse
from wxauto_mgt.core.monitoring.checks.address_guard import (
    AddressGuard,
    AddressRefused,
    HostClass,
    class_of_literal,
)
from wxauto_mgt.core.monitoring.checks.addresses import server_address
from wxauto_mgt.core.monitoring.checks.contract import CheckKind, CheckResult, Outcome
from wxauto_mgt.core.monitoring.checks.form_fields import CHECK_GROUP
from wxauto_mgt.errors import Fact

SCHEMES: Final = ("http", "https")
REDIRECTS_AT_MOST: Final = 3
REFUSED_FROM: Final = 400
BODY_AT_MOST_BYTES: Final = 256 * 1024
PORT: Final = "{port}"
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_KEEP_METHOD: Final = (307, 308)
_SHOWN_AT_MOST: Final = 100
# What services write into the body of a 200 when they do not work.
_BAD_WORDS: Final = frozenset({"error", "fail", "failed", "failure", "unhealthy", "down"})
_hints = FieldHints(labels="check_kind.http.field", helps="check_kind.http.help", group=CHECK_GROUP)


class Method(StrEnum):
    """How is asked."""

    GET = "GET"
    HEAD = "HEAD"
    POST = "POST"


def check_address(value: str) -> str:
    """Return the address of a page, or refuse what cannot be one; `{port}` stands for any port."""
    parts = server_address(value.replace(PORT, "1"), schemes=SCHEMES, may_have_query=True)
    if class_of_literal(parts.hostname or "") is HostClass.REFUSED:
        raise refuse("check_address_refused")
    return value


class HttpConfig(ConfigModel):
    """Which page, and what it must answer.

    Attributes:
        expected_status: any of these; when empty any below 400, redirects followed.
        expected_text: stands somewhere in the body.
        json_field: dotted path into a JSON body; `json_value` stands there, or anything but null and false.
        detects_error_body: whether a JSON body that says of itself that it is an error counts as a failure.
    """

    url: Annotated[str, AfterValidator(check_address)] = Field(
        max_length=2000, json_schema_extra=_hints("url", 100, widget=Widget.URL, has_help=True)
    )
    method: Method = Field(default=Method.GET, json_schema_extra=_hints("method", 110))
    expected_status: tuple[Annotated[int, Field(ge=100, le=599)], ...] = Field(
        default=(), max_length=20, json_schema_extra=_hints("expected_status", 120, has_help=True)
    )
    expected_text: str = Field(
        default="", max_length=1000, json_schema_extra=_hints("expected_text", 130, has_help=True)
    )
    json_field: str = Field(
        default="", max_length=200, json_schema_extra=_hints("json_field", 140, has_help=True)
    )
    json_value: str = Field(
        default="", max_length=200, json_schema_extra=_hints("json_value", 150, has_help=True)
    )
    detects_error_body: bool = Field(
        default=True, json_schema_extra=_hints("detects_error_body", 160, widget=Widget.SWITCH, has_help=True)
    )
    bearer_token: Annotated[SecretStr, AfterValidator(sendable)] = Field(
        default=SecretStr(""),
        max_length=1000,
        json_schema_extra=_hints("bearer_token", 170, widget=Widget.SECRET, has_help=True),
    )


@dataclass(frozen=True)
class _Answer:
    status: int
    redirects: int
    content_type: str
    body: bytes
    is_whole: bool

    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def document(self) -> JSON:
        """The body as JSON; raises ValueError where it is none."""
        if not self.is_whole:
            raise ValueError("longer than is read")
        try:
            document: JSON = json.loads(self.body)
        except RecursionError:
            raise ValueError("too deep") from None
        return document


class _RedirectRefused(Exception):
    """A redirect leads where a check does not go; the argument says why."""


class HttpCheck(CheckKind[HttpConfig]):
    """Asks for one page on a connection of its own, so that connecting is checked too."""

    TYPE = "http"
    CONFIG: ClassVar[type[HttpConfig]] = HttpConfig
    SECRET_FIELDS = ("bearer_token",)

    async def run(self) -> CheckResult:
        """Ask once; redirects are followed within http and https, and never to a host of another class."""
        clock = self.context.clock
        started_s = clock.monotonic()
        try:
            answer = await self._ask()
        except _RedirectRefused as error:
            return CheckResult(Outcome.FAILED, "http_redirect_refused", {"cause": str(error)})
        except AddressRefused:
            return CheckResult(Outcome.FAILED, "http_address_refused")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return CheckResult(Outcome.FAILED, "http_no_answer", {"cause": _cause(error)})
        taken_ms = 1000 * (clock.monotonic() - started_s)
        evidence: dict[str, Fact] = {"status": answer.status, "redirects": answer.redirects}
        if not self._is_expected(answer.status):
            return CheckResult(
                Outcome.FAILED, "http_bad_status", {"status": answer.status}, evidence, taken_ms
            )
        code, params = self._judge_body(answer)
        if code:
            return CheckResult(Outcome.FAILED, code, params, evidence, taken_ms)
        return CheckResult(Outcome.OK, "http_answers", {"status": answer.status}, evidence, taken_ms)

    async def _ask(self) -> _Answer:
        guard = AddressGuard()
        try:
            async with aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=guard, use_dns_cache=False, force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                # The runner's limit is the only one: aiohttp's own would end long checks earlier.
                timeout=aiohttp.ClientTimeout(total=None),
                # Unpacking is how a small answer becomes a large one.
                auto_decompress=False,
                trust_env=False,
            ) as session:
                return await self._follow(session, guard)
        except aiohttp.ClientConnectorDNSError as error:
            if isinstance(error.os_error, AddressRefused):
                raise AddressRefused from error
            raise
        finally:
            await guard.close()

    async def _follow(self, session: aiohttp.ClientSession, guard: AddressGuard) -> _Answer:
        url = first = URL(self.config.url.replace(PORT, str(self.context.port)))
        method = self.config.method
        for redirects in range(REDIRECTS_AT_MOST + 1):
            try:
                guard.admit_literal(url.host or "")
                async with session.request(
                    method, url, headers=self._headers(url, first), allow_redirects=False
                ) as answer:
                    if not self._is_redirect(answer):
                        return await self._read(answer, redirects)
                    location = answer.headers["Location"]
                    if answer.status not in _KEEP_METHOD and method is Method.POST:
                        method = Method.GET
            except (AddressRefused, aiohttp.ClientConnectorDNSError) as error:
                if redirects and _is_refusal(error):
                    raise _RedirectRefused("address") from error
                raise
            url = _next(url, location)
        raise _RedirectRefused("too_many")

    def _headers(self, url: URL, first: URL) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity"}
        token = self.config.bearer_token.get_secret_value()
        if token and url.origin() == first.origin():
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def _is_redirect(self, answer: aiohttp.ClientResponse) -> bool:
        is_wanted = answer.status in self.config.expected_status
        return answer.status in _REDIRECTS and "Location" in answer.headers and not is_wanted

    def _is_expected(self, status: int) -> bool:
        wanted = self.config.expected_status
        return status in wanted if wanted else status < REFUSED_FROM

    async def _read(self, answer: aiohttp.ClientResponse, redirects: int) -> _Answer:
        body = bytearray()
        while len(body) <= BODY_AT_MOST_BYTES:
            chunk = await answer.content.read(BODY_AT_MOST_BYTES + 1 - len(body))
            if not chunk:
                break
            body += chunk
        is_whole = len(body) <= BODY_AT_MOST_BYTES
        return _Answer(answer.status, redirects, answer.content_type, bytes(body), is_whole)

    def _judge_body(self, answer: _Answer) -> tuple[str, dict[str, Fact]]:
        """Say what is wrong with a body; an empty code where nothing is."""
        config = self.config
        if config.method is Method.HEAD:
            return "", {}
        if config.expected_text and config.expected_text not in answer.text():
            return "http_text_missing", {"text": config.expected_text[:_SHOWN_AT_MOST]}
        try:
            document = answer.document()
        except ValueError:
            return ("http_no_json", {"field": config.json_field}) if config.json_field else ("", {})
        if config.json_field:
            found = _at(document, config.json_field)
            if not _is_value(found, config.json_value):
                return "http_json_wrong", {"field": config.json_field, "found": _shown(found)}
        elif config.detects_error_body and "json" in answer.content_type:
            field = _error_field(document)
            if field:
                return "http_error_body", {"field": field}
        return "", {}


def _next(url: URL, location: str) -> URL:
    try:
        found = url.join(URL(location))
    except ValueError:
        raise _RedirectRefused("unreadable") from None
    if found.scheme not in SCHEMES or not found.host:
        raise _RedirectRefused("scheme")
    if found.user is not None or found.password is not None:
        raise _RedirectRefused("credentials")
    return found


def _is_refusal(error: AddressRefused | aiohttp.ClientConnectorDNSError) -> bool:
    return isinstance(error, AddressRefused) or isinstance(error.os_error, AddressRefused)


def _cause(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    return type(error).__name__


def _at(document: JSON, path: str) -> JSON:
    found = document
    for part in path.split("."):
        if isinstance(found, dict):
            found = found.get(part)
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found


def _is_value(found: JSON, wanted: str) -> bool:
    if not wanted:
        return found is not None and found is not False
    return wanted == (found if isinstance(found, str) else json.dumps(found))


def _shown(found: JSON) -> str:
    """A value of the body for people; a whole part of it could be anything."""
    if isinstance(found, dict | list):
        return "{...}" if isinstance(found, dict) else "[...]"
    return json.dumps(found, ensure_ascii=False)[:_SHOWN_AT_MOST]


def _error_field(document: JSON) -> str:
    """Name the field by which a body says that it is an error; empty where none does."""
    if not isinstance(document, Mapping):
        return ""
    for name in ("success", "ok", "healthy"):
        if document.get(name) is False:
            return name
    status = document.get("status")
    if isinstance(status, str) and status.lower() in _BAD_WORDS:
        return "status"
    # `error: null` or an empty one is how well-behaved services say that there is none.
    return "error" if document.get("error") else ""

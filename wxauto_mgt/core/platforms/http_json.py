"""HTTP with JSON for platform plugins: limits, translation of aiohttp's errors, one record per request.

Owns no retries and no meaning of an answer beyond its status. Plugins that speak HTTP make one each.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Final, TypeAlias

import aiohttp

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.platforms.contract import PluginContext
from wxauto_mgt.core.wire import CallRecord
from wxauto_mgt.errors import PlatformError, PlatformPermanent, PlatformTransient

CONNECT_TIMEOUT_S: Final = 10.0
MAX_BODY_BYTES: Final = 2 * 1024 * 1024  # replies are texts; more is not one
KEEP_ALIVE_S: Final = 4.0  # uvicorn closes after 5: a POST must not meet a connection that is just closing
_RETRY_AFTER_DIGITS: Final = 9
FOREIGN_ERRORS: Final = (aiohttp.ClientError, TimeoutError, OSError)

Headers: TypeAlias = Mapping[str, str]


@dataclass(frozen=True)
class JsonAnswer:
    """A whole answer with status 200-299 and a JSON body."""

    status: int
    document: JSON


class JsonHttp:
    """A session for one platform. Make it on the event loop; close it.

    Args:
        headers: sent with each request; their values never appear in a repr, log or error.
    """

    def __init__(self, *, base_url: str, headers: Headers, context: PluginContext) -> None:
        self._base_url = base_url
        self._context = context
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(keepalive_timeout=KEEP_ALIVE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={**headers, "Accept": "application/json"},
            # aiohttp's own total of 300 s would leave a timer on Qt's loop for each request.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
            trust_env=False,
        )

    def __repr__(self) -> str:
        return f"<JsonHttp {self._context.target}>"

    async def request(self, method: str, route: str, *, timeout_s: float, body: JSON = None) -> JsonAnswer:
        """Make one request. Never repeats it, never follows a redirect.

        Args:
            route: path below the base address, from a bounded set: it is recorded.

        Raises:
            PlatformTransient, PlatformPermanent: no whole 2xx answer with a JSON body.
        """
        record = _Record(self._context, route)
        with record:
            status, headers, raw = await self._exchange(method, route, timeout_s, body)
            if not 200 <= status < 300:
                raise failure_of(status, headers, raw, now=self._context.clock.now())
            try:
                return JsonAnswer(status, json.loads(raw))
            except (ValueError, RecursionError):
                raise PlatformTransient("platform_answer_unreadable", status=status) from None

    async def close(self) -> None:
        """Close the connections; calling it again does nothing."""
        await self._session.close()

    async def _exchange(
        self, method: str, route: str, timeout_s: float, body: JSON
    ) -> tuple[int, Headers, bytes]:
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._session.request(
                    method, self._base_url + route, json=body, allow_redirects=False
                ) as response,
            ):
                raw = bytearray()
                async for chunk in response.content.iter_any():
                    raw += chunk
                    if len(raw) > MAX_BODY_BYTES:
                        raise PlatformPermanent("platform_answer_too_large", limit_bytes=MAX_BODY_BYTES)
                return response.status, response.headers, bytes(raw)
        except FOREIGN_ERRORS as error:
            raise translate(error) from error
        except RuntimeError as error:
            if self._session.closed:
                raise PlatformTransient("platform_connection_lost", transport=True) from error
            raise


class _Record:
    """Reports one request when it ends, however it ends."""

    def __init__(self, context: PluginContext, route: str) -> None:
        self._context = context
        self._route = route
        self._started_s = context.clock.monotonic()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        code = None
        if error is not None:
            code = error.code if isinstance(error, PlatformError) else "cancelled"
        duration_s = self._context.clock.monotonic() - self._started_s
        self._context.on_call(CallRecord(self._context.target, self._route, error is None, duration_s, code))


def translate(error: BaseException) -> PlatformError:
    """Return our error for a foreign one. The foreign text stays behind: it may quote the request."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return PlatformTransient("platform_unknown_host", transport=True)
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return PlatformTransient("platform_tls_failed", transport=True)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return PlatformTransient("platform_unreachable", transport=True)
    if isinstance(error, TimeoutError):
        return PlatformTransient("platform_timed_out", transport=True, overload=True)
    if isinstance(error, aiohttp.ClientConnectorError):
        return PlatformTransient("platform_unreachable", transport=True)
    if isinstance(error, aiohttp.InvalidURL | aiohttp.RedirectClientError):
        return PlatformPermanent("platform_bad_address")
    if isinstance(error, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError | OSError):
        return PlatformTransient("platform_connection_lost", transport=True)
    # What is left: an answer that is not HTTP.
    return PlatformTransient("platform_answer_unreadable", transport=True)


def failure_of(status: int, headers: Headers, raw: bytes, *, now: datetime) -> PlatformError:
    """Judge an answer by its status; only the symbol in its body is kept, its text may quote the request."""
    symbol = error_symbol(raw)
    retry_after_s = retry_after(headers.get("Retry-After"), now=now)
    if status == 429 and symbol == "insufficient_quota":
        return PlatformPermanent("platform_quota_exhausted", status=status)
    if status == 429:
        return PlatformTransient(
            "platform_rate_limited", retry_after_s=retry_after_s, overload=True, status=status
        )
    if status >= 500:
        return PlatformTransient(
            "platform_server_failed", retry_after_s=retry_after_s, transport=True, status=status
        )
    if status in (408, 409, 425):
        return PlatformTransient("platform_try_again", retry_after_s=retry_after_s, status=status)
    if status in (401, 403):
        return PlatformPermanent("platform_unauthorized", status=status)
    if status == 404:
        return PlatformPermanent("platform_not_found", status=status, detail=symbol)
    if 300 <= status < 400:
        return PlatformPermanent("platform_redirected", status=status)
    return PlatformPermanent("platform_refused", status=status, detail=symbol)


def error_symbol(raw: bytes) -> str | None:
    """The `error.code` or `error.type` of a JSON error body, when it looks like a symbol."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        return None
    for name in ("code", "type"):
        value = error.get(name)
        if isinstance(value, str) and value.isascii() and value.isidentifier() and len(value) <= 40:
            return value
    return None


def retry_after(value: str | None, *, now: datetime) -> float | None:
    """Seconds to wait from a `Retry-After` header: seconds or a date; None when absent or senseless."""
    if value is None:
        return None
    if value.isascii() and value.isdigit() and len(value) <= _RETRY_AFTER_DIGITS:
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):
        return None

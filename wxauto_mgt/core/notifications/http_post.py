"""HTTP POST of JSON for channels: limits, and a refusal told apart from a lost answer.

Owns no retries and no meaning of a body. One per application; channels that speak HTTP share it.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp
from pydantic import SecretStr
from yarl import URL

from wxauto_mgt.core.config.field_checks import split_address
from wxauto_mgt.core.config.model import JSON, refuse
from wxauto_mgt.core.platforms.http_json import retry_after
from wxauto_mgt.errors import ChannelError, ChannelPermanent, ChannelTransient
from wxauto_mgt.runtime.clock import Clock

CONNECT_TIMEOUT_S: Final = 10.0
TIMEOUT_S: Final = 20.0
MAX_BODY_BYTES: Final = 256 * 1024
_FOREIGN_ERRORS: Final = (aiohttp.ClientError, TimeoutError, OSError)


@dataclass(frozen=True)
class PostAnswer:
    """A whole answer with status 200-299."""

    status: int
    raw: bytes

    def document(self) -> Mapping[str, JSON]:
        """The body as a JSON object.

        Raises:
            ChannelTransient: it is none.
        """
        try:
            document = json.loads(self.raw)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise ChannelTransient("channel_answer_unreadable", may_have_arrived=True, status=self.status)
        return document


class HttpPost:
    """A session for all channels. Make it on the event loop; close it."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._session = aiohttp.ClientSession(
            # A connection for each notice: they are few, and a kept one may be just closing.
            connector=aiohttp.TCPConnector(force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            # aiohttp's own total of 300 s would leave a timer on Qt's loop for each request.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
            trust_env=False,
        )

    async def post(
        self,
        url: str,
        document: JSON,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> PostAnswer:
        """Make one request. Never repeats it, never follows a redirect.

        Raises:
            ChannelTransient, ChannelPermanent: no whole 2xx answer came.
        """
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._session.post(
                    # encoded=True: a signature in the query must go out as it was written.
                    URL(url, encoded=True),
                    json=document,
                    headers=headers,
                    allow_redirects=False,
                ) as response,
            ):
                raw = await _bounded_body(response)
        except _FOREIGN_ERRORS as error:
            raise translate(error) from error
        except RuntimeError as error:
            if self._session.closed:
                raise ChannelTransient("channel_connection_lost") from error
            raise
        if not 200 <= response.status < 300:
            wait_s = retry_after(response.headers.get("Retry-After"), now=self._clock.now())
            raise failure_of(response.status, wait_s)
        return PostAnswer(response.status, raw)

    async def close(self) -> None:
        """Close the connections; calling it again does nothing."""
        await self._session.close()


async def _bounded_body(response: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for chunk in response.content.iter_any():
        raw += chunk
        if len(raw) > MAX_BODY_BYTES:
            raise ChannelPermanent("channel_answer_too_large", limit_bytes=MAX_BODY_BYTES)
    return bytes(raw)


def translate(error: BaseException) -> ChannelError:
    """Return our error for a foreign one. The foreign text stays behind: it may quote the address."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return ChannelTransient("channel_unknown_host")
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return ChannelTransient("channel_tls_failed")
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return ChannelTransient("channel_unreachable")
    if isinstance(error, aiohttp.InvalidURL | aiohttp.RedirectClientError):
        return ChannelPermanent("channel_bad_address")
    if isinstance(error, TimeoutError):
        return ChannelTransient("channel_timed_out", may_have_arrived=True)
    if isinstance(error, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError | OSError):
        return ChannelTransient("channel_connection_lost", may_have_arrived=True)
    # What is left: an answer that is not HTTP.
    return ChannelTransient("channel_answer_unreadable", may_have_arrived=True)


def failure_of(status: int, retry_after_s: float | None) -> ChannelError:
    """Judge an answer by its status; its body stays behind."""
    if status == 429:
        return ChannelTransient("channel_rate_limited", retry_after_s=retry_after_s, status=status)
    if status >= 500:
        return ChannelTransient("channel_server_failed", retry_after_s=retry_after_s, status=status)
    if status in (408, 409, 425):
        return ChannelTransient("channel_try_again", retry_after_s=retry_after_s, status=status)
    if 300 <= status < 400:
        return ChannelPermanent("channel_redirected", status=status)
    return ChannelPermanent("channel_refused", status=status)


def check_hook_url(value: SecretStr) -> SecretStr:
    """Return the address, or refuse what is not a plain http(s) address; it may have a query."""
    text = value.get_secret_value()
    if not text.strip():
        raise refuse("missing")
    parts = split_address(text)
    if parts.scheme not in ("http", "https"):
        # The scheme of a mistyped secret may be part of it.
        raise refuse("hook_scheme")
    if parts.username is not None or parts.password is not None:
        raise refuse("url_credentials")
    if not parts.hostname:
        raise refuse("url_host")
    return value

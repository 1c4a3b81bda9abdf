"""One HTTP request to an instance: limits, timeouts, and the bytes of an answer even when it breaks off.

Knows HTTP and aiohttp, not the protocol's meaning. Called by the client only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp

from wxauto_mgt.core.instances.http_errors import FOREIGN_ERRORS, translate
from wxauto_mgt.core.instances.message_rows import JSON
from wxauto_mgt.errors import InstanceAnswerUnreadable, InstanceError, InstanceTimedOut, InstanceUnreachable
from wxauto_mgt.runtime.clock import Clock

CONNECT_TIMEOUT_S: Final = 5.0
CLIENT_CLOSED: Final = "instance_client_closed"
"""Code of a request that was refused here; no byte of it left this machine."""
MAX_BODY_BYTES: Final = 64 * 1024 * 1024
SLOW_BODY_FACTOR: Final = 5
"""Judgement call: a body that keeps coming may take this many read timeouts before it is given up."""


@dataclass(frozen=True)
class RawAnswer:
    """Status and bytes of an answer.

    Attributes:
        broken: why the body ended before its time; None for a whole one.
    """

    status: int
    body: bytes
    duration_s: float
    broken: InstanceError | None = None


class Transport:
    """An aiohttp session for one server. Make it on the event loop; close it.

    Args:
        headers: sent with each request; their values never appear in a repr, log or error.
    """

    def __init__(
        self,
        *,
        instance_id: str,
        base_url: str,
        headers: Mapping[str, str],
        clock: Clock,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._instance_id = instance_id
        self._base_url = base_url
        self._clock = clock
        self._max_body_bytes = max_body_bytes
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._is_closing = False
        self._session = aiohttp.ClientSession(
            # The server closes each connection; there is nothing to keep.
            connector=aiohttp.TCPConnector(force_close=True, limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={**headers, "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            trust_env=False,
        )
        # WORKAROUND https://github.com/aio-libs/aiohttp (client.py, `retry_persistent_connection`): a GET
        # whose connection breaks before the answer is sent again unasked, on fresh connections too. Of a
        # destructive read that loses the first answer without a trace; there is no public switch.
        self._session._retry_connection = False  # noqa: SLF001

    def __repr__(self) -> str:
        return f"<Transport {self._instance_id}>"

    async def request(
        self,
        method: str,
        route: str,
        *,
        timeout_s: float,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, JSON] | None = None,
        keep_partial: bool = False,
    ) -> RawAnswer:
        """Make one request. Never repeats it, never follows a redirect.

        Args:
            timeout_s: for the whole call; with `keep_partial`, for each silence while a body still comes.
            keep_partial: return what came of a body that broke off instead of raising.

        Raises:
            InstanceError: no answer, or (without `keep_partial`) no whole one.
        """
        if self._is_closing:
            raise InstanceUnreachable(CLIENT_CLOSED, instance_id=self._instance_id, route=route)
        self._in_flight += 1
        self._idle.clear()
        try:
            return await self._request(method, route, timeout_s, query, body, keep_partial)
        finally:
            self._in_flight -= 1
            if self._in_flight == 0:
                self._idle.set()

    async def _request(
        self,
        method: str,
        route: str,
        timeout_s: float,
        query: Mapping[str, str] | None,
        body: Mapping[str, JSON] | None,
        keep_partial: bool,
    ) -> RawAnswer:
        started_s = self._clock.monotonic()
        limits = aiohttp.ClientTimeout(
            total=None,
            connect=min(CONNECT_TIMEOUT_S, timeout_s),
            sock_read=timeout_s if keep_partial else None,
        )
        received = bytearray()
        status: int | None = None
        broken: InstanceError | None = None
        try:
            # With `keep_partial` the limit on silence suffices: a timer for the whole call would be one more
            # that Qt's loop keeps alive to its end.
            async with asyncio.timeout(None if keep_partial else timeout_s):
                async with self._session.request(
                    method,
                    self._base_url + route,
                    params=query,
                    json=body,
                    timeout=limits,
                    allow_redirects=False,
                ) as response:
                    status = response.status
                    broken = await self._read_body(
                        response, received, started_s + timeout_s * SLOW_BODY_FACTOR
                    )
        except FOREIGN_ERRORS as error:
            broken = translate(error)
            broken.__cause__ = error
        if broken is not None:
            broken.facts = {"instance_id": self._instance_id, "route": route, **broken.facts}
            if status is None or not keep_partial:
                raise broken
        return RawAnswer(status or 0, bytes(received), self._clock.monotonic() - started_s, broken)

    async def _read_body(
        self, response: aiohttp.ClientResponse, received: bytearray, give_up_at_s: float
    ) -> InstanceError | None:
        stream = response.content
        try:
            async for chunk in stream.iter_any():
                received += chunk
                if len(received) > self._max_body_bytes:
                    return InstanceAnswerUnreadable("instance_answer_too_large")
                if self._clock.monotonic() > give_up_at_s:
                    return InstanceTimedOut("instance_answer_too_slow")
        except BaseException:
            # WORKAROUND https://github.com/aio-libs/aiohttp/issues/3026: once the connection breaks, the
            # stream raises before it hands out bytes that had already arrived; they may hold messages.
            received += b"".join(stream._buffer)  # noqa: SLF001
            raise
        return None

    async def close(self, *, timeout_s: float) -> None:
        """Refuse new requests, let those in flight finish for `timeout_s`, then cut them off."""
        self._is_closing = True
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            pass
        finally:
            await self._session.close()

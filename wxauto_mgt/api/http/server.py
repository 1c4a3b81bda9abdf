"""Listens: uvicorn's protocol and configuration in the console's own loop, without its server.

Its `Server` would take the process's signals and tick ten times a second; all that is needed of it stands
here. Owns the socket, the open connections and their end. `app.http` opens and closes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.server import ServerState

from wxauto_mgt.api.http.protocol import BoundedProtocol, ConnectionLimits, Sentence
from wxauto_mgt.errors import PermanentError, TransientError

_log = logging.getLogger(__name__)

BACKLOG: Final = 256
_ACCEPTED_A_ROUND: Final = 4
STOP_S: Final = 2.0
_CANCELLED_S: Final = 0.5
_RESOLVE_S: Final = 5.0


@dataclass(frozen=True)
class Address:
    """Where a server listens."""

    host: str
    port: int
    has_tls: bool

    @property
    def url(self) -> str:
        """What a program of this machine calls."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - only read
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self.has_tls else 'http'}://{shown}:{self.port}"


class HttpServer:
    """One listening socket and its connections. Make it with `open`."""

    def __init__(
        self,
        *,
        address: Address,
        server: asyncio.Server,
        state: ServerState,
        lost: asyncio.Event,
        end_streams: Callable[[], None],
    ) -> None:
        self.address = address
        self._lost = lost
        self._server = server
        self._state = state
        self._end_streams = end_streams

    @classmethod
    async def open(
        cls,
        app: ASGIApp,
        *,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        limits: ConnectionLimits,
        sentence: Sentence,
        end_streams: Callable[[], None],
    ) -> Self:
        """Bind and listen.

        Args:
            port: 0 = any that is free.
            end_streams: tells the endless answers to end.

        Raises:
            TransientError: `port_taken`.
            PermanentError: the address cannot be listened at.
        """
        # uvicorn's own TLS, logging, signals and lifespan stay out of it.
        config = Config(
            app,
            http=BoundedProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=limits.keep_alive_s,
        )
        config.load()
        state, lost = ServerState(), asyncio.Event()

        def connection() -> BoundedProtocol:
            return BoundedProtocol(
                config=config, state=state, limits=limits, sentence=sentence, on_lost=lost.set
            )

        loop = asyncio.get_running_loop()
        listening = await _bind(loop, host, port)
        bound_port = listening.getsockname()[1]
        try:
            server = await loop.create_server(
                connection,
                sock=listening,
                ssl=tls,
                backlog=_ACCEPTED_A_ROUND,
                ssl_handshake_timeout=limits.receive_timeout_s if tls is not None else None,
            )
            # asyncio takes one number for both: how many may wait, and how many are let in at a stretch.
            listening.listen(BACKLOG)
        except BaseException:
            listening.close()
            raise
        return cls(
            address=Address(host, bound_port, tls is not None),
            server=server,
            state=state,
            lost=lost,
            end_streams=end_streams,
        )

    @property
    def connection_count(self) -> int:
        """Connections that are open now."""
        return len(self._state.connections)

    async def close(self) -> None:
        """Take no more, let what is under way end for a moment, then end it."""
        self._server.close()
        self._end_streams()
        for connection in list(self._state.connections):
            connection.shutdown()
        await self._wait_until_idle(STOP_S)
        for task in list(self._state.tasks):
            task.cancel()
        for connection in list(self._state.connections):
            if isinstance(connection, BoundedProtocol):
                connection.abort()
        await self._wait_until_idle(_CANCELLED_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CANCELLED_S):
                await self._server.wait_closed()
        if self._state.connections or self._state.tasks:
            _log.warning("the HTTP server ended with %d connections open", len(self._state.connections))

    async def _wait_until_idle(self, longest_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                while self._state.tasks:
                    await asyncio.wait(list(self._state.tasks))
                while self._state.connections:
                    self._lost.clear()
                    await self._lost.wait()


async def _bind(loop: asyncio.AbstractEventLoop, host: str, port: int) -> socket.socket:
    try:
        async with asyncio.timeout(_RESOLVE_S):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, TimeoutError) as error:
        raise PermanentError("api_host_unusable", host=host, port=port) from error
    family, kind, _, _, address = found[0]
    # The protocol must be named: without it asyncio leaves Nagle's algorithm on, 44 ms for each request.
    listening = socket.socket(family, kind, socket.IPPROTO_TCP)
    try:
        listening.setblocking(False)
        _claim(listening)
        listening.bind(address)
    except OSError as error:
        listening.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise TransientError("api_port_taken", host=host, port=port) from error
        raise PermanentError("api_host_unusable", host=host, port=port) from error
    return listening


def _claim(listening: socket.socket) -> None:
    """On Windows nobody else may bind beside us; elsewhere a restart may follow at once."""
    exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR if exclusive is None else exclusive, 1)
    if listening.family == socket.AF_INET6:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)

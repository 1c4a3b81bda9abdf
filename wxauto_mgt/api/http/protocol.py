"""One connection: uvicorn's httptools protocol with what it lacks, limits in time, size and number.

Owns the limits below HTTP; what stands in a request is for `security`. The server makes one per connection.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from wxauto_mgt.api.http.problems import PROBLEM_JSON, problem_body, title_of

# uvicorn warns at each bad byte and reports cancelled streams as errors; what matters is logged above it. A
# logger of the registry would be muted for everybody.
_NO_WIRE_LOG: Final = logging.Logger("uvicorn", level=logging.CRITICAL + 1)  # noqa: LOG001
_SPARE_BYTES: Final = 256 * 1024
_LAST_BYTES_S: Final = 2.0
REFUSED_POLITELY: Final = 32
"""So many connections above the cap are told so at a time."""
# What is parsed at a time: the smallest request has 18 bytes, and each costs the loop's time and memory.
_PIECE_BYTES: Final = 2 * 1024

Sentence = Callable[[str], str]


class _PoliteTransport:
    """What uvicorn writes to. Closing goes by the protocol, which knows whether the client still sends."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.inner = transport
        self.close = close
        self.has_hung_up = False

    def is_closing(self) -> bool:
        return self.has_hung_up or self.inner.is_closing()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@dataclass(frozen=True)
class ConnectionLimits:
    """What one server takes.

    Attributes:
        receive_timeout_s: for head and body of one request together.
        write_timeout_s: how long a client may read nothing of what waits for it.
    """

    max_connections: int = 100
    max_head_bytes: int = 32 * 1024
    max_headers: int = 64
    max_body_bytes: int = 1024 * 1024
    receive_timeout_s: float = 10.0
    write_timeout_s: float = 20.0
    keep_alive_s: int = 30


class BoundedProtocol(HttpToolsProtocol):
    """A connection that cannot be held open by sending slowly, nor filled by sending much.

    Args:
        sentence: the words of a refusal, by its code.
    """

    def __init__(
        self,
        *,
        config: Config,
        state: ServerState,
        limits: ConnectionLimits,
        sentence: Sentence,
        on_lost: Callable[[], None],
    ) -> None:
        super().__init__(config=config, server_state=state, app_state={})
        self.logger = _NO_WIRE_LOG
        self.access_log = False
        self._limits = limits
        self._sentence = sentence
        self._on_lost = on_lost
        self._receive_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._end_timer: asyncio.TimerHandle | None = None
        self._held = bytearray()
        self._running: RequestResponseCycle | None = None
        self._is_in_head = True
        self._is_here = True
        self._received = 0
        self._header_count = 0
        self._refusal: tuple[int, str] = (400, "bad_request")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or refuse it where there are enough."""
        polite: Any = _PoliteTransport(transport, self._hang_up)
        super().connection_made(polite)
        too_many = len(self.connections) - self._limits.max_connections
        if too_many > REFUSED_POLITELY:
            self._abort()  # whoever is refused may stay a while to read why, and uses up a socket meanwhile
        elif too_many > 0:
            self._refuse(503, "too_many_connections")
        else:
            self._begin_receiving()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers with the connection."""
        for timer in (self._receive_timer, self._write_timer, self._end_timer, self.timeout_keep_alive_task):
            if timer is not None:
                timer.cancel()
        self._receive_timer = self._write_timer = self._end_timer = None
        self._held.clear()
        self._end_cycles()
        super().connection_lost(exc)
        self._on_lost()

    def data_received(self, data: bytes) -> None:
        """Take what comes; while a request waits for its turn, what follows it waits unparsed."""
        if self.transport.is_closing():
            return
        self._held += data
        self._parse_held()
        if self._held and not self.transport.is_closing():
            self.flow.pause_reading()

    def on_response_complete(self) -> None:
        """An answer is out: go on with what waited."""
        super().on_response_complete()
        self._parse_held()

    def _parse_held(self) -> None:
        while self._held and not self.pipeline and not self.transport.is_closing():
            piece = bytes(self._held[:_PIECE_BYTES])
            del self._held[:_PIECE_BYTES]
            self._parse(piece)

    def _parse(self, data: bytes) -> None:
        """Count what comes, then let it be parsed."""
        self._received += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        limits = self._limits
        if self._is_in_head and self._received > limits.max_head_bytes:
            self._refuse(431, "head_too_large")
        elif self._received > limits.max_head_bytes + limits.max_body_bytes + _SPARE_BYTES:
            self._refuse(413, "body_too_large")
        elif self.cycle is None or self.cycle.response_complete:
            self._begin_receiving()  # line ends alone begin no request, yet end the wait for one

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be parsed, or what a callback refused; `msg` is uvicorn's English."""
        self._refuse(*self._refusal)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._is_in_head = True
        self._is_here = False
        self._header_count = 0
        self._begin_receiving()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, unless there are too many."""
        self._header_count += 1
        if self._header_count > self._limits.max_headers:
            self._refusal = (431, "too_many_headers")
            raise ValueError("too many headers")
        if self._is_in_head:  # what follows a body in pieces is no header, whatever it is called
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin the request, unless its head is too large."""
        head_bytes = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if head_bytes > self._limits.max_head_bytes:
            self._refusal = (431, "head_too_large")
            raise ValueError("head too large")
        if self.parser.should_upgrade() and self._has_body():
            raise ValueError("the parser would take the body for the next request")
        self._is_in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is here: its time no longer runs."""
        if self._receive_timer is not None:
            self._receive_timer.cancel()
            self._receive_timer = None
        self._received = 0
        self._is_here = True
        super().on_message_complete()

    def pause_writing(self) -> None:
        """The client does not read; give it a while."""
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(self._limits.write_timeout_s, self._abort)

    def resume_writing(self) -> None:
        """The client reads again."""
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        super().resume_writing()

    def shutdown(self) -> None:
        """End the connection when its answer is out; at once when none is under way."""
        if self.cycle is None or self.cycle.response_complete:
            self._is_here = True  # half a request will have no answer: nothing to wait for
        super().shutdown()

    def abort(self) -> None:
        """End the connection without waiting for anybody."""
        self._abort()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _end_cycles(self) -> None:
        self.pipeline.clear()
        for cycle in (self._running, self.cycle):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()

    def _has_body(self) -> bool:
        given = dict(self.headers)
        return b"transfer-encoding" in given or given.get(b"content-length", b"0") != b"0"

    def _begin_receiving(self) -> None:
        if self._receive_timer is None:
            self._receive_timer = self.loop.call_later(self._limits.receive_timeout_s, self._too_slow)

    def _too_slow(self) -> None:
        self._receive_timer = None
        if self.pipeline or (self.cycle is not None and self._is_answering()):
            self._begin_receiving()  # the next request waits for the answer to this one, through no fault
        elif self._received:
            self._refuse(408, "request_too_slow")
        else:
            self.transport.close()

    def _is_answering(self) -> bool:
        return not self.cycle.response_complete and not self.cycle.more_body

    def _refuse(self, status: int, code: str) -> None:
        """Say why, unless an answer has begun, and hang up."""
        if self.transport.is_closing():
            return
        running = self._running
        has_begun = running is not None and running.response_started and not running.response_complete
        if not has_begun:
            body = problem_body(status, code, self._sentence(code), uuid.uuid4().hex[:16])
            head = (
                f"HTTP/1.1 {status} {title_of(status)}\r\ncontent-type: {PROBLEM_JSON}\r\n"
                f"content-length: {len(body)}\r\ncache-control: no-store\r\nconnection: close\r\n"
            )
            if status == 503:
                head += "retry-after: 1\r\n"
            self.transport.write(head.encode() + b"\r\n" + body)
        self._end_cycles()  # what still works on an answer must not write behind this one
        self._is_here = False
        self._hang_up()

    def _hang_up(self) -> None:
        """Close once the last bytes are out; nobody may hold the connection open by not reading them.

        While the client still sends, a close would throw our answer away with what was not read: then only
        our side ends, and what comes is dropped for a while.
        """
        transport: Any = self.transport
        if transport.is_closing():
            return
        transport.has_hung_up = True
        self._held.clear()
        if self._is_here or not transport.can_write_eof():
            transport.inner.close()
        else:
            transport.write_eof()
            self.flow.resume_reading()
        self._end_timer = self.loop.call_later(_LAST_BYTES_S, self._abort)

    def _abort(self) -> None:
        transport: Any = self.transport
        if transport is not None:
            transport.abort()

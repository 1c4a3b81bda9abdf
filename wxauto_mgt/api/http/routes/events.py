"""`GET /api/events`: what happens, as server-sent events that a client can resume.

Owns the stream's form: ids, comments that keep it alive, gaps that are told. What happened is the feed's.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from wxauto_mgt.api.http.access import READS, problems
from wxauto_mgt.api.http.event_feed import EventFeed, FeedEvent, counted
from wxauto_mgt.api.http.problems import ProblemError, as_json
from wxauto_mgt.api.http.security import GRANT
from wxauto_mgt.core.access.model import Grant
from wxauto_mgt.core.logs.record import Category, Level, LogEntry
from wxauto_mgt.core.logs.ring import Tail

PATH: Final = "/api/events"
EVENT_STREAM: Final = "text/event-stream"
ALIVE_EVERY_S: Final = 15.0
MOST_STREAMS: Final = 20
_LOGS_EVERY_S: Final = 0.5
_TOKEN_LOOKED_AT_EVERY_S: Final = 1.0
_PAUSE_S: Final = 0.1
_RETRY_MS: Final = 3_000
_MOST_LOGS: Final = 500
_ID: Final = re.compile(r"(?P<run>[0-9a-f]{8})-(?P<event>[0-9]{1,18})-(?P<log>[0-9]{1,18})\Z")


@dataclass(frozen=True)
class Sources:
    """What streams read.

    Attributes:
        run: of this console, so that a client notices another one.
        logs: the newest records after a number, at most so many.
        admits: whether a token still lets its holder in; a stream ends when it does not.
        alive_every_s: a comment comes at least that often.
    """

    run: str
    feed: EventFeed
    logs: Callable[[int, int], Tail]
    admits: Callable[[Grant], bool]
    alive_every_s: float = ALIVE_EVERY_S


@dataclass(frozen=True)
class LogFilter:
    """Which log records are wanted."""

    level: Level
    category: Category | None

    def takes(self, entry: LogEntry) -> bool:
        """Whether a record is wanted."""
        return entry.level.number >= self.level.number and self.category in (None, entry.category)


@dataclass
class _Place:
    """How far a client is."""

    run: str
    event: int
    log: int

    def __str__(self) -> str:
        return f"{self.run}-{self.event}-{self.log}"


class _Watching(StreamingResponse):
    """A stream that counts as open from the answer's making to its end, however it ends."""

    def __init__(self, content: AsyncGenerator[bytes, None], leave: Callable[[], None]) -> None:
        super().__init__(content, media_type=EVENT_STREAM, headers={"x-accel-buffering": "no"})
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()


def event_routes(sources: Sources) -> APIRouter:
    """Make the route."""
    router = APIRouter(tags=["events"], dependencies=[READS])

    @router.get(
        PATH,
        summary="What happens, as it happens (server-sent events; resumes after Last-Event-ID)",
        response_class=StreamingResponse,
        responses={
            **problems(503),
            200: {
                "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
                "description": "Events `messages`, `alert`, `check`, `health`, `config`, `log`; `gap` where"
                " some are lost, `dropped` before a stream ends whose client was too slow",
            },
        },
    )
    async def get_events(
        request: Request,
        logs: Annotated[Level | None, Query(description="Log records of this level and above")] = None,
        category: Annotated[Category | None, Query(description="Log records of this category only")] = None,
        last_event_id: Annotated[str | None, Header(max_length=100)] = None,
    ) -> StreamingResponse:
        feed = sources.feed
        if feed.watcher_count >= MOST_STREAMS:
            raise ProblemError(503, "too_many_streams", headers={"retry-after": "5"}, most=MOST_STREAMS)
        grant: Grant = request.scope[GRANT]
        wanted = None if logs is None else LogFilter(logs, category)
        waiting = feed.watch()
        return _Watching(
            _stream(sources, wanted, last_event_id, waiting, lambda: sources.admits(grant)),
            leave=lambda: feed.leave(waiting),
        )

    return router


async def _stream(
    sources: Sources,
    wanted: LogFilter | None,
    resume: str | None,
    waiting: asyncio.Event,
    is_admitted: Callable[[], bool],
) -> AsyncGenerator[bytes, None]:
    feed, generation = sources.feed, sources.feed.generation
    place, lost = _begin(sources, resume)
    yield f"retry: {_RETRY_MS}\n\n".encode()
    if lost != 0:
        yield _event("gap", place, {"missed": lost})
    clock = asyncio.get_running_loop().time
    is_first, told_s = True, clock()
    while feed.generation == generation and is_admitted():
        waiting.clear()
        read = feed.read(place.event)
        if read.missed:
            place.event = read.events[0].number - 1
            yield _event("gap" if is_first else "dropped", place, {"missed": read.missed})
            if not is_first:
                return
        is_first = False
        parts = [*_events(read.events, place), *_logs(sources, wanted, place)]
        if parts:
            yield b"".join(parts)
            told_s = clock()
            # A burst is sent in bundles, and a slow client gets fewer and larger ones.
            await asyncio.sleep(_PAUSE_S)
            continue
        left_s = told_s + sources.alive_every_s - clock()
        if left_s <= 0:
            yield b": alive\n\n"
            told_s = clock()
            continue
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(
                min(left_s, _TOKEN_LOOKED_AT_EVERY_S if wanted is None else _LOGS_EVERY_S)
            ):
                await waiting.wait()


def _begin(sources: Sources, resume: str | None) -> tuple[_Place, int | None]:
    """Where to begin, and how many events are lost: None = unknown, of another run."""
    newest = sources.logs(0, 1).cursor
    here = _Place(sources.run, sources.feed.newest, newest)
    match = _ID.match(resume or "")
    if match is None:
        return here, 0
    if match["run"] != sources.run:
        return here, None
    here.event = min(int(match["event"]), here.event)
    here.log = min(int(match["log"]), here.log)
    return here, 0


def _events(events: tuple[FeedEvent, ...], place: _Place) -> Iterator[bytes]:
    for event in counted(events):
        place.event = event.number
        yield _event(event.kind, place, dict(event.data))


def _logs(sources: Sources, wanted: LogFilter | None, place: _Place) -> Iterator[bytes]:
    if wanted is None:
        return
    tail = sources.logs(place.log, _MOST_LOGS)
    for entry in tail.entries:
        place.log = entry.sequence
        if wanted.takes(entry):
            yield _event("log", place, entry.as_document())


def _event(kind: str, place: _Place, data: object) -> bytes:
    return f"id: {place}\nevent: {kind}\ndata: ".encode() + as_json(data) + b"\n\n"

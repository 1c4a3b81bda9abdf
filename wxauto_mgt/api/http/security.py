"""What every request passes before it is routed: whose name it uses, who sends it, who asks, what it carries.

Owns the order of these checks and the headers of every answer; tokens are `core.access`'s. Pure ASGI around
the routes.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wxauto_mgt.api.caller import current_caller
from wxauto_mgt.api.http.addresses import SAFE_METHODS, TrustedNames, refused_by_fetch_metadata
from wxauto_mgt.api.http.failure_budget import FailureBudget
from wxauto_mgt.api.http.problems import PROBLEM_JSON, ProblemError, problem_body
from wxauto_mgt.api.http.request_body import BodyLimits, ClientGone, read_body
from wxauto_mgt.api.http.turns import Turns
from wxauto_mgt.core.access.model import Grant
from wxauto_mgt.core.access.refusals import RefusedTokens
from wxauto_mgt.core.access.tokens import ATTACH, AccessTokens
from wxauto_mgt.core.logs.context import log_context
from wxauto_mgt.errors import Fact, PermanentError
from wxauto_mgt.runtime.clock import Clock

_log = logging.getLogger(__name__)

GRANT: Final = "wxauto_mgt.grant"
REQUEST_ID: Final = "wxauto_mgt.request_id"
PUBLIC_PATHS: Final = frozenset({"/health", "/login"})
NO_CONTENT_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}\Z")
_BEARER: Final = re.compile(r"[Bb]earer +([\x21-\x7e]{1,512})\Z")
_PREFLIGHT_S: Final = 600
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_UNLESS_GIVEN: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", NO_CONTENT_POLICY.encode()),
)

Sentence = Callable[..., str]


@dataclass(frozen=True)
class Served:
    """One answered request, for the figures.

    Attributes:
        route: the route's template, or "" for one that there is not.
    """

    route: str
    status: int
    duration_s: float


class Guard:
    """The checks around an application.

    Args:
        sentence: the words of a problem: code and parameters in, one sentence out.
        on_served: told of every answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        tokens: AccessTokens,
        refused: RefusedTokens,
        failures: FailureBudget,
        names: TrustedNames,
        limits: BodyLimits,
        clock: Clock,
        sentence: Sentence,
        turns: Turns,
        on_served: Callable[[Served], None],
    ) -> None:
        self._app = app
        self._turns = turns
        self._tokens = tokens
        self._refused = refused
        self._failures = failures
        self._names = names
        self._limits = limits
        self._clock = clock
        self._sentence = sentence
        self._on_served = on_served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        answer = _Answer(scope, send, self._clock)
        log_context.set({"request_id": answer.request_id})
        began_s = self._clock.monotonic()
        try:
            await self._turns.take()
            await self._checked(scope, receive, answer)
        except ClientGone:
            pass
        except ProblemError as problem:
            await self._refuse(answer, problem)
        except Exception as error:  # noqa: BLE001 - whatever broke, the client gets an answer, the log the trace
            _log.exception("request failed", extra={"path": scope["path"], "kind": type(error).__name__})
            await self._refuse(answer, ProblemError(500, "internal_error"))
        finally:
            route = scope.get("route")
            self._on_served(
                Served(getattr(route, "path", ""), answer.status, self._clock.monotonic() - began_s)
            )

    async def _checked(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        headers = _headers_of(scope)
        self._check_names(scope, headers, answer)
        if _is_preflight(scope, headers):
            await answer.empty(204)
            return
        if scope["path"] in PUBLIC_PATHS and scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, answer.send)
            return
        self._admit(scope, headers)
        body = await read_body(scope["method"], headers, receive, self._limits)
        await self._app(scope, _once(body, receive), answer.send)

    def _check_names(self, scope: Scope, headers: _Headers, answer: _Answer) -> None:
        hosts = headers.all(b"host")
        if len(hosts) != 1 or not self._names.allows_host(hosts[0]):
            raise ProblemError(421, "host_refused")
        origins = headers.all(b"origin")
        if len(origins) > 1:
            raise ProblemError(403, "origin_refused")
        if origins:
            if not self._names.allows_origin(origins[0], scheme=scope["scheme"], host_header=hosts[0]):
                raise ProblemError(403, "origin_refused")
            if origins[0].strip().lower() in self._names.origins:
                answer.allow_origin(origins[0])
                return
        site, mode = headers.first(b"sec-fetch-site"), headers.first(b"sec-fetch-mode")
        if refused_by_fetch_metadata(scope["method"], site, mode):
            raise ProblemError(403, "origin_refused")

    def _admit(self, scope: Scope, headers: _Headers) -> None:
        given = headers.all(b"authorization")
        if not given:
            raise _unauthorized("token_missing")
        match = _BEARER.match(given[0]) if len(given) == 1 else None
        try:
            grant = self._tokens.authenticate(match[1] if match is not None else "")
        except PermanentError as error:
            raise self._refused_token(scope, error) from None
        scope[GRANT] = grant
        who = caller_of(grant)
        current_caller.set(who)
        log_context.set({**log_context.get(), "user_id": who})

    def _refused_token(self, scope: Scope, error: PermanentError) -> ProblemError:
        address = scope["client"][0] if scope["client"] else "?"
        self._refused.note(address)
        wait_s = self._failures.spend(address)
        if wait_s is None:
            return _unauthorized(error.code, name=error.facts.get("name"))
        return ProblemError(429, "too_many_failures", headers={"retry-after": str(wait_s)}, wait_s=wait_s)

    async def _refuse(self, answer: _Answer, problem: ProblemError) -> None:
        if answer.has_begun:
            return  # too late for another one; the connection is closed unfinished
        detail = problem.detail or self._sentence(problem.code, **problem.params)
        body = problem_body(problem.status, problem.code, detail, answer.request_id, problem.beside)
        await answer.whole(problem.status, PROBLEM_JSON, body, problem.headers)


class _Headers:
    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        self._raw = raw

    def all(self, name: bytes) -> list[str]:
        return [value.decode("latin-1") for key, value in self._raw if key == name]

    def first(self, name: bytes) -> str | None:
        return next(iter(self.all(name)), None)


class _Answer:
    """The answer to one request: adds what every answer carries, remembers what was sent."""

    def __init__(self, scope: Scope, send: Send, clock: Clock) -> None:
        self._send = send
        self._clock = clock
        self._extra: list[tuple[bytes, bytes]] = []
        self.has_begun = False
        self.status = 0
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        self.request_id = given.decode() if _REQUEST_ID.match(given) else uuid.uuid4().hex
        scope[REQUEST_ID] = self.request_id

    def allow_origin(self, origin: str) -> None:
        """Let a trusted page read the answer."""
        self._extra += [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-allow-headers", b"authorization, content-type, last-event-id, x-request-id"),
            (b"access-control-allow-methods", b"GET, POST, PUT"),
            (b"access-control-max-age", str(_PREFLIGHT_S).encode()),
            (b"vary", b"origin"),
        ]

    async def send(self, message: Message) -> None:
        """Pass a message of the application on."""
        if message["type"] == "http.response.start":
            self.has_begun = True
            self.status = message["status"]
            given = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [
                *message["headers"],
                *_HEADERS,
                *(header for header in _UNLESS_GIVEN if header[0] not in given),
                *self._extra,
                (b"x-request-id", self.request_id.encode()),
                (b"date", format_datetime(self._clock.now(), usegmt=True).encode()),
            ]
        await self._send(message)

    async def whole(self, status: int, content_type: str, body: bytes, headers: dict[str, str]) -> None:
        """Send a whole answer."""
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        raw += [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": status, "headers": raw})
        await self.send({"type": "http.response.body", "body": body})

    async def empty(self, status: int) -> None:
        """Send an answer without a body."""
        await self.send({"type": "http.response.start", "status": status, "headers": []})
        await self.send({"type": "http.response.body", "body": b""})


def caller_of(grant: Grant) -> str:
    """Name who comes, as the audit log does."""
    return ATTACH if grant.name == ATTACH else f"api:{grant.name}"


def _headers_of(scope: Scope) -> _Headers:
    return _Headers(scope["headers"])


def _is_preflight(scope: Scope, headers: _Headers) -> bool:
    """Only what comes from a trusted page gets this far with an origin of another site."""
    return (
        scope["method"] == "OPTIONS"
        and headers.first(b"origin") is not None
        and headers.first(b"access-control-request-method") is not None
    )


def _unauthorized(code: str, *, name: Fact = None) -> ProblemError:
    return ProblemError(401, code, headers={"www-authenticate": "Bearer"}, name=name)


def _once(body: bytes, receive: Receive) -> Receive:
    """The body as one message; then whatever the connection says, which is that it ended."""
    is_given = False

    async def read() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return read

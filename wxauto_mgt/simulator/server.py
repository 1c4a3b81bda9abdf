"""The HTTP face of a simulated WXAUTO-HTTP-API server on loopback.

Owns routing, authentication, the rate limit and the bytes. What calls do is the routes' and the world's
business. Started by tests, by `python -m wxauto_mgt.simulator` and by the demonstration.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import unquote

from aiohttp import web

from wxauto_mgt.simulator import routes_core, routes_extended, routes_sending
from wxauto_mgt.simulator.answers import INTERNAL_ERROR, Answer, failed, html
from wxauto_mgt.simulator.config import SimulatorConfig
from wxauto_mgt.simulator.faults import FaultPlan
from wxauto_mgt.simulator.routing import Blueprint, Call, Route, parse_body, parse_query
from wxauto_mgt.simulator.rows import JSONValue
from wxauto_mgt.simulator.runner import CallRunner, UiOverlap
from wxauto_mgt.simulator.world import World

CONTROL_PREFIX = "/__sim__/"
ROUTES: dict[str, Route] = {**routes_core.ROUTES, **routes_sending.ROUTES, **routes_extended.ROUTES}
_REASON = {status.value: status.phrase.upper() for status in HTTPStatus}
_SERVER_HEADER = "Werkzeug/3.1.9 Python/3.11.7"
_NO_BODY: Mapping[str, JSONValue] = {}

ControlFace = Callable[["SimulatedServer", str, bytes], Answer]


class SimulatedServer:
    """One server process with its WeChat.

    Attributes:
        world: the chats, what was sent, life and death.
        faults: faults to plan per route.
        calls: requests per path, refused ones included.
        api_key: may be changed at any time and counts at once.
    """

    def __init__(
        self,
        config: SimulatorConfig | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        control: ControlFace | None = None,
    ) -> None:
        self.config = config or SimulatorConfig()
        self.world = World(self.config, monotonic=monotonic)
        self.faults = FaultPlan()
        self.api_key = self.config.api_key
        self.calls: Counter[str] = Counter()
        self.base_url = ""
        self._runner = CallRunner(self.config, self.world, self.faults)
        self._control = control
        self._limits: dict[tuple[str, str], tuple[int, int]] = {}
        self._web: web.Server | None = None
        self._listener: asyncio.Server | None = None
        self._requests: dict[int, web.BaseRequest] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def ui_overlaps(self) -> list[UiOverlap]:
        """Violations of "one call at a time on the desktop"; empty for a good client."""
        return self._runner.ui_overlaps

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen and return the base URL; may be called again after `stop`: the world is kept."""
        self._web = web.Server(self._handle, access_log=None)
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._web, host, port, backlog=1024)
        self.base_url = f"http://{host}:{self._listener.sockets[0].getsockname()[1]}"
        return self.base_url

    async def stop(self) -> None:
        """Stop listening, end hung requests without effect, close every connection."""
        if self._listener is None or self._web is None:
            return
        self._listener.close()
        self._runner.end_process()
        await self._idle.wait()
        await self._web.shutdown(timeout=1.0)
        await self._listener.wait_closed()
        self._listener = self._web = None

    def restart(self) -> None:
        """The process restarts: open requests are cut, memory is lost, limits start afresh."""
        self._runner.end_process()
        for request in list(self._requests.values()):
            if not request.path.startswith(CONTROL_PREFIX):
                _cut(request)
        self._limits.clear()
        self.world.restart()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self._requests[id(request)] = request
        self._idle.clear()
        try:
            raw_path, _, query = request.raw_path.partition("?")
            path = unquote(raw_path) if "%" in raw_path else raw_path
            answer: Answer | None
            if self._control is not None and path.startswith(CONTROL_PREFIX):
                answer = self._control(self, path.removeprefix(CONTROL_PREFIX), await request.read())
            else:
                self.calls[path] += 1
                answer = await self._answer(request, path, query)
            if answer is None:
                _cut(request)
                answer = INTERNAL_ERROR
            return _response(answer)
        finally:
            del self._requests[id(request)]
            if not self._requests:
                self._idle.set()

    async def _answer(self, request: web.BaseRequest, path: str, query: str) -> Answer | None:
        route = ROUTES.get(path)
        if route is None:
            return html(404)
        if request.method not in route.methods:
            return html(405, {"Allow": route.allow})
        address = request.remote or ""
        refusal = self._refuse(request, path, address, route)
        if refusal is not None:
            return refusal
        body = _NO_BODY
        if route.reads_body and request.method == "POST":
            parsed = parse_body(route, await request.read(), request.headers.get("Content-Type", ""))
            if isinstance(parsed, Answer):
                return parsed
            body = parsed
        forwarded_for = request.headers.get("X-Forwarded-For", "")
        answer = await self._runner.run(route, Call(path, parse_query(query), body, address, forwarded_for))
        if answer is not None and not answer.has_sendable_headers:
            # The real server fails to build the header after its handler has returned: no byte is sent.
            await self._runner.hold_for_ever()
            return None
        return answer

    def _refuse(self, request: web.BaseRequest, path: str, address: str, route: Route) -> Answer | None:
        limit = self.config.rate_limit_per_minute
        if limit:
            minute = int(self.world.now // 60)
            window, count = self._limits.get((path, address), (minute, 0))
            count = count + 1 if window == minute else 1
            self._limits[path, address] = (minute, count)
            if count > limit:
                return INTERNAL_ERROR if route.blueprint is Blueprint.CORE else html(429)
        if route.is_protected:
            key = request.headers.get("X-API-Key")
            if not key:
                return failed(401, 1001, "缺少API密钥")
            if key != self.api_key:
                return failed(401, 1001, "API密钥无效")
        return None


def _cut(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.abort()


def _response(answer: Answer) -> web.Response:
    response = web.Response(
        status=answer.status,
        reason=_REASON.get(answer.status),
        body=answer.body,
        headers={"Server": _SERVER_HEADER, "Content-Type": answer.content_type, **answer.headers},
    )
    response.force_close()
    return response

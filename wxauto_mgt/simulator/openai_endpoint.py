"""A scripted OpenAI-compatible endpoint on loopback, for tests, benchmarks and demonstrations.

Owns answers and planned faults; knows nothing of WeChat. Non-streaming chat completions only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from wxauto_mgt.simulator.answers import Answer
from wxauto_mgt.simulator.faults import FaultKind, FaultPlan
from wxauto_mgt.simulator.rows import JSONValue

COMPLETIONS = "/v1/chat/completions"
MODELS = "/v1/models"


@dataclass(frozen=True)
class Turn:
    """One message of a recorded request."""

    role: str
    content: str


@dataclass(frozen=True)
class RecordedRequest:
    """What a client asked for."""

    model: str
    turns: tuple[Turn, ...]
    document: dict[str, JSONValue]

    @property
    def question(self) -> str:
        """The last thing the user said."""
        return next((turn.content for turn in reversed(self.turns) if turn.role == "user"), "")


Answerer = Callable[[RecordedRequest], str]


def echo_answer(request: RecordedRequest) -> str:
    """The default answer; unique per question, so that a test sees which one it belongs to."""
    return f"收到：{request.question}"


@dataclass
class ScriptedOpenAI:
    """The endpoint. Plan trouble with `faults` (routes `COMPLETIONS`, `MODELS`) and `limit_rate`.

    Attributes:
        requests: completions asked for, in order, refused ones included.
        delay_s: before every completion.
    """

    api_key: str = "sk-simulated"
    models: tuple[str, ...] = ("m", "simulated-large")
    answer: Answerer = echo_answer
    delay_s: float = 0.0
    requests: list[RecordedRequest] = field(default_factory=list)
    faults: FaultPlan = field(default_factory=FaultPlan)
    base_url: str = ""
    _rate_limited: list[str] = field(default_factory=list)
    _web: web.Server | None = None
    _listener: asyncio.Server | None = None
    _running: int = 0
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen and return the base URL as clients want it, ending in `/v1`."""
        self._stopping.clear()
        self._web = web.Server(self._handle, access_log=None)
        self._listener = await asyncio.get_running_loop().create_server(self._web, host, port, backlog=1024)
        self.base_url = f"http://{host}:{self._listener.sockets[0].getsockname()[1]}/v1"
        return self.base_url

    async def stop(self) -> None:
        """Stop listening and end hung requests."""
        if self._listener is None or self._web is None:
            return
        self._listener.close()
        self._stopping.set()
        self.faults.abandon_all()
        if self._running:
            await self._idle.wait()
        await self._web.shutdown(timeout=1.0)
        await self._listener.wait_closed()
        self._listener = self._web = None

    def limit_rate(self, retry_after: str, times: int = 1) -> None:
        """Answer 429 with this `Retry-After` value to the next completions."""
        self._rate_limited.extend([retry_after] * times)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self._running += 1
        self._idle.clear()
        try:
            answer = await self._answer(request)
            if answer is None:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response(status=500)
            headers = {"Content-Type": answer.content_type, **answer.headers}
            return web.Response(status=answer.status, body=answer.body, headers=headers)
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def _answer(self, request: web.BaseRequest) -> Answer | None:
        raw = await request.read()
        if request.headers.get("Authorization") != f"Bearer {self.api_key}":
            return _error(401, "Incorrect API key provided", "invalid_api_key")
        if request.path == MODELS and request.method == "GET":
            return await self._with_fault(MODELS, _json(200, self._model_list()))
        if request.path != COMPLETIONS or request.method != "POST":
            return _error(404, f"Unknown request URL: {request.method} {request.path}", "unknown_url")
        recorded = _parse(raw)
        if recorded is None:
            return _error(400, "We could not parse the JSON body of your request", "invalid_request")
        self.requests.append(recorded)
        if self.delay_s:
            await self._pass(self.delay_s)
        if self._rate_limited:
            retry_after = self._rate_limited.pop(0)
            return _error(429, "Rate limit reached", "rate_limit_exceeded", {"Retry-After": retry_after})
        if recorded.model not in self.models:
            return _error(404, f"The model `{recorded.model}` does not exist", "model_not_found")
        return await self._with_fault(COMPLETIONS, _json(200, self._completion(recorded)))

    async def _with_fault(self, route: str, answer: Answer) -> Answer | None:
        fault = self.faults.take(route)
        if fault is None:
            return answer
        match fault.kind:
            case FaultKind.HANG:
                await fault.released.wait()
                return None if fault.is_abandoned else answer
            case FaultKind.DELAY:
                await self._pass(fault.seconds)
                return answer
            case FaultKind.DROP:
                return None
            case FaultKind.CUT_JSON:
                return Answer(200, answer.body[: len(answer.body) // 2])
            case FaultKind.HTML:
                return Answer(fault.status, b"<html><body>Bad gateway</body></html>", "text/html")
            case FaultKind.FAIL:
                return _error(fault.status, fault.message, "server_error")

    async def _pass(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _model_list(self) -> JSONValue:
        models: list[JSONValue] = [{"id": name, "object": "model", "owned_by": "sim"} for name in self.models]
        return {"object": "list", "data": models}

    def _completion(self, request: RecordedRequest) -> JSONValue:
        text = self.answer(request)
        asked, said = sum(len(turn.content) for turn in request.turns), len(text)
        return {
            "id": f"chatcmpl-sim-{len(self.requests)}",
            "object": "chat.completion",
            "created": 1_795_000_000,
            "model": request.model,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said},
        }


def _parse(raw: bytes) -> RecordedRequest | None:
    try:
        document: JSONValue = json.loads(raw)
    except ValueError:
        return None
    if not isinstance(document, dict) or not isinstance(document.get("messages"), list):
        return None
    messages = document["messages"]
    turns = tuple(
        Turn(str(message.get("role")), str(message.get("content")))
        for message in (messages if isinstance(messages, list) else [])
        if isinstance(message, dict)
    )
    return RecordedRequest(str(document.get("model")), turns, document)


def _json(status: int, document: JSONValue, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(document, ensure_ascii=False).encode(), headers=headers or {})


def _error(status: int, message: str, code: str, headers: dict[str, str] | None = None) -> Answer:
    return _json(status, {"error": {"message": message, "type": "error", "code": code}}, headers)

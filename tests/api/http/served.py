"""A console that listens, seen from outside: plain HTTP requests over loopback."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.environment import FREE_PORT
from wxauto_mgt.app import Application
from wxauto_mgt.core.access.model import Scope

ENVIRONMENT_TOKEN = "planted-token-of-the-environment"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """The symbolic reason of a problem."""
        assert self.headers["Content-Type"] == "application/problem+json", self
        problem = self.json
        assert set(problem) >= {"type", "title", "status", "detail", "request_id"}
        assert problem["status"] == self.status
        assert problem["request_id"] == self.headers.get("X-Request-ID", problem["request_id"])
        return str(problem["type"]).removeprefix("about:blank#")


@dataclass
class Served:
    """A console and a client of it.

    Attributes:
        tokens: a value for each scope, and of an expired token.
    """

    application: Application
    session: aiohttp.ClientSession
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it listens."""
        address = self.application.http.address
        assert address is not None
        return address.url

    @property
    def port(self) -> int:
        """The port of `url`."""
        address = self.application.http.address
        assert address is not None
        return address.port

    async def ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = "admin",
        headers: Mapping[str, str] | None = None,
        **given: Any,
    ) -> Answer:
        """Make a request; `token` is a key of `tokens`, a value, or None for none."""
        sent = dict(headers or {})
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {self.tokens.get(token, token)}")
        given.setdefault("skip_auto_headers", {"Content-Type"} if "json" not in given else None)
        async with self.session.request(
            method, self.url + path, headers=sent, allow_redirects=False, **given
        ) as response:
            return Answer(response.status, response.headers, await response.text())

    async def get(self, path: str, **given: Any) -> Answer:
        """Make a GET request."""
        return await self.ask("GET", path, **given)

    async def post(self, path: str, **given: Any) -> Answer:
        """Make a POST request."""
        return await self.ask("POST", path, **given)

    async def call(self, method: str, *, token: str = "admin", **arguments: Any) -> Any:
        """Make a call of `monitor_api`; returns the reply."""
        answer = await self.post(f"/api/monitor/{method}", token=token, json=arguments)
        assert answer.status == 200, answer
        return answer.json


@contextlib.asynccontextmanager
async def serve(
    data_dir: Path,
    *,
    settings: Mapping[str, object] | None = None,
    environment: Mapping[str, str] = FREE_PORT,
    document: Mapping[str, object] | None = None,
) -> AsyncIterator[Served]:
    """Start a console, yield it, stop it."""
    application = await Application.open(data_dir=data_dir, environment=environment)
    try:
        stored = {**(document or {}), "settings": {"http": dict(settings or {})}}
        await application.config.import_document(
            json.dumps(stored), filename="test.json", replace=False, who="test"
        )
        await application.start()
        async with aiohttp.ClientSession() as session:
            served = Served(application, session)
            for scope in Scope:
                issued = await application.http.tokens.create(scope.value, scope, who="test")
                served.tokens[scope.value] = issued.value
            yield served
    finally:
        assert await application.stop() == ()

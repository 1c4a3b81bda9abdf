"""Calls to a console in another process: finds it by its data folder, posts the call, passes the reply on.

Owns what went wrong on the way, told in one line. The facade's proxy and the command line call it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import aiohttp

from wxauto_mgt.api.attach_point import AttachPoint, is_console_alive, lock_holder, read_attach_point
from wxauto_mgt.api.replies import Fields, Texts, failure
from wxauto_mgt.errors import BugError, ConsoleError, PermanentError, TransientError
from wxauto_mgt.runtime.clock import Clock, SystemClock
from wxauto_mgt.runtime.data_folder import choose_data_dir

ANSWER_WITHIN_S: Final = 60.0
"""Longer than a restart may take to be proved."""
CONNECT_WITHIN_S: Final = 5.0
MAX_REPLY_BYTES: Final = 64 * 1024 * 1024
_LONGEST_DETAIL: Final = 300


class NotTaken(TransientError):
    """The call certainly did not reach a console: nobody accepted it, or the token is not the one there."""


class ConsoleLink:
    """Calls to the console of one data folder, whichever run of it is there at the time.

    Keeps no connection between calls, so it needs no closing and serves any event loop.

    Args:
        texts: gives the words for failures; called only when there is one.
    """

    def __init__(
        self,
        *,
        data_dir: Path,
        texts: Callable[[], Texts],
        clock: Clock,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        self.data_dir = data_dir
        self._texts = texts
        self._clock = clock
        self._answer_within_s = answer_within_s

    async def call(self, method: str, arguments: Mapping[str, object]) -> Fields:
        """Make a call of `monitor_api` and return its reply; a failure on the way is a reply too."""
        try:
            return await self.ask(method, arguments)
        except ConsoleError as error:
            return failure(self._texts().error(error), self._clock.now())

    async def ask(self, method: str, arguments: Mapping[str, object]) -> Fields:
        """Make a call of `monitor_api` and return its reply.

        Raises:
            ConsoleError: no reply came; the code says why.
        """
        body = _body_of(method, arguments)
        point = await self.find()
        try:
            return await self._post(point, method, body)
        except NotTaken:
            # A console that was just restarted has another port and another token.
            newer = await self.find()
            if newer == point:
                raise
        return await self._post(newer, method, body)

    async def find(self) -> AttachPoint:
        """Return where the running console of this folder takes calls, as its file tells.

        Raises:
            ConsoleError: none runs, or it takes no calls.
        """
        return await asyncio.to_thread(self._find)

    def _find(self) -> AttachPoint:
        """What a dead console left is never called: its port may be anybody's by now."""
        point = read_attach_point(self.data_dir)
        if point is not None and is_console_alive(self.data_dir, point):
            return point
        pid = lock_holder(self.data_dir)
        if pid is not None:
            raise TransientError("console_takes_no_calls", pid=pid, path=str(self.data_dir))
        raise PermanentError("console_not_running", path=str(self.data_dir))

    async def _post(self, point: AttachPoint, method: str, body: bytes) -> Fields:
        limits = aiohttp.ClientTimeout(total=None, connect=CONNECT_WITHIN_S)
        try:
            async with (
                asyncio.timeout(self._answer_within_s),
                aiohttp.ClientSession(
                    cookie_jar=aiohttp.DummyCookieJar(), timeout=limits, trust_env=False
                ) as session,
                session.post(
                    f"{point.url}/api/monitor/{method}",
                    data=body,
                    headers={"Authorization": f"Bearer {point.token}", "Content-Type": "application/json"},
                    allow_redirects=False,
                ) as response,
            ):
                return _reply_of(response.status, await _bounded(response))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotTaken("console_not_accepting", pid=point.pid, url=point.url) from error
        except TimeoutError as error:
            raise TransientError("console_busy", pid=point.pid, waited_s=self._answer_within_s) from error
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, OSError) as error:
            raise TransientError("console_answer_lost", pid=point.pid) from error
        except aiohttp.ClientError as error:
            raise PermanentError("console_answer_unreadable", url=point.url) from error


def running_console(environment: Mapping[str, str]) -> ConsoleLink:
    """Return the link of a program that has no command line: to the folder that the environment names."""
    return ConsoleLink(
        data_dir=choose_data_dir(environment),
        texts=lambda: _texts_for(environment),
        clock=SystemClock(),
    )


def _texts_for(environment: Mapping[str, str]) -> Texts:
    # Imported when a failure has to be told: nobody hands a catalogue to a program that is not ours.
    from wxauto_mgt.texts.catalogue import Catalogue
    from wxauto_mgt.texts.language import detect_language

    return Catalogue(detect_language(environment))


def _body_of(method: str, arguments: Mapping[str, object]) -> bytes:
    if not method.isidentifier():
        raise BugError("call_not_offered", call=method)
    if any(callable(value) for value in arguments.values()):
        raise PermanentError("handler_not_local")
    try:
        return json.dumps(dict(arguments), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise PermanentError("argument_not_sendable", call=method) from error


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for chunk in response.content.iter_any():
        raw += chunk
        if len(raw) > MAX_REPLY_BYTES:
            raise PermanentError("console_answer_unreadable", url=str(response.url.origin()))
    return bytes(raw)


def _reply_of(status: int, raw: bytes) -> Fields:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and isinstance(found.get("success"), bool) and "timestamp" in found:
        return found
    if status == 401:
        raise NotTaken("console_token_refused")
    raise PermanentError("console_refused", status=status, detail=_detail(found))


def _detail(problem: object) -> str:
    """The sentence of a problem document (RFC 9457)."""
    found = problem if isinstance(problem, dict) else {}
    sentence = found.get("detail") or found.get("title") or "?"
    return " ".join(str(sentence).split())[:_LONGEST_DETAIL]

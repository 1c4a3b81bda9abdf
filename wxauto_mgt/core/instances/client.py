"""The calls that the console makes to a WXAUTO-HTTP-API server, typed. Owns no state about the instance.

Callers take the UI gate and the call budget first. A route that is not here is left out on purpose.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Final

from wxauto_mgt.core.instances import routes
from wxauto_mgt.core.instances.answers import data_of, failure_of, read_batch, read_envelope, send_answer
from wxauto_mgt.core.instances.http_errors import CONNECT_FAILED, may_still_run
from wxauto_mgt.core.instances.message_rows import JSON, clean_text
from wxauto_mgt.core.instances.model import (
    Health,
    InstanceConfig,
    SendAnswer,
    SendOutcome,
    SendReason,
    WindowInfo,
    WindowState,
)
from wxauto_mgt.core.instances.transport import CLIENT_CLOSED, MAX_BODY_BYTES, RawAnswer, Transport
from wxauto_mgt.core.wire import CallRecord, Channel, ChatKind, ReadBatch
from wxauto_mgt.errors import InstanceAnswerUnreadable, InstanceError, InstanceTimedOut
from wxauto_mgt.runtime.clock import Clock

HEALTH_TIMEOUT_S: Final = 3.0
_LARGE_BODY_BYTES: Final = 256 * 1024
"""Judgement call: from this size parsing leaves the event loop (about 5 ms of work)."""


class WxautoClient:
    """Client of one server; make it on the event loop, close it at the end.

    Args:
        on_call: told of each HTTP request made, at its end.
        read_timeout_s: asked before each read, so that an edit is in force at once.
        send_timeout_s: likewise for sends.
    """

    def __init__(
        self,
        *,
        config: InstanceConfig,
        clock: Clock,
        on_call: Callable[[CallRecord], None],
        read_timeout_s: Callable[[], float],
        send_timeout_s: Callable[[], float],
        health_timeout_s: float = HEALTH_TIMEOUT_S,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._instance_id = config.id
        self._clock = clock
        self._on_call = on_call
        self._read_timeout_s = read_timeout_s
        self._send_timeout_s = send_timeout_s
        self._health_timeout_s = health_timeout_s
        self._transport = Transport(
            instance_id=config.id,
            base_url=config.base_url,
            headers={"X-API-Key": config.api_key.get_secret_value()},
            clock=clock,
            max_body_bytes=max_body_bytes,
        )

    def __repr__(self) -> str:
        return f"<WxautoClient {self._instance_id}>"

    async def health(self) -> Health:
        """Ask for uptime and claims; needs neither key nor gate."""
        data = await self._read(routes.HEALTH, timeout_s=self._health_timeout_s)
        uptime = data.get("uptime")
        if not isinstance(uptime, int | float) or isinstance(uptime, bool):
            raise self._unexpected(routes.HEALTH)
        return Health(float(uptime), _text(data.get("wechat_status")), _text(data.get("wx_lib")))

    async def initialize(self) -> None:
        """Attach the server to its WeChat window; a no-op that succeeds when it already is. UI gate."""
        await self._read(routes.INITIALIZE, method="POST")

    async def sessions(self) -> tuple[str, ...]:
        """Names in the session list; an empty list means that WeChat is probably not there. UI gate."""
        return self._names(await self._read(routes.SESSIONS), routes.SESSIONS, "sessions", "name")

    async def sub_windows(self) -> tuple[str, ...]:
        """Titles of the separate chat windows that are open. UI gate."""
        return self._names(await self._read(routes.SUB_WINDOWS), routes.SUB_WINDOWS, "sub_windows", "who")

    async def next_new(self) -> ReadBatch:
        """Read one chat's unread rows from the main window. Destructive. UI gate."""
        return await self._read_rows(routes.NEXT_NEW, Channel.MAIN)

    async def listen_get(self) -> ReadBatch:
        """Read one listened chat's cached rows. Destructive."""
        return await self._read_rows(routes.LISTEN_GET, Channel.WINDOW)

    async def listen_add(self, nickname: str) -> None:
        """Ask for a listened window. Success proves nothing: look for the window. UI gate."""
        await self._read(routes.LISTEN_ADD, method="POST", body={"nickname": nickname})

    async def listen_remove(self, nickname: str) -> None:
        """Close a listened window by its title; its unread rows are discarded, so read first. UI gate."""
        await self._read(routes.LISTEN_REMOVE, method="POST", body={"nickname": nickname})

    async def window_info(self, who: str) -> WindowInfo:
        """Ask whether a chat is listened under exactly this title.

        404/3001 = no; 200 or 500/3001 (how 39.x always fails) = yes; anything else = unknown.
        """
        try:
            answer = await self._request(
                "GET", routes.WINDOW_INFO, timeout_s=self._read_timeout_s(), query={"who": who}
            )
        except InstanceError:
            return WindowInfo(WindowState.UNKNOWN)
        info = _window_info(answer)
        failure = failure_of(answer, read_envelope(answer.body))
        is_failure = info.state is WindowState.UNKNOWN
        self._record(routes.WINDOW_INFO, answer.duration_s, failure.code if failure and is_failure else None)
        return info

    async def send_window(self, who: str, text: str, at_list: tuple[str, ...] = ()) -> SendAnswer:
        """Send through a listened window, by its exact title. UI gate. Raises nothing but cancellation."""
        body: dict[str, JSON] = {"who": who, "message": text, "at_list": list(at_list)}
        return await self._send(routes.SEND_WINDOW, body)

    async def send_main(self, receiver: str, text: str) -> SendAnswer:
        """Send through the main window. UI gate. Raises nothing but cancellation.

        Without mentions on purpose: the server sends a text with `at_list` twice.
        """
        return await self._send(routes.SEND_MAIN, {"receiver": receiver, "message": text, "at_list": []})

    async def close(self, *, timeout_s: float = 0.0) -> None:
        """Refuse new calls, let those in flight finish for `timeout_s`, then cut them off."""
        await self._transport.close(timeout_s=timeout_s)

    async def _read(
        self,
        route: str,
        *,
        method: str = "GET",
        body: dict[str, JSON] | None = None,
        timeout_s: float | None = None,
    ) -> dict[str, JSON]:
        answer = await self._request(method, route, timeout_s=timeout_s or self._read_timeout_s(), body=body)
        try:
            data = dict(data_of(answer))
        except InstanceError as error:
            error.facts = {"instance_id": self._instance_id, "route": route, **error.facts}
            self._record(route, answer.duration_s, error.code)
            raise
        self._record(route, answer.duration_s, None)
        return data

    async def _read_rows(self, route: str, channel: Channel) -> ReadBatch:
        requested_at = self._clock.now()
        answer = await self._request("GET", route, timeout_s=self._read_timeout_s(), keep_partial=True)
        received_at = self._clock.now()

        def parse() -> ReadBatch:
            batch = read_batch(
                answer, instance_id=self._instance_id, channel=channel, received_at=received_at
            )
            return dataclasses.replace(batch, requested_at=requested_at)

        try:
            is_large = len(answer.body) > _LARGE_BODY_BYTES
            batch = await asyncio.to_thread(parse) if is_large else parse()
        except InstanceError as error:
            error.facts = {"instance_id": self._instance_id, "route": route, **error.facts}
            self._record(route, answer.duration_s, error.code)
            raise
        self._record(route, answer.duration_s, batch.unreadable_reason)
        return batch

    async def _send(self, route: str, body: dict[str, JSON]) -> SendAnswer:
        try:
            answer = await self._request("POST", route, timeout_s=self._send_timeout_s(), body=body)
        except InstanceError as error:
            return _lost_send(error)
        judged = send_answer(answer, is_window=route == routes.SEND_WINDOW)
        is_ok = judged.outcome is SendOutcome.ACCEPTED
        self._record(route, answer.duration_s, None if is_ok else judged.reason.value)
        return judged

    async def _request(
        self,
        method: str,
        route: str,
        *,
        timeout_s: float,
        query: dict[str, str] | None = None,
        body: dict[str, JSON] | None = None,
        keep_partial: bool = False,
    ) -> RawAnswer:
        started_s = self._clock.monotonic()
        failed: str | None = "cancelled"
        try:
            answer = await self._transport.request(
                method, route, timeout_s=timeout_s, query=query, body=body, keep_partial=keep_partial
            )
            failed = None
        except InstanceError as error:
            failed = error.code
            raise
        finally:
            if failed is not None:
                self._record(route, self._clock.monotonic() - started_s, failed)
        return answer

    def _record(self, route: str, duration_s: float, error_code: str | None) -> None:
        self._on_call(
            CallRecord(
                target=f"instance:{self._instance_id}",
                route=route,
                ok=error_code is None,
                duration_s=duration_s,
                error_code=error_code,
            )
        )

    def _names(self, data: dict[str, JSON], route: str, key: str, name_key: str) -> tuple[str, ...]:
        items = data.get(key)
        if not isinstance(items, list):
            raise self._unexpected(route)
        # A row without a usable name still proves that the list is not empty.
        return tuple(
            clean_text(_text(item.get(name_key))) if isinstance(item, dict) else "" for item in items
        )

    def _unexpected(self, route: str) -> InstanceAnswerUnreadable:
        return InstanceAnswerUnreadable(
            "instance_answer_unexpected", instance_id=self._instance_id, route=route
        )


def _window_info(answer: RawAnswer) -> WindowInfo:
    envelope = read_envelope(answer.body)
    match (answer.status, envelope.code if envelope else None):
        case (404, 3001):
            return WindowInfo(WindowState.NOT_LISTENED)
        case (500, 3001):
            return WindowInfo(WindowState.LISTENED)
        case (200, 0):
            data = envelope.data if envelope and isinstance(envelope.data, dict) else {}
            kind = {"group": ChatKind.GROUP, "friend": ChatKind.FRIEND}.get(_text(data.get("chat_type")))
            return WindowInfo(WindowState.LISTENED, rich=True, chat_kind=kind or ChatKind.UNKNOWN)
        case _:
            return WindowInfo(WindowState.UNKNOWN)


def _lost_send(error: InstanceError) -> SendAnswer:
    if error.code in (CONNECT_FAILED, CLIENT_CLOSED):
        return SendAnswer(SendOutcome.NOT_SENT, SendReason.CONNECT_FAILED, retryable=True)
    if isinstance(error, InstanceTimedOut):
        return SendAnswer(SendOutcome.UNKNOWN, SendReason.TIMED_OUT, may_still_run=may_still_run(error))
    if isinstance(error, InstanceAnswerUnreadable):
        return SendAnswer(SendOutcome.UNKNOWN, SendReason.ANSWER_UNREADABLE)
    return SendAnswer(SendOutcome.UNKNOWN, SendReason.CONNECTION_LOST)


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else ""

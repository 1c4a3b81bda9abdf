"""One configured platform, ready to be asked: bounds, breaker, time limit and judgement around a plugin.

Owns no retries and no rows: delivery decides when to ask again. The registry makes and closes it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from wxauto_mgt.core.platforms.adaptive_limit import AdaptiveLimit
from wxauto_mgt.core.platforms.contract import AnyPlatform, PlatformReply, PlatformRequest, TestResult
from wxauto_mgt.core.platforms.section import PlatformConfig
from wxauto_mgt.errors import (
    PlatformError,
    PlatformOutcomeUnknown,
    PlatformPermanent,
    PlatformTransient,
)
from wxauto_mgt.runtime.circuit_breaker import CircuitBreaker
from wxauto_mgt.runtime.clock import Clock

_log = logging.getLogger(__name__)

MAX_RETRY_AFTER_S: Final = 3600.0  # a far side that asks for more is asked again after an hour all the same
CLOSE_LIMIT_S: Final = 5.0


class OpenPlatform:
    """A plugin with what stands between it and its callers. Use it on the event loop.

    The breaker counts transport errors and 5xx only, and opens at >= 80 % failures of >= 20 calls over
    >= 2 chats.
    """

    def __init__(self, *, config: PlatformConfig, plugin: AnyPlatform, clock: Clock) -> None:
        self.config = config
        self.plugin = plugin
        self.breaker = CircuitBreaker(clock=clock)
        self.limit = AdaptiveLimit(config.concurrency)
        self._clock = clock
        self._paused_until_s = 0.0
        self._is_closing = False
        self._idle = asyncio.Event()
        self._idle.set()

    def __repr__(self) -> str:
        return f"<OpenPlatform {self.config.id} {self.config.type}>"

    @property
    def paused_for_s(self) -> float:
        """How long no call is made because the far side asked so (Retry-After); 0 when it did not."""
        return max(0.0, self._paused_until_s - self._clock.monotonic())

    @property
    def repeatable(self) -> bool:
        """Whether asking twice does no harm."""
        return self.plugin.REPEATABLE

    @property
    def history_turns(self) -> int:
        """How many earlier turns of the chat a request should carry."""
        return self.plugin.history_turns

    async def call(self, request: PlatformRequest, source: str) -> PlatformReply:
        """Ask for an answer. Waits for a free place, not for a pause or an open breaker.

        Args:
            source: the chat that asks; one chat alone never opens the breaker.

        Raises:
            PlatformTransient: ask again later, not before `retry_after_s` where it is given.
            PlatformPermanent: asking again changes nothing.
            PlatformOutcomeUnknown: it may have acted and must not be asked again by itself.
        """
        self._check_open()
        token = await self.limit.acquire()
        if token is None:
            raise self._closed_error()
        overload: bool | None = None
        try:
            self._check_open()  # again: things may have changed while we waited
            self._pass_breaker()
            reply = await self._ask(request, source)
            overload = False
        except PlatformTransient as error:
            overload = True if error.overload else None
            raise
        finally:
            self.limit.release(token, overload=overload)
            self._note_idle()
        return reply

    async def test(self) -> TestResult:
        """Test the connection; beside the calls, without bounds. Raises nothing but cancellation."""
        return await run_test(self.plugin, self._clock)

    async def close(self, *, timeout_s: float) -> None:
        """Refuse new calls, let those under way finish for `timeout_s`, then close the plugin.

        Those that wait for a place are told to ask again: a successor may stand ready.
        """
        self._is_closing = True
        self.limit.send_away()
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            _log.warning(
                "platform closes while calls are under way",
                extra={"platform_id": self.config.id, "calls": self.limit.in_flight},
            )
        finally:
            await close_plugin(self.plugin, self.config.id)

    def _check_open(self) -> None:
        if self._is_closing:
            raise self._closed_error()
        if paused_s := self.paused_for_s:
            raise PlatformTransient("platform_rate_limited", retry_after_s=paused_s, platform=self.config.id)

    def _pass_breaker(self) -> None:
        if not self.breaker.allow():
            raise PlatformTransient("platform_breaker_open", platform=self.config.id)

    def _closed_error(self) -> PlatformTransient:
        return PlatformTransient("platform_replaced", retry_after_s=0.0, platform=self.config.id)

    async def _ask(self, request: PlatformRequest, source: str) -> PlatformReply:
        self._idle.clear()
        try:
            async with asyncio.timeout(self.plugin.time_limit_s):
                reply = await self.plugin.reply(request)
        except PlatformError as error:
            self._note_failure(error, source)
            raise
        except TimeoutError:
            lost = self._lost("platform_timed_out")
            self._note_failure(lost, source)
            raise lost from None
        except Exception as error:
            # A plugin's fault; its text may quote the request, so only the log's traceback has it.
            _log.exception("platform plugin failed", extra={"platform_id": self.config.id})
            self.breaker.record(ok=True, source=source)
            failed = PlatformPermanent if self.repeatable else PlatformOutcomeUnknown
            raise failed(
                "platform_plugin_failed", platform=self.config.id, cause=type(error).__name__
            ) from error
        self.breaker.record(ok=True, source=source)
        return reply

    def _lost(self, code: str) -> PlatformError:
        if self.repeatable:
            return PlatformTransient(code, transport=True, overload=True, platform=self.config.id)
        return PlatformOutcomeUnknown(code, platform=self.config.id)

    def _note_failure(self, error: PlatformError, source: str) -> None:
        transport = isinstance(error, PlatformOutcomeUnknown) or (
            isinstance(error, PlatformTransient) and error.transport
        )
        self.breaker.record(ok=not transport, source=source)
        if isinstance(error, PlatformTransient) and error.retry_after_s:
            error.retry_after_s = min(error.retry_after_s, MAX_RETRY_AFTER_S)
            until_s = self._clock.monotonic() + error.retry_after_s
            self._paused_until_s = max(self._paused_until_s, until_s)

    def _note_idle(self) -> None:
        if self.limit.in_flight == 0:
            self._idle.set()


async def run_test(plugin: AnyPlatform, clock: Clock) -> TestResult:
    """Run a plugin's connection test within its time limit, whatever it does."""
    started_s = clock.monotonic()
    failure: PlatformError
    try:
        async with asyncio.timeout(plugin.time_limit_s):
            return await plugin.test()
    except PlatformError as error:
        failure = error
    except TimeoutError:
        failure = PlatformTransient("platform_timed_out")
    except Exception as error:  # noqa: BLE001 - a plugin call; logged with its traceback
        _log.exception("platform plugin failed in its test")
        failure = PlatformPermanent("platform_plugin_failed", cause=type(error).__name__)
    return failed_test(failure, clock.monotonic() - started_s)


def failed_test(error: PlatformError, latency_s: float) -> TestResult:
    """The result of a test that ended in an error."""
    return TestResult(False, f"error.{error.code}", dict(error.facts), latency_s)


async def close_plugin(plugin: AnyPlatform, platform_id: str) -> None:
    """Close a plugin, bounded; a failure is logged, since nobody could act on it."""
    try:
        async with asyncio.timeout(CLOSE_LIMIT_S):
            await plugin.close()
    except Exception:  # noqa: BLE001 - a plugin call; logged with its traceback
        _log.exception("platform plugin failed to close", extra={"platform_id": platform_id})

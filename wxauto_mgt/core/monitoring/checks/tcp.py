"""Checks that a port accepts connections. The runner bounds the time."""

from __future__ import annotations

import asyncio
import contextlib

from wxauto_mgt.core.monitoring.checks.contract import CheckResult, Outcome
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime.clock import Clock


class TcpCheck:
    """Connects and hangs up; nothing is sent."""

    def __init__(self, *, host: str, port: int, clock: Clock) -> None:
        self._host = host
        self._port = port
        self._clock = clock

    async def run(self) -> CheckResult:
        """Connect once."""
        params: dict[str, Fact] = {"host": self._host, "port": self._port}
        started_s = self._clock.monotonic()
        try:
            _, writer = await asyncio.open_connection(self._host, self._port)
        except TimeoutError:
            raise  # the runner says how long was waited
        except OSError as error:
            return CheckResult(Outcome.FAILED, "tcp_refused", {**params, "cause": type(error).__name__})
        taken_ms = 1000 * (self._clock.monotonic() - started_s)
        writer.close()
        with contextlib.suppress(OSError):  # that it accepted is what was asked
            await writer.wait_closed()
        return CheckResult(Outcome.OK, "tcp_accepts", params, {"connect_ms": round(taken_ms, 3)}, taken_ms)

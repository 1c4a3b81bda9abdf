"""Checks that a port accepts connections. The runner bounds the time."""

from __future__ import annotations

import asyncio
import contextlib
from typing import ClassVar

from pydantic import Field

from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.monitoring.checks.addresses import Host
from wxauto_mgt.core.monitoring.checks.contract import CheckKind, CheckResult, Outcome
from wxauto_mgt.core.monitoring.checks.form_fields import shown
from wxauto_mgt.errors import Fact


class TcpConfig(ConfigModel):
    """Which port of which machine.

    Attributes:
        port: None = that of the service.
    """

    host: Host = Field(default="127.0.0.1", max_length=253, json_schema_extra=shown("host", 100))
    port: int | None = Field(
        default=None,
        ge=1,
        le=65_535,
        json_schema_extra=shown("port", 110, help_key="check_kind.tcp.help.port"),
    )


class TcpCheck(CheckKind[TcpConfig]):
    """Connects and hangs up; nothing is sent."""

    TYPE = "tcp"
    CONFIG: ClassVar[type[TcpConfig]] = TcpConfig

    async def run(self) -> CheckResult:
        """Connect once."""
        clock, host, port = self.context.clock, self.config.host, self.config.port or self.context.port
        if port is None:
            return CheckResult(Outcome.UNKNOWN, "tcp_no_port")
        params: dict[str, Fact] = {"host": host, "port": port}
        started_s = clock.monotonic()
        try:
            _, writer = await asyncio.open_connection(host, port)
        except TimeoutError:
            raise  # the runner says how long was waited
        except OSError as error:
            return CheckResult(Outcome.FAILED, "tcp_refused", {**params, "cause": type(error).__name__})
        taken_ms = 1000 * (clock.monotonic() - started_s)
        writer.close()
        with contextlib.suppress(OSError):  # that it accepted is what was asked
            await writer.wait_closed()
        return CheckResult(Outcome.OK, "tcp_accepts", params, {"connect_ms": round(taken_ms, 3)}, taken_ms)

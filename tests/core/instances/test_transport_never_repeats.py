"""A destructive read goes out once, whatever becomes of its connection."""

from __future__ import annotations

import pytest

from wxauto_mgt.core.instances.transport import Transport
from wxauto_mgt.errors import InstanceUnreachable
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.simulator import SimulatedServer

ROUTE = "/api/message/listen/get"


async def test_get_is_not_repeated_when_the_connection_breaks_before_the_answer() -> None:
    server = SimulatedServer()
    base_url = await server.start()
    server.faults.drop_connection(ROUTE)
    transport = Transport(
        instance_id="pc1",
        base_url=base_url,
        headers={"X-API-Key": server.api_key},
        clock=SystemClock(),
    )
    try:
        with pytest.raises(InstanceUnreachable):
            await transport.request("GET", ROUTE, timeout_s=5)
        assert server.calls[ROUTE] == 1
    finally:
        await transport.close(timeout_s=1)
        await server.stop()

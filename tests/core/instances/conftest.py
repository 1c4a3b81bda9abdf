"""A client of a scripted server, with short timeouts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from pydantic import SecretStr

from tests.fakes.misbehaving_server import MisbehavingServer
from wxauto_mgt.core.instances.client import WxautoClient
from wxauto_mgt.core.instances.model import InstanceConfig
from wxauto_mgt.core.wire import CallRecord
from wxauto_mgt.runtime.clock import SystemClock

API_KEY = "planted-secret-key-1234"


@pytest.fixture
async def server() -> AsyncIterator[MisbehavingServer]:
    server = MisbehavingServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def calls() -> list[CallRecord]:
    return []


def instance_config(base_url: str, api_key: str = API_KEY, **fields: object) -> InstanceConfig:
    return InstanceConfig.model_validate(
        {"id": "pc1", "base_url": base_url, "api_key": SecretStr(api_key), **fields}
    )


ClientMaker = Callable[..., WxautoClient]


@pytest.fixture
async def make_client(calls: list[CallRecord]) -> AsyncIterator[ClientMaker]:
    made: list[WxautoClient] = []

    def make(base_url: str, *, timeout_s: float = 2.0, max_body_bytes: int = 1 << 20) -> WxautoClient:
        client = WxautoClient(
            config=instance_config(base_url),
            clock=SystemClock(),
            on_call=calls.append,
            read_timeout_s=lambda: timeout_s,
            send_timeout_s=lambda: timeout_s,
            health_timeout_s=timeout_s,
            max_body_bytes=max_body_bytes,
        )
        made.append(client)
        return client

    yield make
    for client in made:
        await client.close()


@pytest.fixture
async def client(make_client: ClientMaker, server: MisbehavingServer) -> WxautoClient:
    return make_client(server.base_url)

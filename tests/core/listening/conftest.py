"""Simulated servers and a rig around them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.core.listening.harness import Rig
from wxauto_mgt.simulator import SimulatedServer, SimulatorConfig
from wxauto_mgt.storage.database import Database

ServerMaker = Callable[..., Awaitable[SimulatedServer]]


@pytest.fixture
async def make_server() -> AsyncIterator[ServerMaker]:
    servers: list[SimulatedServer] = []

    async def make(**fields: object) -> SimulatedServer:
        server = SimulatedServer(SimulatorConfig(**fields))  # type: ignore[arg-type]
        await server.start()
        servers.append(server)
        return server

    yield make
    for server in servers:
        server.faults.clear()
        server.faults.release()
        await server.stop()


@pytest.fixture
async def server(make_server: ServerMaker) -> SimulatedServer:
    return await make_server()


@pytest.fixture
async def rig(db: Database, make_server: ServerMaker) -> AsyncIterator[Rig]:
    rig = Rig(db)
    yield rig
    await rig.close()

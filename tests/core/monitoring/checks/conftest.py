"""Servers that several tests ask; each is started once, and only when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.core.monitoring.checks import servers


@pytest.fixture(scope="session")
def redis() -> Iterator[servers.Server]:
    """A Redis server that wants `PASSWORD`."""
    if reason := servers.why_no_redis():
        pytest.skip(reason)
    with servers.redis_server("--requirepass", servers.PASSWORD) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[servers.Server]:
    """A PostgreSQL server that wants `PASSWORD`."""
    if reason := servers.why_no_postgresql():
        pytest.skip(reason)
    with servers.postgresql_server() as server:
        yield server

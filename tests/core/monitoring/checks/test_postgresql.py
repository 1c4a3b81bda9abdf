"""The PostgreSQL check against a real server."""

from __future__ import annotations

import asyncio
import inspect

import asyncpg
import pytest
from pydantic import ValidationError

from tests.core.monitoring.checks import servers
from tests.core.monitoring.checks.contexts import config_of, context, said
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.monitoring.checks.contract import CheckResult
from wxauto_mgt.core.monitoring.checks.postgresql import PostgresqlCheck, PostgresqlConfig


def check(port: int, *, password: str = servers.PASSWORD, path: str = "", **fields: JSON) -> PostgresqlCheck:
    url = f"postgresql://127.0.0.1:{port}{path}"
    return PostgresqlCheck(config_of(PostgresqlConfig, url=url, password=password, **fields), context())


def shown(result: CheckResult) -> str:
    return repr((result.params, result.evidence))


async def test_a_server_that_answers_is_well(postgresql: servers.Server) -> None:
    result = await check(postgresql.port).run()
    assert said(result) == ("ok", "postgresql_answers")
    assert result.evidence["in_recovery"] is False
    assert result.evidence["connections"] == 1
    assert str(result.evidence["version"])[:2].isdecimal()
    assert result.response_time_ms is not None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"password": "wrong-password-of-mine"}, "postgresql_login_refused"),
        ({"password": ""}, "postgresql_login_refused"),
        ({"username": "nobody-i-know"}, "postgresql_login_refused"),
        ({"path": "/no_such_database"}, "postgresql_no_database"),
        ({"tls": "require"}, "postgresql_no_answer"),
    ],
)
async def test_what_the_server_refuses_is_told_without_the_password(
    postgresql: servers.Server, monkeypatch: pytest.MonkeyPatch, fields: dict[str, JSON], reason: str
) -> None:
    monkeypatch.setenv("PGPASSWORD", servers.PASSWORD)  # of other programs; not meant for us
    result = await check(postgresql.port, **fields).run()  # type: ignore[arg-type]
    assert said(result) == ("failed", reason)
    assert servers.PASSWORD not in shown(result)
    assert "wrong-password-of-mine" not in shown(result)


async def test_a_server_that_hangs_is_left_when_the_time_is_over(postgresql: servers.Server) -> None:
    with postgresql.hung(), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await check(postgresql.port).run()
    assert said(await check(postgresql.port).run()) == ("ok", "postgresql_answers")


async def test_no_server_at_all_fails() -> None:
    result = await check(servers.unused_port()).run()
    assert said(result) == ("failed", "postgresql_no_answer")
    assert result.params == {"cause": "ConnectionRefusedError"}


async def test_the_last_connections_are_worth_a_word(postgresql: servers.Server) -> None:
    figures = (await check(postgresql.port).run()).evidence
    limit = int(figures["connections_at_most"] or 0)
    others = [
        await asyncpg.connect(
            host="127.0.0.1", port=postgresql.port, user="postgres", password=servers.PASSWORD
        )
        for _ in range(limit - 5)
    ]
    try:
        result = await check(postgresql.port).run()
    finally:
        for other in others:
            await other.close()
    assert said(result) == ("degraded", "postgresql_connections_nearly_used")


async def test_a_server_that_was_stopped_fails_and_a_replica_is_worth_a_word() -> None:
    if reason := servers.why_no_postgresql():
        pytest.skip(reason)
    async with servers.off_loop(servers.postgresql_server(standby=True)) as server:
        found = await check(server.port).run()
        meant = await check(server.port, may_be_replica=True).run()
        await asyncio.to_thread(server.stop)
        stopped = await check(server.port).run()
    assert said(found) == ("degraded", "postgresql_is_replica")
    assert said(meant) == ("ok", "postgresql_answers")
    assert meant.evidence["in_recovery"] is True
    assert said(stopped) == ("failed", "postgresql_no_answer")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://a:1", "check_address_scheme"),
        ("postgresql://me:secret@a:1", "url_credentials"),
        ("postgresql://a:1/x/y", "postgresql_database"),
        ("postgresql:///x", "url_host"),
        ("postgresql://a/x?sslmode=disable", "url_query"),
    ],
)
def test_addresses_that_cannot_be_meant_are_refused(url: str, reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        PostgresqlConfig(url=url)
    assert [error["type"] for error in refused.value.errors()] == [f"problem.{reason}"]


def test_every_error_of_the_library_is_known() -> None:
    known = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
    notices = (asyncpg.PostgresLogMessage, asyncpg.InterfaceWarning)  # are logged, never raised
    strange = {
        name
        for name, error in inspect.getmembers(asyncpg.exceptions, inspect.isclass)
        if issubclass(error, Exception) and not issubclass(error, (*known, *notices))
    }
    assert strange == set()

"""The Redis check against real servers."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path

import pytest
import redis.exceptions
from pydantic import ValidationError
from redis.asyncio import Redis

from tests.core.monitoring.checks import servers
from tests.core.monitoring.checks.certificates import Authority
from tests.core.monitoring.checks.contexts import config_of, context, said
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.monitoring.checks.contract import CheckResult
from wxauto_mgt.core.monitoring.checks.redis import RedisCheck, RedisConfig


def check(
    port: int, *, password: str = servers.PASSWORD, scheme: str = "redis", **fields: JSON
) -> RedisCheck:
    url = f"{scheme}://127.0.0.1:{port}/0"
    return RedisCheck(config_of(RedisConfig, url=url, password=password, **fields), context())


def shown(result: CheckResult) -> str:
    return repr((result.params, result.evidence))


@pytest.fixture(autouse=True)
def _needs_redis() -> None:
    if reason := servers.why_no_redis():
        pytest.skip(reason)


async def test_a_server_that_answers_is_well(redis: servers.Server) -> None:
    result = await check(redis.port).run()
    assert said(result) == ("ok", "redis_answers")
    assert {"version", "role", "used_memory_mb"} <= result.evidence.keys()
    assert result.response_time_ms is not None


@pytest.mark.parametrize("password", ["wrong-password-of-mine", ""])
async def test_a_wrong_password_is_told_and_never_shown(redis: servers.Server, password: str) -> None:
    result = await check(redis.port, password=password).run()
    assert said(result) == ("failed", "redis_login_refused")
    assert not password or password not in shown(result)


async def test_a_server_that_hangs_is_left_when_the_time_is_over(redis: servers.Server) -> None:
    with redis.hung(), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await check(redis.port).run()
    assert said(await check(redis.port).run()) == ("ok", "redis_answers")


async def test_no_server_at_all_fails() -> None:
    result = await check(servers.unused_port()).run()
    assert said(result) == ("failed", "redis_no_answer")
    assert servers.PASSWORD not in shown(result)


async def test_a_replica_is_worth_a_word_unless_it_is_meant_to_be_one(redis: servers.Server) -> None:
    options = ("--replicaof", "127.0.0.1", redis.port, "--masterauth", servers.PASSWORD)
    async with servers.off_loop(servers.redis_server(*options)) as replica:
        found = await check(replica.port, password="").run()
        meant = await check(replica.port, password="", may_be_replica=True).run()
    assert said(found) == ("degraded", "redis_is_replica")
    assert said(meant) == ("ok", "redis_answers")


async def test_an_account_that_may_only_ping_is_enough(redis: servers.Server) -> None:
    options = ("--user", "pinger", "on", f">{servers.PASSWORD}", "-@all", "+ping", "+select")
    async with servers.off_loop(servers.redis_server(*options)) as server:
        result = await check(server.port, username="pinger").run()
    assert said(result) == ("ok", "redis_answers")
    assert result.evidence == {}


async def test_a_server_that_still_loads_its_data_is_worth_a_word(tmp_path: Path) -> None:
    dump = ("--dbfilename", "kept.rdb", "--dir", tmp_path, "--rdbcompression", "no")
    async with servers.off_loop(servers.redis_server(*dump)) as server:
        client = Redis(host="127.0.0.1", port=server.port)
        await client.mset({f"key {number}": "x" * 4096 for number in range(40)})
        await client.save()
        await client.aclose()
    # Two seconds in all, with answers in between.
    slowly = ("--key-load-delay", 50_000, "--loading-process-events-interval-bytes", 1024)
    async with servers.off_loop(servers.redis_server(*dump, *slowly)) as server:
        result = await check(server.port, password="").run()
    assert said(result) == ("degraded", "redis_loading")


async def test_tls_needs_a_certificate_that_can_be_trusted(tmp_path: Path) -> None:
    authority = Authority()
    files = authority.issue("127.0.0.1").write(tmp_path)
    options: list[object] = ["--tls-cert-file", files.certificate, "--tls-key-file", files.key]
    options += ("--tls-ca-cert-file", files.authority, "--tls-auth-clients", "no")
    async with servers.off_loop(servers.redis_server(*options, tls=True)) as server:
        trusted = await check(server.port, password="", scheme="rediss", ca_file=str(files.authority)).run()
        foreign = await check(server.port, password="", scheme="rediss").run()
    assert said(trusted) == ("ok", "redis_answers")
    assert said(foreign) == ("failed", "redis_no_answer")
    assert "certificate" in str(foreign.params["cause"])


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://a:1", "check_address_scheme"),
        ("redis://:secret@a:1", "url_credentials"),
        ("redis://a:1/x", "redis_database"),
        ("redis://", "url_host"),
        ("redis://a:99999", "url_unreadable"),
        ("redis://a/0?password=b", "url_query"),
    ],
)
def test_addresses_that_cannot_be_meant_are_refused(url: str, reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        RedisConfig(url=url)
    assert [error["type"] for error in refused.value.errors()] == [f"problem.{reason}"]


def test_every_error_of_the_library_that_a_single_server_can_cause_is_known() -> None:
    errors = [error for _, error in inspect.getmembers(redis.exceptions, inspect.isclass)]
    strange = {
        error.__name__
        for error in errors
        if issubclass(error, Exception) and not issubclass(error, redis.exceptions.RedisError)
    }
    # Of clusters, pipelines and locks between threads: none is used.
    assert strange == {
        "ChildDeadlockedError",
        "CrossSlotTransactionError",
        "IncorrectPolicyType",
        "InvalidPipelineStack",
        "RedisClusterException",
        "SlotNotCoveredError",
    }

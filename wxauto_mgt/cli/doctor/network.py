"""Looks whether instances and platforms can be reached. Asks nothing that costs anything."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from wxauto_mgt.cli.doctor.findings import Finding, Findings, note, ok, problem
from wxauto_mgt.core.config.model import Snapshot
from wxauto_mgt.core.instances.client import WxautoClient
from wxauto_mgt.core.instances.model import INSTANCE, InstanceConfig
from wxauto_mgt.core.platforms.section import PLATFORM, PlatformConfig
from wxauto_mgt.errors import ConsoleError, TransientError
from wxauto_mgt.runtime.clock import Clock

ANSWER_WITHIN_S: Final = 5.0
T = TypeVar("T")
_PORTS: Final = {"http": 80, "https": 443}


async def examine_network(snapshot: Snapshot, *, clock: Clock) -> Findings:
    """Look at every enabled instance and platform, all at once."""
    instances = [found for found in _objects(snapshot, INSTANCE, InstanceConfig) if found.enabled]
    platforms = [found for found in _objects(snapshot, PLATFORM, PlatformConfig) if found.enabled]
    if not instances:
        return [note("no_instances")]
    looks = [
        *(_instance(config, clock=clock) for config in instances),
        *(
            _platform(config.id, host, port, clock=clock)
            for config in platforms
            for host, port in sorted(set(hosts_of(config.config)))
        ),
    ]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(look) for look in looks]
    return [task.result() for task in tasks]


def hosts_of(config: BaseModel) -> Iterator[tuple[str, int]]:
    """Yield host and port of each address that stands in a configuration; never the address itself."""
    for name in type(config).model_fields:
        value = getattr(config, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not isinstance(text, str) or not text.startswith(("http://", "https://")):
            continue
        try:
            parts = urlsplit(text)
            if parts.hostname:
                yield parts.hostname, parts.port or _PORTS[parts.scheme]
        except ValueError:
            continue


def _objects(snapshot: Snapshot, kind: str, of: type[T]) -> Sequence[T]:
    return [found for found in snapshot.objects(kind).values() if isinstance(found, of)]


async def _instance(config: InstanceConfig, *, clock: Clock) -> Finding:
    client = WxautoClient(
        config=config,
        clock=clock,
        on_call=lambda _record: None,
        read_timeout_s=lambda: ANSWER_WITHIN_S,
        send_timeout_s=lambda: ANSWER_WITHIN_S,
    )
    began_s = clock.monotonic()
    try:
        await client.health()
    except ConsoleError as error:
        return problem("instance_unreachable", id=config.id, url=config.base_url, error=error)
    finally:
        await client.close(timeout_s=1.0)
    return ok("instance", id=config.id, url=config.base_url, ms=_ms_since(began_s, clock))


async def _platform(platform_id: str, host: str, port: int, *, clock: Clock) -> Finding:
    began_s = clock.monotonic()
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            await writer.wait_closed()
    except TimeoutError:
        cause = TransientError("host_silent", waited_s=ANSWER_WITHIN_S)
        return problem("platform_unreachable", id=platform_id, host=host, port=port, error=cause)
    except OSError as error:
        refused = TransientError("host_unreachable", reason=error.strerror or type(error).__name__)
        return problem("platform_unreachable", id=platform_id, host=host, port=port, error=refused)
    return ok("platform", id=platform_id, host=host, port=port, ms=_ms_since(began_s, clock))


def _ms_since(began_s: float, clock: Clock) -> int:
    return round(1000 * (clock.monotonic() - began_s))

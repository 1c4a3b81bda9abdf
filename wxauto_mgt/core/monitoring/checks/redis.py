"""Checks a Redis server: connects, logs in, pings, and looks at what the server says of itself."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, ClassVar, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import ConfigModel, refuse
from wxauto_mgt.core.monitoring.checks.addresses import server_address, with_port
from wxauto_mgt.core.monitoring.checks.contract import CheckContext, CheckKind, CheckResult, Outcome
from wxauto_mgt.core.monitoring.checks.form_fields import shown
from wxauto_mgt.errors import Fact

if TYPE_CHECKING:
    from redis.asyncio import Redis

PLAIN: Final = "redis"
TLS: Final = "rediss"
_PORT: Final = 6379
_MB: Final = 1 << 20
_SAVING: Final = ("rdb_last_bgsave_status", "aof_last_write_status")


def _check_url(value: str) -> str:
    parts = server_address(value, schemes=(PLAIN, TLS))
    if parts.path not in ("", "/") and not parts.path[1:].isdecimal():
        raise refuse("redis_database")
    return value


class RedisConfig(ConfigModel):
    """Which server, as whom, and what is right there."""

    url: Annotated[str, AfterValidator(_check_url)] = Field(
        max_length=500,
        json_schema_extra=shown("url", 100, widget=Widget.URL, help_key="check_kind.help.redis_url"),
    )
    username: str = Field(default="", max_length=200, json_schema_extra=shown("username", 110))
    password: SecretStr = Field(
        default=SecretStr(""), max_length=500, json_schema_extra=shown("password", 120, widget=Widget.SECRET)
    )
    ca_file: str = Field(default="", max_length=1000, json_schema_extra=shown("ca_file", 130, has_help=True))
    may_be_replica: bool = Field(
        default=False, json_schema_extra=shown("may_be_replica", 140, widget=Widget.SWITCH, has_help=True)
    )


class RedisCheck(CheckKind[RedisConfig]):
    """Makes a connection of its own each time, so that connecting and the password are checked too."""

    TYPE = "redis"
    CONFIG: ClassVar[type[RedisConfig]] = RedisConfig
    SECRET_FIELDS = ("password",)

    def __init__(self, config: RedisConfig, context: CheckContext) -> None:
        super().__init__(config, context)
        self._address = urlsplit(with_port(config.url, context.port))

    async def run(self) -> CheckResult:
        # Half a second the first time: off the loop, and not at all where no Redis is checked.
        await asyncio.to_thread(import_module, "redis.asyncio")
        # Here, because at the top it would be loaded with the console.
        from redis import exceptions

        started_s = self.context.clock.monotonic()
        try:
            async with self._client() as client:
                await client.ping()
                taken_ms = 1000 * (self.context.clock.monotonic() - started_s)
                info = await _info(client)
        except exceptions.BusyLoadingError:
            return CheckResult(Outcome.DEGRADED, "redis_loading")
        except (exceptions.AuthenticationError, exceptions.AuthorizationError):
            return CheckResult(Outcome.FAILED, "redis_login_refused")
        except exceptions.ResponseError as error:
            # Its kind only: the server's own sentence may quote what it was sent.
            return CheckResult(Outcome.FAILED, "redis_refused", {"cause": type(error).__name__})
        except (exceptions.RedisError, OSError) as error:
            return CheckResult(Outcome.FAILED, "redis_no_answer", {"cause": _cause(error)})
        return self._judge(info, taken_ms)

    def _client(self) -> Redis:
        # As in `run`.
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        config = self.config
        return Redis(
            host=self._address.hostname or "",
            port=self._address.port or _PORT,
            db=int(self._address.path.lstrip("/") or 0),
            username=config.username or None,
            password=config.password.get_secret_value() or None,
            ssl=self._address.scheme == TLS,
            ssl_ca_certs=config.ca_file or None,
            # The runner's limit is the only one, and one try is one measurement.
            socket_timeout=None,
            socket_connect_timeout=None,
            retry=Retry(NoBackoff(), 0),
            single_connection_client=True,
            decode_responses=True,
            protocol=2,
        )

    def _judge(self, info: Mapping[str, object], taken_ms: float) -> CheckResult:
        evidence = _evidence(info)
        reason = "redis_answers"
        if info.get("role") == "slave" and not self.config.may_be_replica:
            reason = "redis_is_replica"
        elif info.get("loading") == 1:
            reason = "redis_loading"
        elif any(info.get(name, "ok") != "ok" for name in _SAVING):
            reason = "redis_cannot_save"
        outcome = Outcome.OK if reason == "redis_answers" else Outcome.DEGRADED
        return CheckResult(outcome, reason, {}, evidence, taken_ms)


async def _info(client: Redis) -> Mapping[str, object]:
    """What the server says of itself; nothing where the account may not ask."""
    # As in `run`.
    from redis import exceptions

    try:
        info: Mapping[str, object] = await client.info()
    except exceptions.NoPermissionError:
        return {}
    return info


def _evidence(info: Mapping[str, object]) -> dict[str, Fact]:
    names = {
        "version": "redis_version",
        "role": "role",
        "uptime_s": "uptime_in_seconds",
        "clients": "connected_clients",
    }
    evidence: dict[str, Fact] = {}
    for name, source in names.items():
        value = info.get(source)
        if isinstance(value, str | int | float):
            evidence[name] = value
    used = info.get("used_memory")
    if isinstance(used, int):
        evidence["used_memory_mb"] = round(used / _MB, 1)
    limit = info.get("maxmemory")
    if isinstance(limit, int) and limit:
        evidence["memory_limit_mb"] = round(limit / _MB, 1)
    return evidence


def _cause(error: Exception) -> str:
    """Name what is beneath: the library wraps what the system said in errors of its own."""
    beneath = error.__cause__ or error.__context__ or error
    if isinstance(beneath, ssl.SSLCertVerificationError):
        return beneath.verify_message
    return type(beneath).__name__

"""Checks a PostgreSQL server: connects, logs in, and asks what the server says of itself."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, ClassVar, Final
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, SecretStr

from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import ConfigModel, refuse
from wxauto_mgt.core.monitoring.checks.addresses import server_address, with_port
from wxauto_mgt.core.monitoring.checks.contract import CheckContext, CheckKind, CheckResult, Outcome
from wxauto_mgt.core.monitoring.checks.form_fields import shown
from wxauto_mgt.core.monitoring.checks.store import ServerFigures, postgresql_figures
from wxauto_mgt.errors import Fact

if TYPE_CHECKING:
    import asyncpg

SCHEMES: Final = ("postgresql", "postgres")
_PORT: Final = 5432
_DATABASE: Final = "postgres"
_LONGEST_S: Final = 3600.0  # the runner's limit comes first
# Judgement call: the few that are left then are for the administrator.
NEARLY_ALL_CONNECTIONS: Final = 0.9


def _check_url(value: str) -> str:
    parts = server_address(value, schemes=SCHEMES)
    if "/" in parts.path[1:]:
        raise refuse("postgresql_database")
    return value


class Tls(StrEnum):
    """How the connection is secured; the values are PostgreSQL's own."""

    DISABLE = "disable"
    PREFER = "prefer"
    REQUIRE = "require"
    VERIFY_FULL = "verify-full"


class PostgresqlConfig(ConfigModel):
    """Which server, as whom, and what is right there."""

    url: Annotated[str, AfterValidator(_check_url)] = Field(
        max_length=500,
        json_schema_extra=shown("url", 100, widget=Widget.URL, help_key="check_kind.help.postgresql_url"),
    )
    username: str = Field(
        default="postgres", min_length=1, max_length=200, json_schema_extra=shown("username", 110)
    )
    password: SecretStr = Field(
        default=SecretStr(""), max_length=500, json_schema_extra=shown("password", 120, widget=Widget.SECRET)
    )
    tls: Tls = Field(
        default=Tls.PREFER,
        json_schema_extra=shown("tls", 130, widget=Widget.CHOICE, choices="check_kind.tls"),
    )
    may_be_replica: bool = Field(
        default=False, json_schema_extra=shown("may_be_replica", 140, widget=Widget.SWITCH, has_help=True)
    )


class PostgresqlCheck(CheckKind[PostgresqlConfig]):
    """Makes a connection of its own each time, so that connecting and the password are checked too."""

    TYPE = "postgresql"
    CONFIG: ClassVar[type[PostgresqlConfig]] = PostgresqlConfig
    SECRET_FIELDS = ("password",)

    def __init__(self, config: PostgresqlConfig, context: CheckContext) -> None:
        super().__init__(config, context)
        self._address = urlsplit(with_port(config.url, context.port))

    async def run(self) -> CheckResult:
        # A moment the first time: off the loop, and not at all where no PostgreSQL is checked.
        await asyncio.to_thread(import_module, "asyncpg")
        # Here, because at the top it would be loaded with the console.
        import asyncpg

        started_s = self.context.clock.monotonic()
        try:
            connection = await self._connect()
            try:
                figures = await postgresql_figures(connection)
                taken_ms = 1000 * (self.context.clock.monotonic() - started_s)
            finally:
                # Not `close`: it waits for the server, which may be what hangs.
                connection.terminate()
        except asyncpg.PostgresError as error:
            return _refusal(error)
        except TimeoutError:
            raise  # the runner says how long was waited
        except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
            cause = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else None
            return CheckResult(
                Outcome.FAILED, "postgresql_no_answer", {"cause": cause or type(error).__name__}
            )
        return self._judge(figures, taken_ms)

    async def _connect(self) -> asyncpg.Connection:
        # As in `run`.
        import asyncpg

        return await asyncpg.connect(
            host=self._address.hostname,
            port=self._address.port or _PORT,
            user=self.config.username,
            # Never None: the library would look for one in the environment and in files.
            password=self.config.password.get_secret_value(),
            database=unquote(self._address.path[1:]) or _DATABASE,
            ssl=self.config.tls.value,
            timeout=_LONGEST_S,
            statement_cache_size=0,  # connection pools in front of servers do not like prepared statements
            server_settings={"application_name": "wxauto_mgt"},
        )

    def _judge(self, figures: ServerFigures, taken_ms: float) -> CheckResult:
        evidence: dict[str, Fact] = {
            "version": figures.version,
            "in_recovery": figures.is_in_recovery,
            "connections": figures.connections,
            "connections_at_most": figures.connections_at_most,
        }
        if figures.is_in_recovery and not self.config.may_be_replica:
            return CheckResult(Outcome.DEGRADED, "postgresql_is_replica", {}, evidence, taken_ms)
        if figures.connections >= NEARLY_ALL_CONNECTIONS * figures.connections_at_most:
            params: dict[str, Fact] = {
                "used": figures.connections,
                "at_most": figures.connections_at_most,
            }
            return CheckResult(
                Outcome.DEGRADED, "postgresql_connections_nearly_used", params, evidence, taken_ms
            )
        return CheckResult(Outcome.OK, "postgresql_answers", {}, evidence, taken_ms)


# SQLSTATE -> what is said of it. The server's own sentence may quote what it was sent and stays behind.
_REFUSALS: Final[Mapping[str, tuple[Outcome, str]]] = {
    "28P01": (Outcome.FAILED, "postgresql_login_refused"),
    "28000": (Outcome.FAILED, "postgresql_login_refused"),
    "3D000": (Outcome.FAILED, "postgresql_no_database"),
    "53300": (Outcome.FAILED, "postgresql_connections_used_up"),
    "57P03": (Outcome.DEGRADED, "postgresql_starting"),
    "57P01": (Outcome.FAILED, "postgresql_stopping"),
}


def _refusal(error: asyncpg.PostgresError) -> CheckResult:
    state = error.sqlstate or type(error).__name__
    outcome, reason = _REFUSALS.get(state, (Outcome.FAILED, "postgresql_refused"))
    return CheckResult(outcome, reason, {"cause": state})

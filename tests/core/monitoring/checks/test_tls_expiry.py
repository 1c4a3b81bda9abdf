"""The certificate check against TLS servers with certificates made here."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.core.monitoring.checks import servers
from tests.core.monitoring.checks.certificates import Authority, Issued, self_signed
from tests.core.monitoring.checks.contexts import config_of, context, said
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.monitoring.checks.contract import CheckResult
from wxauto_mgt.core.monitoring.checks.tls_expiry import TlsExpiryCheck, TlsExpiryConfig
from wxauto_mgt.errors import ConfigError

AUTHORITY = Authority()


@contextmanager
def serving(issued: Issued, folder: Path) -> Iterator[int]:
    """Shakes hands with whoever comes. In a thread: asyncio's server would log each refused handshake."""
    context, listener = issued.write(folder).context(), socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(5.0)
                context.wrap_socket(connection, server_side=True).close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


async def checked(issued: Issued, folder: Path, **fields: JSON) -> CheckResult:
    with serving(issued, folder) as port:
        given: dict[str, JSON] = {"host": "127.0.0.1", "port": port, "ca_file": str(folder / "authority.pem")}
        config = config_of(TlsExpiryConfig, **{**given, **fields})
        return await TlsExpiryCheck(config, context()).run()


@pytest.mark.parametrize(
    ("days_left", "expected"),
    [
        (365.0, ("ok", "tls_valid")),
        (20.0, ("degraded", "tls_expires_soon")),
        (6.0, ("failed", "tls_expires_soon")),
        (-2.0, ("failed", "tls_expired")),
    ],
)
async def test_the_days_left_decide(tmp_path: Path, days_left: float, expected: tuple[str, str]) -> None:
    result = await checked(AUTHORITY.issue("127.0.0.1", days_left=days_left), tmp_path)
    assert said(result) == expected
    assert result.evidence["days_left"] == pytest.approx(days_left, abs=0.2)
    assert result.evidence["issuer"] == "Authority of the tests"
    assert result.evidence["names"] == "127.0.0.1"


async def test_a_certificate_of_tomorrow_is_not_valid_yet(tmp_path: Path) -> None:
    result = await checked(AUTHORITY.issue("127.0.0.1", since_days=-1.0), tmp_path)
    assert said(result) == ("failed", "tls_not_yet_valid")


async def test_a_certificate_for_somebody_else_is_told(tmp_path: Path) -> None:
    result = await checked(AUTHORITY.issue("elsewhere.example"), tmp_path)
    assert said(result) == ("failed", "tls_wrong_name")
    assert result.params == {"name": "127.0.0.1"}


async def test_the_name_may_be_another_than_the_host(tmp_path: Path) -> None:
    result = await checked(AUTHORITY.issue("here.example"), tmp_path, server_name="here.example")
    assert said(result) == ("ok", "tls_valid")


async def test_a_self_signed_certificate_is_told_unless_it_may_be(tmp_path: Path) -> None:
    issued = self_signed("127.0.0.1")
    assert said(await checked(issued, tmp_path, ca_file="")) == ("failed", "tls_self_signed")
    allowed = await checked(issued, tmp_path, ca_file="", may_be_self_signed=True)
    assert said(allowed) == ("ok", "tls_valid")
    other = self_signed("elsewhere.example")
    assert said(await checked(other, tmp_path, ca_file="", may_be_self_signed=True)) == (
        "failed",
        "tls_wrong_name",
    )


async def test_an_unknown_authority_is_told(tmp_path: Path) -> None:
    result = await checked(AUTHORITY.issue("127.0.0.1"), tmp_path, ca_file="")
    assert said(result) == ("failed", "tls_not_trusted")
    assert "issuer" in str(result.params["cause"])


async def test_a_missing_authority_file_says_nothing_of_the_server(tmp_path: Path) -> None:
    result = await checked(AUTHORITY.issue("127.0.0.1"), tmp_path, ca_file=str(tmp_path / "gone.pem"))
    assert said(result) == ("unknown", "tls_ca_file_missing")


async def test_a_server_without_tls_or_none_at_all_fails() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello, I speak no TLS\r\n")
        await writer.drain()
        writer.transport.abort()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    config = config_of(TlsExpiryConfig, host="127.0.0.1", port=port)
    plain = await TlsExpiryCheck(config, context()).run()
    server.close()
    await server.wait_closed()
    assert plain.outcome.value == "failed"
    config = config_of(TlsExpiryConfig, host="127.0.0.1", port=servers.unused_port())
    assert said(await TlsExpiryCheck(config, context()).run()) == ("failed", "tls_no_answer")


def test_degraded_comes_before_failed() -> None:
    with pytest.raises(ConfigError) as refused:
        config_of(TlsExpiryConfig, host="a", warn_days=1, fail_days=2)
    assert [problem.reason for problem in refused.value.problems] == ["tls_days"]

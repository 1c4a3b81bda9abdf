"""The boundary to aiohttp: each of its errors becomes one of ours, and nothing of its text goes along."""

from __future__ import annotations

import inspect
import ssl
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from wxauto_mgt.core.platforms.http_json import error_symbol, retry_after, translate
from wxauto_mgt.errors import PlatformError, PlatformPermanent, PlatformTransient

NOW = datetime(2026, 11, 22, 8, 0, 0, tzinfo=UTC)


def aiohttp_errors() -> list[type[BaseException]]:
    found = [value for _, value in inspect.getmembers(aiohttp, inspect.isclass)]
    return [value for value in found if issubclass(value, aiohttp.ClientError | TimeoutError)]


def an_instance(kind: type[BaseException]) -> BaseException:
    """An error of this class without going through constructors that want half of aiohttp."""
    error = kind.__new__(kind)
    key: Any = ConnectionKey("127.0.0.1", 9, False, True, None, None, None)
    for name, value in {"_conn_key": key, "_os_error": OSError(111, "secret"), "status": 0}.items():
        if not isinstance(getattr(kind, name, None), property):
            vars(error)[name] = value
    return error


@pytest.mark.parametrize("kind", aiohttp_errors(), ids=lambda kind: kind.__name__)
def test_every_error_of_aiohttp_is_translated(kind: type[BaseException]) -> None:
    error = translate(an_instance(kind))
    assert isinstance(error, PlatformError)
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("kind", "code", "is_transient"),
    [
        (aiohttp.ClientConnectorDNSError, "platform_unknown_host", True),
        (aiohttp.ClientConnectorCertificateError, "platform_tls_failed", True),
        (aiohttp.ClientConnectorSSLError, "platform_tls_failed", True),
        (ssl.SSLError, "platform_tls_failed", True),
        (aiohttp.ConnectionTimeoutError, "platform_unreachable", True),
        (aiohttp.ClientConnectorError, "platform_unreachable", True),
        (aiohttp.SocketTimeoutError, "platform_timed_out", True),
        (TimeoutError, "platform_timed_out", True),
        (aiohttp.InvalidURL, "platform_bad_address", False),
        (aiohttp.ServerDisconnectedError, "platform_connection_lost", True),
        (aiohttp.ClientPayloadError, "platform_connection_lost", True),
        (ConnectionResetError, "platform_connection_lost", True),
        (aiohttp.ClientResponseError, "platform_answer_unreadable", True),
    ],
)
def test_kinds_of_failure_are_told_apart(kind: type[BaseException], code: str, is_transient: bool) -> None:
    error = translate(an_instance(kind))
    assert error.code == code
    assert isinstance(error, PlatformTransient if is_transient else PlatformPermanent)


@pytest.mark.parametrize(
    ("value", "expected_s"),
    [
        (None, None),
        ("30", 30.0),
        ("Sun, 22 Nov 2026 08:00:20 GMT", 20.0),
        ("Sun, 22 Nov 2026 07:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2026 08:00:20 -0000", None),
        ("tomorrow", None),
    ],
)
def test_retry_after_takes_seconds_and_dates(value: str | None, expected_s: float | None) -> None:
    assert retry_after(value, now=NOW) == expected_s


@pytest.mark.parametrize(
    ("body", "symbol"),
    [
        (b'{"error": {"code": "model_not_found", "type": "x"}}', "model_not_found"),
        (b'{"error": {"code": 404, "type": "not_found"}}', "not_found"),
        (b'{"error": {"code": "your key sk-1"}}', None),
        (b'{"error": "text"}', None),
        (b"<html>", None),
        (b"[]", None),
    ],
)
def test_only_a_symbol_is_taken_from_an_error_body(body: bytes, symbol: str | None) -> None:
    assert error_symbol(body) == symbol


def test_the_enumeration_finds_something() -> None:
    assert len(aiohttp_errors()) > 15

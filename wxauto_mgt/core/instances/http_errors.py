"""Translates what aiohttp raises into the product's own errors; the only place that knows those classes."""

from __future__ import annotations

import errno
import ssl
from typing import Final

import aiohttp

from wxauto_mgt.errors import (
    InstanceAnswerUnreadable,
    InstanceError,
    InstanceTimedOut,
    InstanceUnreachable,
)

CONNECT_FAILED: Final = "instance_connect_failed"
"""Code of the one failure after which certainly no byte of the request left this machine."""

_CONNECT_TIMED_OUT: Final = "instance_connect_timed_out"
_CONNECTION_LOST: Final = "instance_connection_lost"

UNREACHABLE_CODES: Final = frozenset({CONNECT_FAILED, _CONNECT_TIMED_OUT, _CONNECTION_LOST})
"""Codes of the failures that speak of the server itself, and not of what it was asked to do."""

FOREIGN_ERRORS: Final = (aiohttp.ClientError, TimeoutError, OSError, ssl.SSLError)
"""All that a call through aiohttp raises for a reason outside this program."""


def translate(error: BaseException) -> InstanceError:
    """Return our error for a foreign one. The foreign text stays behind: it may quote the request."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return InstanceTimedOut(_CONNECT_TIMED_OUT)
    if isinstance(error, aiohttp.ClientConnectorError):
        return InstanceUnreachable(CONNECT_FAILED, cause=_connect_cause(error))
    if isinstance(error, TimeoutError):  # aiohttp's other timeouts and asyncio's own
        return InstanceTimedOut("instance_timed_out")
    if isinstance(error, aiohttp.ClientPayloadError):
        return InstanceAnswerUnreadable("instance_answer_cut_off")
    if isinstance(error, aiohttp.ClientConnectionError | OSError):
        return InstanceUnreachable(_CONNECTION_LOST)
    # What is left: an answer that is not HTTP, a redirect somewhere odd, an address aiohttp cannot use.
    return InstanceAnswerUnreadable("instance_answer_not_http")


def _connect_cause(error: aiohttp.ClientConnectorError) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "unknown_host"
    if isinstance(error, aiohttp.ClientSSLError):
        return "tls"
    return errno.errorcode.get(error.errno or 0, "other")


def may_still_run(error: InstanceError) -> bool:
    """Whether the server may be carrying the call out although we gave up on it."""
    return isinstance(error, InstanceTimedOut) and error.code != _CONNECT_TIMED_OUT

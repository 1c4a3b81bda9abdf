"""Reads the body of a request within its limits: size, type, depth of JSON.

Owns what may be sent at all; what a route wants of it is for its model. `security` calls it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final, Protocol

from starlette.types import Receive

from wxauto_mgt.api.http.addresses import SAFE_METHODS
from wxauto_mgt.api.http.problems import ProblemError

_JSON: Final = re.compile(
    r"application/(?:[a-z0-9.+-]+\+)?json\s*(?:;\s*charset=\"?utf-8\"?\s*)?\Z", re.IGNORECASE
)
_FORM: Final = re.compile(
    r"\s*(?:application/x-www-form-urlencoded|multipart/form-data|text/plain)\b", re.IGNORECASE
)
_COMMAS_A_VALUE: Final = 10
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


class Headers(Protocol):
    """The headers of a request."""

    def all(self, name: bytes) -> list[str]:
        """All values of a header."""
        ...

    def first(self, name: bytes) -> str | None:
        """The first value of a header."""
        ...


@dataclass(frozen=True)
class BodyLimits:
    """What a body may be."""

    max_bytes: int = 1024 * 1024
    max_depth: int = 32
    max_values: int = 2_000


class ClientGone(Exception):
    """The client hung up before its request was here."""


async def read_body(method: str, headers: Headers, receive: Receive, limits: BodyLimits) -> bytes:
    """Return the whole body.

    Raises:
        ProblemError: it is too large, not JSON, or nested too deeply.
    """
    declared = headers.first(b"content-length")
    if declared is not None and declared.isdigit() and int(declared[:12]) > limits.max_bytes:
        raise ProblemError(413, "body_too_large", headers={"connection": "close"}, most=limits.max_bytes)
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limits.max_bytes:
            raise ProblemError(413, "body_too_large", headers={"connection": "close"}, most=limits.max_bytes)
        if not message.get("more_body", False):
            break
    body = b"".join(parts)
    _check(method, headers, body, limits)
    return body


def _check(method: str, headers: Headers, body: bytes, limits: BodyLimits) -> None:
    types = headers.all(b"content-type")
    if not body:
        # What a form of another site can send without asking first is refused, empty or not.
        if method not in SAFE_METHODS and any(_FORM.match(given) for given in types):
            raise ProblemError(415, "not_json")
        return
    if len(types) != 1 or not _JSON.match(types[0]):
        raise ProblemError(415, "not_json")
    # Reading takes its time too. Commas stand in texts as well, though hardly so many.
    if body.count(b",") > _COMMAS_A_VALUE * limits.max_values:
        raise ProblemError(400, "json_too_many_values", most=limits.max_values)
    try:
        # As text: bytes might be taken for UTF-16 too, or for halves of character pairs.
        parsed = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except RecursionError:
        raise ProblemError(400, "json_too_deep", most=limits.max_depth) from None
    except ValueError:
        raise ProblemError(400, "json_unreadable") from None
    _measure(parsed, limits)
    if _SURROGATE.search(body):
        try:
            json.dumps(parsed, ensure_ascii=False).encode()
        except ValueError:  # half a character pair: no text at all
            raise ProblemError(400, "json_unreadable") from None


def _measure(parsed: object, limits: BodyLimits) -> None:
    """Refuse what no route wants: to validate many values takes the loop far longer than to read them."""
    depth, values, holders = 0, 0, [parsed] if isinstance(parsed, dict | list) else []
    while holders:
        depth += 1
        if depth > limits.max_depth:
            raise ProblemError(400, "json_too_deep", most=limits.max_depth)
        inner: list[dict[str, object] | list[object]] = []
        for holder in holders:
            values += len(holder)
            if values > limits.max_values:
                raise ProblemError(400, "json_too_many_values", most=limits.max_values)
            held = holder.values() if isinstance(holder, dict) else holder
            inner += [value for value in held if isinstance(value, dict | list)]
        holders = inner


def _refuse_constant(name: str) -> float:
    raise ValueError(name)

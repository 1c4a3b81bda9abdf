"""Answers in the bytes of the real server: the JSON envelope and Werkzeug's HTML pages.

Owns no decision about which answer to give. Used by the routes and the server.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from wxauto_mgt.simulator.rows import JSONValue

_HTML_TEXT = {
    400: ("Bad Request", "The browser (or proxy) sent a request that this server could not understand."),
    404: (
        "Not Found",
        (
            "The requested URL was not found on the server. If you entered the URL manually please check"
            " your spelling and try again."
        ),
    ),
    405: ("Method Not Allowed", "The method is not allowed for the requested URL."),
    415: (
        "Unsupported Media Type",
        (
            "Did not attempt to load JSON data because the request Content-Type was not"
            " &#39;application/json&#39;."
        ),
    ),
    429: ("Too Many Requests", "100 per 1 minute"),
    502: ("Bad Gateway", "The server received an invalid response from an upstream server."),
    503: ("Service Unavailable", "The server is temporarily unable to service your request."),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and the headers beyond the usual ones."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_sendable_headers(self) -> bool:
        """Whether the headers fit into Latin-1, as HTTP wants them."""
        return all(ord(character) < 256 for value in self.headers.values() for character in value)


def json_answer(status: int, document: JSONValue) -> Answer:
    """A document as Flask prints it: escaped, sorted, indented."""
    return Answer(status, (json.dumps(document, sort_keys=True, indent=2) + "\n").encode())


def ok(message: str, data: JSONValue) -> Answer:
    """HTTP 200, code 0."""
    return json_answer(200, {"code": 0, "message": message, "data": data})


@lru_cache(maxsize=256)
def failed(status: int, code: int, message: str) -> Answer:
    """A failure without data."""
    return json_answer(status, {"code": code, "message": message, "data": None})


def failed_with(status: int, code: int, message: str, data: JSONValue) -> Answer:
    """A failure that carries data."""
    return json_answer(status, {"code": code, "message": message, "data": data})


INTERNAL_ERROR = failed(500, 5000, "服务器内部错误")
MISSING_PARAMETER = failed(400, 1002, "缺少必要参数")


def html(status: int, headers: Mapping[str, str] | None = None) -> Answer:
    """A framework page; 500 is the debugger page, tens of kB long."""
    if status == 500:
        trace = "".join(f'<div class="frame" id="frame-{n}">{"&nbsp;" * 60}</div>\n' for n in range(40))
        page = f"<!doctype html>\n<html lang=en>\n<title>TypeError // Werkzeug Debugger</title>\n{trace}"
    else:
        title, text = _HTML_TEXT.get(status, ("Error", "Error"))
        page = (
            f"<!doctype html>\n<html lang=en>\n<title>{status} {title}</title>\n<h1>{title}</h1>\n"
            f"<p>{text}</p>\n"
        )
    return Answer(status, page.encode(), "text/html; charset=utf-8", dict(headers or {}))

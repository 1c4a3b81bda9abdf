"""What a route is, what a handler gets, and how request bodies fail per blueprint.

Owns no route. Used by the two route tables and the server.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import parse_qsl

from wxauto_mgt.simulator.answers import INTERNAL_ERROR, Answer, failed, html
from wxauto_mgt.simulator.rows import JSONValue
from wxauto_mgt.simulator.world import World


class Blueprint(Enum):
    """Which error handling a route is under."""

    CORE = "core"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Call:
    """One request after authentication. `body` is what the JSON held, `{}` where none is read."""

    path: str
    query: Mapping[str, str]
    body: Mapping[str, JSONValue]
    address: str
    forwarded_for: str

    def text(self, name: str) -> str:
        """A field of the body as the real handlers use it; missing or null is empty."""
        value = self.body.get(name)
        return "" if value is None else str(value)

    def names(self, name: str) -> tuple[str, ...]:
        """A list field of the body; a string is iterated per character."""
        value = self.body.get(name)
        return tuple(str(item) for item in value) if isinstance(value, list | str) else ()


Handler = Callable[[World, Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One path.

    Attributes:
        moves_ui: drives the desktop, so that two at once interleave.
        is_queued: passes the task queue, which gives up waiting after a time.
        on_null: the answer to a JSON `null` body where it differs from the blueprint's.
        takes: name of the configured extra duration.
    """

    handler: Handler
    methods: tuple[str, ...] = ("GET",)
    blueprint: Blueprint = Blueprint.CORE
    is_protected: bool = True
    moves_ui: bool = False
    is_queued: bool = False
    reads_body: bool = True
    on_null: Answer | None = None
    takes: str | None = None
    allow: str = field(init=False, default="")

    def __post_init__(self) -> None:
        verbs = {*self.methods, "OPTIONS", *(["HEAD"] if "GET" in self.methods else [])}
        object.__setattr__(self, "allow", ", ".join(sorted(verbs)))


def parse_query(query: str) -> dict[str, str]:
    """The first value of each query parameter."""
    return dict(reversed(parse_qsl(query, keep_blank_values=True))) if query else {}


def parse_body(route: Route, raw: bytes, content_type: str) -> Mapping[str, JSONValue] | Answer:
    """The JSON object of a request, or how the real server answers one that it cannot read."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        return _unreadable(route, 415, "")
    try:
        document: JSONValue = json.loads(raw)
    except ValueError as error:
        return _unreadable(route, 400, str(error))
    if isinstance(document, dict):
        return document
    if document is None and route.on_null is not None:
        return route.on_null
    return INTERNAL_ERROR if route.blueprint is Blueprint.CORE else html(500)


def _unreadable(route: Route, status: int, detail: str) -> Answer:
    if route.blueprint is Blueprint.OTHER:
        return html(status)
    if not route.is_queued:
        return INTERNAL_ERROR
    reason = (
        f"400 Bad Request: Failed to decode JSON object: {detail}"
        if status == 400
        else "415 Unsupported Media Type: Did not attempt to load JSON data because the request Content-Type"
        " was not 'application/json'."
    )
    return failed(500, 3001, f"处理请求失败: {reason}")

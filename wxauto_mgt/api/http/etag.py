"""Answers that a client may already have: a weak tag over the body, 304 where it is the same.

Used by routes whose answers can be long. Pure.
"""

from __future__ import annotations

import hashlib
from typing import Final

from fastapi import Request, Response

from wxauto_mgt.api.http.problems import as_json

# The client may keep it, and asks each time whether it still holds.
_REVALIDATE: Final = "private, no-cache"


def tagged(request: Request, content: object, *, without: frozenset[str] = frozenset()) -> Response:
    """Answer with JSON and its tag, or 304.

    Args:
        without: keys of the content that do not make it another one, such as `timestamp`.
    """
    body = as_json(content)
    counted = body
    if without and isinstance(content, dict):
        counted = as_json({key: value for key, value in content.items() if key not in without})
    tag = f'W/"{hashlib.sha256(counted).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": _REVALIDATE}
    given = {each.strip() for each in request.headers.get("if-none-match", "").split(",")}
    if tag in given or "*" in given:
        return Response(None, 304, headers)
    return Response(body, 200, headers, "application/json")

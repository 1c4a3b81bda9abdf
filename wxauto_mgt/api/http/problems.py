"""Failures as problem+json (RFC 9457): one shape for whatever goes wrong, never a traceback.

Owns the shape. Routes, security and the protocol below them use it.
"""

from __future__ import annotations

import http
import json
from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

PROBLEM_JSON: Final = "application/problem+json"
_LONGEST_DETAIL: Final = 500


class Problem(BaseModel):
    """Why a request was not answered; more fields may stand beside these."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank#token_unknown",
                    "title": "Unauthorized",
                    "status": 401,
                    "detail": "The token is not known.",
                    "request_id": "4b6f0a",
                }
            ]
        },
    )

    type: str = Field(description="Symbolic reason, stable over versions and languages.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="One sentence for people, in the console's language.")
    request_id: str = Field(description="Stands in the log with what belongs to this request.")


class ProblemError(Exception):
    """Ends a request with a problem.

    Args:
        code: symbolic reason; the sentence is `http.problem.<code>`.
        beside: more fields of the body.
    """

    def __init__(
        self,
        status: int,
        code: str,
        *,
        detail: str | None = None,
        headers: Mapping[str, str] | None = None,
        beside: Mapping[str, object] | None = None,
        **params: str | int | float | None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.beside = dict(beside or {})
        self.params = params


def problem_body(
    status: int, code: str, detail: str, request_id: str, beside: Mapping[str, object] | None = None
) -> bytes:
    """Write the body."""
    return as_json(
        {
            "type": f"about:blank#{code}",
            "title": title_of(status),
            "status": status,
            "detail": detail[:_LONGEST_DETAIL],
            "request_id": request_id,
            **(beside or {}),
        }
    )


def title_of(status: int) -> str:
    """Name a status as HTTP does."""
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def as_json(value: object) -> bytes:
    """Write JSON that is valid UTF-8 whatever stands in it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Half a surrogate pair has no UTF-8; backslashreplace turns it into the escape that JSON wants.
    return text.encode("utf-8", "backslashreplace")

"""From a reply of `MonitorAPI` to an answer of a route: its data, or the problem with the status that fits.

Owns which reason is which status; sentences come with the reply.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, Final

from fastapi.responses import JSONResponse

from wxauto_mgt.api.http.problems import ProblemError, as_json
from wxauto_mgt.api.replies import Failure

_STATUS: Final[Mapping[str, int]] = {
    "bad_argument": 422,
    "config_refused": 422,
    "call_not_offered": 404,
    "unknown_service": 404,
    "channel_missing": 404,
    "call_failed": 500,
}
_NOT_FOUND_ENDS: Final = ("_not_found", "_unknown")
# What the state of the console does not allow now.
_OTHERWISE: Final = 409


class ConsoleJson(JSONResponse):
    """JSON that is valid UTF-8 whatever stands in it."""

    def render(self, content: Any) -> bytes:
        """Write the body."""
        return as_json(content)


def status_of(code: str) -> int:
    """Return the status for a symbolic reason."""
    if code.endswith(_NOT_FOUND_ENDS):
        return 404
    return _STATUS.get(code, _OTHERWISE)


def checked(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a reply that says it worked.

    Raises:
        ProblemError: it did not.
    """
    if reply["success"]:
        return reply
    code = reply.code if isinstance(reply, Failure) else "call_failed"
    beside = {"problems": reply.problems} if isinstance(reply, Failure) and reply.problems else None
    raise ProblemError(status_of(code), code, detail=str(reply["error"]), beside=beside)


async def answered(call: Awaitable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the reply of a call that worked, else raise its problem."""
    return checked(await call)


async def data_of(call: Awaitable[Mapping[str, Any]]) -> Any:
    """Return the data of a call that worked, else raise its problem."""
    return checked(await call)["data"]

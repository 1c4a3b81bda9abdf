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
    "call_failed": 500,
}
_NOT_FOUND_ENDS: Final = ("_not_found", "_unknown", "_not_known")
# What the state of the console does not allow now.
_OTHERWISE: Final = 409


class ConsoleJson(JSONResponse):
    """JSON that is valid UTF-8 whatever stands in it."""

    def render(self, content: Any) -> bytes:
        """Write the body."""
        return as_json(content)


def status_of(code: str, statuses: Mapping[str, int] | None = None) -> int:
    """Return the status for a symbolic reason; `statuses` are a route's own."""
    if statuses is not None and code in statuses:
        return statuses[code]
    if code.endswith(_NOT_FOUND_ENDS):
        return 404
    return _STATUS.get(code, _OTHERWISE)


async def answered(
    call: Awaitable[Mapping[str, Any]], *, statuses: Mapping[str, int] | None = None
) -> Mapping[str, Any]:
    """Return the reply of a call that worked.

    Raises:
        ProblemError: it did not.
    """
    reply = await call
    if reply["success"]:
        return reply
    code = reply.code if isinstance(reply, Failure) else "call_failed"
    beside = {"problems": reply.problems} if isinstance(reply, Failure) and reply.problems else None
    raise ProblemError(status_of(code, statuses), code, detail=str(reply["error"]), beside=beside)


async def data_of(call: Awaitable[Mapping[str, Any]], *, statuses: Mapping[str, int] | None = None) -> Any:
    """Return the data of a call that worked, else raise its problem."""
    return (await answered(call, statuses=statuses))["data"]

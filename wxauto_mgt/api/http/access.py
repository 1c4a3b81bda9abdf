"""What a route says of who may call it, in its code and in the OpenAPI document.

The grant itself is `security`'s; a route without one of these dependencies is found by a test.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import Depends, Request

from wxauto_mgt.api.http.problems import PROBLEM_JSON, ProblemError
from wxauto_mgt.api.http.security import GRANT
from wxauto_mgt.core.access.model import Grant, Scope


class NeedsScope:
    """Lets a request pass whose token allows enough."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(self, request: Request) -> None:
        """Check the grant of a request.

        Raises:
            ProblemError: the token is for less.
        """
        grant: Grant | None = request.scope.get(GRANT)
        if grant is None:
            raise ProblemError(401, "token_missing")
        if not grant.scope.allows(self.scope):
            raise ProblemError(403, "scope_too_small", needed=self.scope.value, given=grant.scope.value)


def needs(scope: Scope) -> Any:
    """Return the dependency of a route."""
    return Depends(NeedsScope(scope))


READS: Final = needs(Scope.READ)
OPERATES: Final = needs(Scope.OPERATE)
ADMINISTERS: Final = needs(Scope.ADMIN)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the failures of a route, those of every route among them."""
    always = (400, 401, 403, 413, 415, 421, 422, 429)
    return dict.fromkeys(sorted({*always, *statuses}), _PROBLEM)


_PROBLEM: Final[dict[str, Any]] = {
    "description": "Why not",
    "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}

"""Answers the calls of `MonitorAPI` about tokens: create, list, revoke.

Owns the shape of a token's record, which other programs rely on. The composition root builds one.
"""

from __future__ import annotations

from wxauto_mgt.api.answers import Answer, Answers
from wxauto_mgt.api.caller import current_caller
from wxauto_mgt.api.replies import JSON, Fields, iso, iso_or_none
from wxauto_mgt.core.access.model import ApiToken, Scope
from wxauto_mgt.core.access.tokens import AccessTokens
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.clock import Clock


class TokenCalls:
    """The calls, answered by the tokens of one application."""

    def __init__(self, *, tokens: AccessTokens, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock

    def answers(self) -> Answers:
        """Return the answers by the name of the call."""
        return {"create_token": self._create, "list_tokens": self._list, "revoke_token": self._revoke}

    async def _create(self, name: JSON, scope: JSON, expires_in_s: JSON = None) -> Answer:
        if not isinstance(scope, str) or scope not in tuple(Scope):
            raise PermanentError("bad_argument", name="scope")
        life_s = None if expires_in_s is None else _number(expires_in_s)
        issued = await self._tokens.create(
            _text(name), Scope(scope), who=current_caller.get(), expires_in_s=life_s
        )
        return Answer({**self._record(issued.token), "token": issued.value})

    async def _list(self) -> Answer:
        records: list[JSON] = [self._record(token) for token in self._tokens.tokens()]
        return Answer(records, {"count": len(records)})

    async def _revoke(self, name: JSON) -> Answer:
        await self._tokens.revoke(_text(name), who=current_caller.get())
        return Answer({"name": name})

    def _record(self, token: ApiToken) -> Fields:
        return {
            "name": token.name,
            "prefix": token.prefix,
            "scope": token.scope.value,
            "created_at": iso(token.created_at),
            "created_by": token.created_by,
            "expires_at": iso_or_none(token.expires_at),
            "expired": token.has_expired(self._clock.now()),
            "last_used_at": iso_or_none(token.last_used_at),
        }


def _text(value: JSON) -> str:
    if not isinstance(value, str):
        raise PermanentError("bad_argument", name="name")
    return value


def _number(value: JSON) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PermanentError("bad_argument", name="expires_in_s")
    try:
        return float(value)
    except OverflowError:
        raise PermanentError("bad_argument", name="expires_in_s") from None

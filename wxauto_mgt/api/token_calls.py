"""Answers the calls of `MonitorAPI` about tokens: create, list, revoke.

Owns the shape of a token's record, which other programs rely on. The composition root builds one.
"""

from __future__ import annotations

from wxauto_mgt.api import arguments
from wxauto_mgt.api.answers import Answer, Answers
from wxauto_mgt.api.caller import current_caller
from wxauto_mgt.api.replies import JSON, Fields, iso, iso_or_none
from wxauto_mgt.core.access.model import ApiToken, Scope
from wxauto_mgt.core.access.tokens import AccessTokens
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
        issued = await self._tokens.create(
            arguments.text(name, "name"),
            arguments.choice(Scope, scope, "scope"),
            who=current_caller.get(),
            expires_in_s=None if expires_in_s is None else arguments.number(expires_in_s, "expires_in_s"),
        )
        return Answer({**self._record(issued.token), "token": issued.value})

    async def _list(self) -> Answer:
        records: list[JSON] = [self._record(token) for token in self._tokens.tokens()]
        return Answer(records, {"count": len(records)})

    async def _revoke(self, name: JSON) -> Answer:
        await self._tokens.revoke(arguments.text(name, "name"), who=current_caller.get())
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

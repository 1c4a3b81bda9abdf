"""Makes, checks, lists and revokes the tokens of the local HTTP API.

Owns the index in memory, which every request asks, and when a use is written down. The HTTP server and the
facade call it.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from wxauto_mgt.core.access import store
from wxauto_mgt.core.access.model import ApiToken, Grant, IssuedToken, Scope
from wxauto_mgt.core.access.store import StoredToken
from wxauto_mgt.core.config.audit import AuditLog
from wxauto_mgt.core.config.model import ID_PATTERN
from wxauto_mgt.core.metrics.model import Sample, SeriesKey
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.storage.database import Database

ATTACH: Final = "attach"
ENVIRONMENT: Final = "environment"
ACTIVE_TOKENS: Final = "api_active_tokens"
SHORTEST_VALUE: Final = 8
MOST_TOKENS: Final = 100
_RANDOM_BYTES: Final = 32
_PREFIX_LENGTH: Final = 8
_MARK: Final = "wxm_"
_VALUE: Final = re.compile(r"[\x21-\x7e]{8,512}\Z")
_ACTIVE_WITHIN_S: Final = 300.0
_LONGEST_S: Final = 10 * 366 * 86_400.0


class AccessTokens:
    """The tokens of one application; `open` first. Use it on the loop's thread.

    Args:
        environment_token: a token that the operator gives by the environment, with every right; "" = none.

    Attributes:
        attach_value: a token of this run alone, for programs of this machine's user; never stored.

    Raises:
        PermanentError: the environment's token is too short or holds characters that no header can carry.
    """

    def __init__(
        self, *, db: Database, clock: Clock, audit: AuditLog, redactor: Redactor, environment_token: str = ""
    ) -> None:
        self._db = db
        self._clock = clock
        self._audit = audit
        self._redactor = redactor
        self._stored: dict[str, StoredToken] = {}
        self._used: dict[str, datetime] = {}
        self._used_at_s: dict[str, float] = {}
        self.attach_value = self._new_value()
        self._of_run = {ATTACH: Grant(ATTACH, Scope.ADMIN, _digest(self.attach_value))}
        if environment_token:
            if not _VALUE.match(environment_token):
                raise PermanentError("api_token_unusable", shortest=SHORTEST_VALUE)
            redactor.add_secret(environment_token)
            self._of_run[ENVIRONMENT] = Grant(ENVIRONMENT, Scope.ADMIN, _digest(environment_token))

    async def open(self) -> None:
        """Read what is stored."""
        self._stored = {stored.token.name: stored for stored in await store.read_tokens(self._db)}

    def tokens(self) -> tuple[ApiToken, ...]:
        """All stored tokens by name, with their newest use."""
        return tuple(
            replace(stored.token, last_used_at=self._used.get(name, stored.token.last_used_at))
            for name, stored in sorted(self._stored.items())
        )

    @property
    def has_usable(self) -> bool:
        """Whether anybody but an attached program of this machine can come in."""
        now = self._clock.now()
        return ENVIRONMENT in self._of_run or any(
            not stored.token.has_expired(now) for stored in self._stored.values()
        )

    def authenticate(self, value: str) -> Grant:
        """Tell who comes with a token.

        Raises:
            PermanentError: `token_unknown` or `token_expired`.
        """
        digest, found = _digest(value), None
        # Every token is compared, each in constant time: how long it takes tells nothing.
        for grant in self._of_run.values():
            found = grant if hmac.compare_digest(grant.digest, digest) else found
        expired = False
        for stored in self._stored.values():
            if hmac.compare_digest(stored.digest, digest):
                found = Grant(stored.token.name, stored.token.scope, stored.digest)
                expired = stored.token.has_expired(self._clock.now())
        if found is None:
            raise PermanentError("token_unknown")
        if expired:
            raise PermanentError("token_expired", name=found.name)
        self._used_at_s[found.name] = self._clock.monotonic()
        if found.name in self._stored:
            self._used[found.name] = self._clock.now()
        return found

    def admits(self, grant: Grant) -> bool:
        """Whether the token of an earlier grant still lets its holder in; for answers that last."""
        if grant in self._of_run.values():
            return True
        stored = self._stored.get(grant.name)
        return (
            stored is not None
            and hmac.compare_digest(stored.digest, grant.digest)
            and not stored.token.has_expired(self._clock.now())
        )

    async def create(
        self, name: str, scope: Scope, *, who: str, expires_in_s: float | None = None
    ) -> IssuedToken:
        """Make a token; its value is in the answer and nowhere else.

        Raises:
            PermanentError: the name or the life is not usable, or the name is taken.
        """
        if not ID_PATTERN.match(name):
            raise PermanentError("bad_token_name", name=name[:64])
        if name in self._stored or name in (ATTACH, ENVIRONMENT):
            raise PermanentError("token_name_taken", name=name)
        if len(self._stored) >= MOST_TOKENS:
            raise PermanentError("too_many_tokens", most=MOST_TOKENS)
        if expires_in_s is not None and not (math.isfinite(expires_in_s) and 0 < expires_in_s <= _LONGEST_S):
            raise PermanentError("bad_argument", name="expires_in_s")
        value, now = self._new_value(), self._clock.now()
        token = ApiToken(
            name=name,
            prefix=value[:_PREFIX_LENGTH],
            scope=scope,
            created_at=now,
            created_by=who,
            expires_at=None if expires_in_s is None else now + timedelta(seconds=expires_in_s),
            last_used_at=None,
        )
        stored = StoredToken(token, _digest(value))
        self._stored[name] = stored  # at once, so that two calls never make the same name
        try:
            await self._db.run(lambda tx: store.insert_token(tx, stored))
        except BaseException:
            self._stored.pop(name, None)
            raise
        await self._audit.note(who, "token.create", f"token {name}", {"scope": scope.value})
        return IssuedToken(token, value)

    async def revoke(self, name: str, *, who: str) -> None:
        """Refuse a token from now on and forget it.

        Raises:
            PermanentError: there is none of that name.
        """
        if self._stored.pop(name, None) is None:
            raise PermanentError("token_not_found", name=name[:64])
        self._used.pop(name, None)
        await self._db.run(lambda tx: store.delete_token(tx, name))
        await self._audit.note(who, "token.revoke", f"token {name}")

    async def write_uses(self) -> None:
        """Write down when tokens were used last; called now and then, and at the end."""
        if not self._used:
            return
        used = dict(self._used)
        await self._db.run(lambda tx: store.note_uses(tx, used))
        for name, at in used.items():
            if (stored := self._stored.get(name)) is not None:
                self._stored[name] = replace(stored, token=replace(stored.token, last_used_at=at))
            if self._used.get(name) == at:  # not used again meanwhile
                del self._used[name]

    def metrics(self) -> Iterator[Sample]:
        """How many different tokens were used in the last five minutes."""
        oldest_s = self._clock.monotonic() - _ACTIVE_WITHIN_S
        active = sum(1 for at_s in self._used_at_s.values() if at_s >= oldest_s)
        yield Sample(SeriesKey(ACTIVE_TOKENS), float(active))

    def _new_value(self) -> str:
        value = _MARK + secrets.token_urlsafe(_RANDOM_BYTES)
        self._redactor.add_secret(value)
        return value


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()

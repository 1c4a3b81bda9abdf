"""What a token is, and what it lets its holder do.

Owns words only; the service makes and checks tokens, the store keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """What a token lets its holder do; each scope contains those before it."""

    READ = "read"
    OPERATE = "operate"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """Compares scopes: the higher, the more it allows."""
        return list(Scope).index(self)

    def allows(self, needed: Scope) -> bool:
        """Whether what needs that scope may be done."""
        return self.rank >= needed.rank


@dataclass(frozen=True)
class ApiToken:
    """What is known of a token; its value is nowhere.

    Attributes:
        prefix: the first characters of the value, by which a person recognises it.
        last_used_at: to about a minute.
    """

    name: str
    prefix: str
    scope: Scope
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None

    def has_expired(self, now: datetime) -> bool:
        """Whether it is refused by now."""
        return self.expires_at is not None and now >= self.expires_at


@dataclass(frozen=True)
class IssuedToken:
    """A new token with its value, which is shown this once."""

    token: ApiToken
    value: str


@dataclass(frozen=True)
class Grant:
    """Who comes with an accepted token, and what they may do.

    Attributes:
        digest: of the token, so that another one of the same name is told from it.
    """

    name: str
    scope: Scope
    digest: bytes = field(default=b"", repr=False, compare=False)

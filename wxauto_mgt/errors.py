"""The error tree of the product, below everything else.

ConsoleError                 code + facts; the interfaces render them from the catalogue (`error.<code>`)
├── TransientError           may work when tried again
│   ├── StorageOverloaded, RevisionMoved, LoopStalled, RecoveryRunning
│   └── InstanceError        a call to a WXAUTO-HTTP-API server gave no usable answer
│       ├── InstanceUnreachable, InstanceTimedOut, InstanceRejected, InstanceUnauthorized
│       └── InstanceMaybeLimited, InstanceAnswerUnreadable
├── PermanentError           trying again changes nothing
│   ├── StorageError         DatabaseCorrupt, DatabaseForeign, DatabaseNewer
│   ├── DataFolderInUse
│   ├── SecretUnreadable     SecretKeyUnavailable
│   ├── PatternRefused
│   ├── UnknownService
│   └── HeartbeatDisabled
├── PlatformError            a platform gave no usable reply
│   ├── PlatformTransient (also TransientError), PlatformPermanent (also PermanentError)
│   └── PlatformOutcomeUnknown
├── ChannelError             a notice did not provably arrive
│   └── ChannelTransient (also TransientError), ChannelPermanent (also PermanentError)
├── ConfigError              the operator must change something; lists every Problem
└── BugError                 ours
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Fact = str | int | float | bool | None


class ConsoleError(Exception):
    """Base of all errors of the product.

    Args:
        code: symbolic reason; the catalogue key is `error.<code>`.
        facts: what it happened to; never a secret, never message text.
    """

    def __init__(self, code: str, **facts: Fact) -> None:
        super().__init__(code)
        self.code = code
        self.facts: Mapping[str, Fact] = facts

    def __str__(self) -> str:
        if not self.facts:
            return self.code
        return f"{self.code}: " + ", ".join(f"{name}={value}" for name, value in self.facts.items())


class TransientError(ConsoleError):
    """May work when tried again."""


class PermanentError(ConsoleError):
    """Trying again changes nothing."""


class BugError(ConsoleError):
    """A state that our own code must never reach."""


class StorageOverloaded(TransientError):
    """The writer's queue is full."""


class StorageError(PermanentError):
    """A database could not be opened, read or committed."""


class DatabaseCorrupt(StorageError):
    """The file is damaged; it was left untouched."""


class DatabaseForeign(StorageError):
    """The file belongs to another program; it was left untouched."""


class DatabaseNewer(StorageError):
    """A newer version of the console wrote the file; it was left untouched."""


class DataFolderInUse(PermanentError):
    """Another console holds the data folder's lock."""


class SecretUnreadable(PermanentError):
    """A sealed value cannot be opened with the keys at hand; enter it again."""


class PatternRefused(PermanentError):
    """A pattern that a user wrote cannot be used; shown as a Problem: `problem.<code>`."""


class UnknownService(PermanentError):
    """No service of that name is watched; facts carry `service` and the `known` ones."""


class HeartbeatDisabled(PermanentError):
    """The heartbeat cannot be started or stopped: the settings forbid it."""


class SecretKeyUnavailable(SecretUnreadable):
    """The sealing key itself cannot be read or kept."""


class LoopStalled(TransientError):
    """A background loop made no progress for too long and was restarted."""


class RevisionMoved(TransientError):
    """Another process changed the configuration meanwhile; build the candidate again."""


class RecoveryRunning(TransientError):
    """A repair of this service is under way; a second one never begins beside it."""


class InstanceError(TransientError):
    """A call to a WXAUTO-HTTP-API server gave no usable answer."""


class InstanceUnreachable(InstanceError):
    """No connection: refused, unknown host, reset before an answer."""


class InstanceTimedOut(InstanceError):
    """No answer in time; the server may still carry the call out."""


class InstanceRejected(InstanceError):
    """The server answered with a failure; facts carry `status` and `code`."""


class InstanceUnauthorized(InstanceError):
    """The server refused the API key."""


class InstanceMaybeLimited(InstanceError):
    """HTTP 500 with code 5000 or HTTP 429: perhaps the rate limit, wait before the next call."""


class InstanceAnswerUnreadable(InstanceError):
    """The answer was not what the protocol promises (HTML, broken JSON, too large)."""


class PlatformError(ConsoleError):
    """A call to a platform gave no usable reply."""


class PlatformTransient(PlatformError, TransientError):
    """The platform may answer when asked again.

    Attributes:
        retry_after_s: how long to wait at least, when that is known.
        transport: the far side could not be reached or failed itself (5xx); counts for its breaker.
        overload: the far side asked for fewer calls, or was too slow.
    """

    def __init__(
        self,
        code: str,
        *,
        retry_after_s: float | None = None,
        transport: bool = False,
        overload: bool = False,
        **facts: Fact,
    ) -> None:
        super().__init__(code, **facts)
        self.retry_after_s = retry_after_s
        self.transport = transport
        self.overload = overload


class PlatformPermanent(PlatformError, PermanentError):
    """The platform refuses this request, or its configuration is wrong."""


class PlatformOutcomeUnknown(PlatformError):
    """The answer was lost after a platform that must not be asked twice may have acted."""


class ChannelError(ConsoleError):
    """A channel did not provably take a notice."""


class ChannelTransient(ChannelError, TransientError):
    """The notice may arrive when it is sent again.

    Attributes:
        retry_after_s: how long the far side wants the whole channel to wait, when it said so.
        may_have_arrived: no answer came after the request went out, so a second try may be the second notice.
    """

    def __init__(
        self, code: str, *, retry_after_s: float | None = None, may_have_arrived: bool = False, **facts: Fact
    ) -> None:
        super().__init__(code, **facts)
        self.retry_after_s = retry_after_s
        self.may_have_arrived = may_have_arrived


class ChannelPermanent(ChannelError, PermanentError):
    """The channel refuses the notice, or its configuration is wrong."""


@dataclass(frozen=True)
class Problem:
    """One reason why a configuration is refused.

    Attributes:
        place: the object, such as `rules[2] r1` or `instance pc1`.
        field: dotted path inside the object, or "" for the whole object.
        reason: catalogue code (`problem.<reason>`).
        params: facts for the sentence.
        line: line of the document, counted from 1, when it came from a file.
    """

    place: str
    field: str
    reason: str
    params: Mapping[str, Fact] = dataclasses.field(default_factory=dict)
    line: int | None = None

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        facts = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{where}{self.place}: {self.field or '-'}: {self.reason}" + (f" ({facts})" if facts else "")


class ConfigError(ConsoleError):
    """The configuration is refused; nothing of it was stored."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("config_refused", count=len(problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "; ".join(str(problem) for problem in self.problems)

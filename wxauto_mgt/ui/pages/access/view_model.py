"""What the window shows of the local HTTP API: where it listens, whether it answers, and who may come in.

Owns words; a token's value passes through once and is kept nowhere. Called by the panel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from PySide6.QtCore import Signal

from wxauto_mgt.core.access.model import ApiToken, IssuedToken, Scope
from wxauto_mgt.core.access.settings import HTTP, HttpSettings, is_loopback
from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.monitoring.checks.contract import CheckReport, CheckStatus
from wxauto_mgt.core.monitoring.error_episodes import ErrorEpisode
from wxauto_mgt.core.monitoring.services.names import LOGIN_PAGE
from wxauto_mgt.errors import ConfigError, Problem
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.ui.bridge.seen import SeenViewModel
from wxauto_mgt.ui.config_editing import WHO, ConfigEditing
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.forms.schema import FieldSpec
from wxauto_mgt.ui.pages.told import who_word
from wxauto_mgt.ui.theme.tokens import Tone

LISTEN_OPERATION: Final = "http_listen"
_ERRORS_LOOKED_AT: Final = 50
_DAY_S: Final = 86_400.0
_LIVES: Final = {"30d": 30 * _DAY_S, "90d": 90 * _DAY_S, "365d": 365 * _DAY_S, "never": None}
FIELDS: Final = (
    FieldSpec("name", Widget.TEXT, label="access.name", help="access.name_help", is_required=True),
    FieldSpec(
        "scope",
        Widget.CHOICE,
        label="access.scope",
        help="access.scope_help",
        choices=tuple((scope.value, f"access.scope_{scope}") for scope in Scope),
    ),
    FieldSpec(
        "life",
        Widget.CHOICE,
        label="access.life",
        choices=tuple((one, f"access.life_{one}") for one in _LIVES),
    ),
)
NEW_TOKEN: Final[dict[str, JSON]] = {"name": "", "scope": Scope.READ.value, "life": "90d"}


class Listening(Protocol):
    """Where a server listens."""

    @property
    def host(self) -> str: ...
    @property
    def url(self) -> str: ...


class Tokens(Protocol):
    """What the panel needs of the tokens."""

    def tokens(self) -> tuple[ApiToken, ...]:
        """All of them."""

    async def create(
        self, name: str, scope: Scope, *, who: str, expires_in_s: float | None = None
    ) -> IssuedToken:
        """Make one."""

    async def revoke(self, name: str, *, who: str) -> None:
        """Refuse one from now on."""


@dataclass(frozen=True)
class Surroundings:
    """What tells whether the API can be reached."""

    address: Callable[[], Listening | None]
    checks: Callable[[], CheckReport]
    errors: Callable[[int], tuple[ErrorEpisode, ...]]


@dataclass(frozen=True)
class TokenRow:
    """One token; its value is not among it."""

    name: str
    prefix: str
    scope: str
    made_at: datetime
    made: str
    used_at: datetime | None
    expires: str
    tone: Tone
    state: str


@dataclass(frozen=True)
class ApiState:
    """Where the API listens, in words."""

    tone: Tone
    text: str
    url: str


class AccessViewModel(SeenViewModel):
    """The API and its tokens.

    Signals:
        changed: `rows` or `state` differ.
        issued: a new token with its value, this once.
    """

    changed = Signal()
    issued = Signal(object)

    def __init__(
        self,
        backstage: Backstage,
        *,
        tokens: Tokens,
        surroundings: Surroundings,
        editing: ConfigEditing,
        clock: Clock,
    ) -> None:
        super().__init__()
        self._words = backstage.words
        self._tokens = tokens
        self._surroundings = surroundings
        self._editing = editing
        self._clock = clock
        self.rows: tuple[TokenRow, ...] = ()
        self.state = ApiState(Tone.UNKNOWN, "", "")
        self.revoke = backstage.commands.command(self, "revoke_token", self._revoke)
        self.revoke.succeeded.connect(self.refresh)
        self._words.changed.connect(self.refresh)

    def look(self) -> None:
        """Read again."""
        self.refresh()

    def refresh(self, _: object = None) -> None:
        """Read again; announces only a difference."""
        read = tuple(self._row(token) for token in self._tokens.tokens()), self._read_state()
        if read != (self.rows, self.state):
            self.rows, self.state = read
            self.changed.emit()

    async def create(self, document: dict[str, JSON]) -> None:
        """Make a token as the form says; its value goes out by `issued`.

        Raises:
            ConfigError: it has no name.
            PermanentError: the name is not usable or taken.
        """
        name = str(document.get("name") or "").strip()
        if not name:
            raise ConfigError([Problem("", "name", "missing")])
        made = await self._tokens.create(
            name,
            Scope(str(document.get("scope"))),
            who=WHO,
            expires_in_s=_LIVES[str(document.get("life"))],
        )
        self.refresh()
        self.issued.emit(made)

    async def _revoke(self, name: str) -> None:
        await self._tokens.revoke(name, who=WHO)

    def _row(self, token: ApiToken) -> TokenRow:
        words = self._words
        expired = token.has_expired(self._clock.now())
        expires = words.moment(token.expires_at) if token.expires_at else words("access.never")
        return TokenRow(
            name=token.name,
            prefix=f"{token.prefix}…",
            scope=words(f"access.scope_{token.scope}"),
            made_at=token.created_at,
            made=words(
                "access.made", time=words.moment(token.created_at), who=who_word(words, token.created_by)
            ),
            used_at=token.last_used_at,
            expires=expires,
            tone=Tone.NEUTRAL if expired else Tone.OK,
            state=words("access.expired" if expired else "access.valid"),
        )

    def _read_state(self) -> ApiState:
        words = self._words
        settings: HttpSettings = self._editing.snapshot.settings(HTTP)
        if not settings.enabled:
            return ApiState(Tone.NEUTRAL, words("access.disabled"), "")
        address = self._surroundings.address()
        if address is None:
            return ApiState(Tone.CRITICAL, words("access.not_listening", why=self._why_not()), "")
        answers = self._surroundings.checks().services.get(LOGIN_PAGE)
        status = answers.status if answers is not None else CheckStatus.UNKNOWN
        if answers is not None and status.is_trouble:
            why = words.reason("check", answers.reason_code, answers.params)
            return ApiState(Tone.CRITICAL, words("access.no_answer", url=address.url, why=why), address.url)
        if status is CheckStatus.UNKNOWN:
            return ApiState(Tone.UNKNOWN, words("access.listening", url=address.url), address.url)
        key = "access.reachable" if is_loopback(address.host) else "access.reachable_by_others"
        return ApiState(Tone.OK, words(key, url=address.url), address.url)

    def _why_not(self) -> str:
        words = self._words
        for episode in self._surroundings.errors(_ERRORS_LOOKED_AT):
            if episode.operation == LISTEN_OPERATION and episode.cleared_at is None:
                return words.reason("error", episode.cause_code, episode.params)
        return words("access.why_unknown")

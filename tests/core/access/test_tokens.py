"""Tokens: made once, kept as digests, refused when they should be."""

from __future__ import annotations

import pytest

from tests.fakes.clock import FakeClock
from wxauto_mgt.core.access.model import Grant, Scope
from wxauto_mgt.core.access.refusals import WRITES_EVERY_S, RefusedTokens
from wxauto_mgt.core.access.tokens import MOST_TOKENS, AccessTokens
from wxauto_mgt.core.config.audit import AuditLog
from wxauto_mgt.core.secrets.redaction import MASK, Redactor
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.storage.database import Database


class Console:
    """What tokens stand on."""

    def __init__(self, db: Database, clock: FakeClock) -> None:
        self.db = db
        self.clock = clock
        self.redactor = Redactor()
        self.audit = AuditLog(db=db, clock=clock, redactor=self.redactor)

    async def tokens(self, environment_token: str = "") -> AccessTokens:
        """The tokens as a start finds them."""
        tokens = AccessTokens(
            db=self.db,
            clock=self.clock,
            audit=self.audit,
            redactor=self.redactor,
            environment_token=environment_token,
        )
        await tokens.open()
        return tokens


@pytest.fixture
def console(db: Database, fake_clock: FakeClock) -> Console:
    return Console(db, fake_clock)


async def test_a_token_lets_in_whoever_holds_it_also_after_a_restart(console: Console) -> None:
    issued = await (await console.tokens()).create("phone", Scope.OPERATE, who="window")
    assert len(issued.value) >= 43
    assert issued.value.startswith(issued.token.prefix)
    assert (await console.tokens()).authenticate(issued.value) == Grant("phone", Scope.OPERATE)


async def test_the_value_is_nowhere_in_the_database_and_masked_in_text(console: Console) -> None:
    issued = await (await console.tokens()).create("phone", Scope.READ, who="window")
    rows = await console.db.fetch_all("SELECT * FROM api_token")
    assert issued.value not in str([tuple(row) for row in rows])
    assert console.redactor.redact_text(f"with {issued.value}") == f"with {MASK}"
    assert issued.value.encode() not in console.db.path.read_bytes()


async def test_wrong_values_are_refused(console: Console) -> None:
    tokens = await console.tokens()
    issued = await tokens.create("phone", Scope.READ, who="window")
    for value in ("", "x", issued.value[:-1], issued.value + "x", issued.value.upper(), "é\ud800"):
        with pytest.raises(PermanentError, match="token_unknown"):
            tokens.authenticate(value)


async def test_a_token_expires(console: Console) -> None:
    tokens = await console.tokens()
    issued = await tokens.create("phone", Scope.READ, who="window", expires_in_s=60)
    tokens.authenticate(issued.value)
    await console.clock.advance(60)
    with pytest.raises(PermanentError, match="token_expired"):
        tokens.authenticate(issued.value)
    assert not tokens.has_usable


async def test_a_revoked_token_is_unknown_at_once_and_its_name_is_free(console: Console) -> None:
    tokens = await console.tokens()
    issued = await tokens.create("phone", Scope.READ, who="window")
    await tokens.revoke("phone", who="window")
    with pytest.raises(PermanentError, match="token_unknown"):
        tokens.authenticate(issued.value)
    assert (await console.tokens()).tokens() == ()
    await tokens.create("phone", Scope.READ, who="window")
    with pytest.raises(PermanentError, match="token_not_found"):
        await tokens.revoke("tablet", who="window")


@pytest.mark.parametrize("name", ["", "Phone", "a b", "../x", "x" * 65, "attach", "environment", "taken"])
async def test_names_that_cannot_be_had(console: Console, name: str) -> None:
    tokens = await console.tokens()
    await tokens.create("taken", Scope.READ, who="window")
    with pytest.raises(PermanentError):
        await tokens.create(name, Scope.READ, who="window")


@pytest.mark.parametrize("life_s", [0.0, -1.0, float("inf"), float("nan"), 1e12])
async def test_lives_that_cannot_be_had(console: Console, life_s: float) -> None:
    with pytest.raises(PermanentError, match="bad_argument"):
        await (await console.tokens()).create("phone", Scope.READ, who="window", expires_in_s=life_s)


async def test_there_is_an_end_to_tokens(console: Console) -> None:
    tokens = await console.tokens()
    for number in range(MOST_TOKENS):
        await tokens.create(f"t{number}", Scope.READ, who="window")
    with pytest.raises(PermanentError, match="too_many_tokens"):
        await tokens.create("one-more", Scope.READ, who="window")


async def test_the_environment_and_attach_have_every_right(console: Console) -> None:
    tokens = await console.tokens("from-the-environment")
    assert tokens.authenticate("from-the-environment") == Grant("environment", Scope.ADMIN)
    assert tokens.authenticate(tokens.attach_value) == Grant("attach", Scope.ADMIN)
    assert tokens.has_usable
    other = await console.tokens()
    assert not other.has_usable
    with pytest.raises(PermanentError):
        other.authenticate(tokens.attach_value)


@pytest.mark.parametrize("value", ["short", "with spaces in it, long", "x" * 600, "令牌" * 10])
async def test_a_token_of_the_environment_that_no_header_carries_is_refused(
    console: Console, value: str
) -> None:
    with pytest.raises(PermanentError, match="api_token_unusable"):
        await console.tokens(value)


async def test_the_last_use_is_written_now_and_then(console: Console) -> None:
    tokens = await console.tokens()
    issued = await tokens.create("phone", Scope.READ, who="window")
    assert tokens.tokens()[0].last_used_at is None
    tokens.authenticate(issued.value)
    used_at = console.clock.now()
    assert tokens.tokens()[0].last_used_at == used_at
    assert (await console.tokens()).tokens()[0].last_used_at is None
    await tokens.write_uses()
    assert (await console.tokens()).tokens()[0].last_used_at == used_at


async def test_the_metric_counts_different_tokens_of_five_minutes(console: Console) -> None:
    tokens = await console.tokens()
    phone = await tokens.create("phone", Scope.READ, who="window")
    tablet = await tokens.create("tablet", Scope.READ, who="window")
    for value in (phone.value, phone.value, tablet.value):
        tokens.authenticate(value)
    assert [sample.value for sample in tokens.metrics()] == [2.0]
    await console.clock.advance(301)
    tokens.authenticate(phone.value)
    assert [sample.value for sample in tokens.metrics()] == [1.0]


async def test_making_and_revoking_stand_in_the_audit_log_without_the_value(console: Console) -> None:
    tokens = await console.tokens()
    issued = await tokens.create("phone", Scope.ADMIN, who="window")
    await tokens.revoke("phone", who="api:laptop")
    entries = await console.audit.entries()
    assert [(entry.who, entry.action, entry.target) for entry in entries] == [
        ("api:laptop", "token.revoke", "token phone"),
        ("window", "token.create", "token phone"),
    ]
    assert issued.value not in str(entries)


async def test_a_thousand_refusals_are_a_few_lines(console: Console) -> None:
    refused = RefusedTokens(audit=console.audit, clock=console.clock)
    refused.note("10.0.0.1")
    await refused.write()
    for number in range(1_000):
        refused.note(f"10.0.{number // 250}.{number % 250}")
    await refused.write()
    await refused.write()
    entries = await console.audit.entries()
    assert [entry.params["count"] for entry in entries] == [1_000, 1]
    assert len(str(entries[0].params["addresses"])) < 200
    assert WRITES_EVERY_S == 60.0


def test_scopes_contain_those_before_them() -> None:
    assert [scope for scope in Scope if scope.allows(Scope.OPERATE)] == [Scope.OPERATE, Scope.ADMIN]
    assert all(Scope.ADMIN.allows(scope) for scope in Scope)

"""Services, checks and repairs in words. Called by the view-models of the services page and the overview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wxauto_mgt.core.monitoring.checks.contract import CheckStatus, Outcome
from wxauto_mgt.core.monitoring.services.names import BUILT_IN
from wxauto_mgt.errors import Fact
from wxauto_mgt.ui.theme.tokens import Tone
from wxauto_mgt.ui.words import Words

STATUS_TONES: Final = {
    CheckStatus.HEALTHY: Tone.OK,
    CheckStatus.DEGRADED: Tone.WARNING,
    CheckStatus.UNHEALTHY: Tone.CRITICAL,
    CheckStatus.UNKNOWN: Tone.UNKNOWN,
}
OUTCOME_TONES: Final = {
    Outcome.OK: Tone.OK,
    Outcome.DEGRADED: Tone.WARNING,
    Outcome.FAILED: Tone.CRITICAL,
    Outcome.UNKNOWN: Tone.UNKNOWN,
}
# Symbols for programs; a sentence beside them says the same.
_CODES: Final = frozenset({"last_outcome", "last_reason"})


def service_name(words: Words, service_id: str, description: str = "") -> str:
    """What people call a service."""
    if service_id in BUILT_IN:
        return words(f"services.name.{service_id}")
    kind, colon, object_id = service_id.partition(":")
    if colon and words.has(f"services.name_of_{kind}"):
        return words(f"services.name_of_{kind}", name=description or object_id)
    return description or service_id


def kind_word(words: Words, kind: str) -> str:
    """What people call a kind of check."""
    keys = (f"services.kind.{kind}", f"check_kind.type.{kind}")
    return next((words(key) for key in keys if words.has(key)), kind)


def begun(text: str) -> str:
    """A phrase as it stands alone: with a capital letter, where the language has one."""
    return text[:1].upper() + text[1:]


def fact_lines(words: Words, facts: Mapping[str, Fact]) -> tuple[tuple[str, str], ...]:
    """Evidence as names and values; a name without a word stays as it is."""
    return tuple(
        (_fact_name(words, name), _shown(words, value)) for name, value in facts.items() if name not in _CODES
    )


def facts_text(words: Words, facts: Mapping[str, Fact]) -> str:
    """Evidence in one line."""
    return words("services.separator").join(f"{name}={value}" for name, value in fact_lines(words, facts))


def _fact_name(words: Words, name: str) -> str:
    key = f"services.fact.{name}"
    return words(key) if words.has(key) else name


def _shown(words: Words, value: Fact) -> str:
    if isinstance(value, bool):
        return words("services.yes" if value else "services.no")
    if isinstance(value, float):
        return words.number(value, digits=2)
    return words.number(None) if value is None else str(value)

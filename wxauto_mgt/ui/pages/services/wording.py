"""Services, checks and repairs in words. Called by the view-models of the services page and the overview."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
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
# Symbols for programs; what stands beside them says the same.
_CODES: Final = frozenset({"last_outcome", "last_reason", "kinds"})
# The fact that names the sentence to which the others are parameters.
_SENTENCE: Final = "test"


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
        (_fact_name(words, name), _shown(words, name, value, facts))
        for name, value in facts.items()
        if name not in _CODES
    )


def facts_text(words: Words, facts: Mapping[str, Fact]) -> str:
    """Evidence in one line."""
    return words("services.separator").join(f"{name}={value}" for name, value in fact_lines(words, facts))


def _text_shown(words: Words, name: str, value: str, facts: Mapping[str, Fact]) -> str:
    own = name.rpartition(".")[2]
    if own == "cause":
        return words.cause(value)
    if own == _SENTENCE and words.has(value):
        area, _, code = value.partition(".")
        return words.reason(area, code, facts)
    if own == "at" or own.endswith("_at"):
        try:
            return words.moment(datetime.fromisoformat(value))
        except ValueError:
            return value
    return value


def _fact_name(words: Words, name: str) -> str:
    """A fact's name; one with a dot is told of a part, which has a name of its own."""
    if words.has(key := f"services.fact.{name}"):
        return words(key)
    part, dot, rest = name.partition(".")
    if dot and words.has(f"services.fact_of.{part}"):
        return words("services.fact_of", part=words(f"services.fact_of.{part}"), fact=_fact_name(words, rest))
    return name


def _shown(words: Words, name: str, value: Fact, facts: Mapping[str, Fact]) -> str:
    if isinstance(value, str):
        return _text_shown(words, name, value, facts)
    if isinstance(value, bool):
        return words("services.yes" if value else "services.no")
    if isinstance(value, float):
        return words.number(value, digits=2)
    return words.number(None) if value is None else str(value)

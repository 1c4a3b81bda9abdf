"""What an examination finds. Owns the words only; texts stand under `doctor.<code>`, advice under
`doctor_advice.<code>`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

from wxauto_mgt.errors import ConsoleError, Fact


class Area(StrEnum):
    """What is looked at; texts under `doctor_area.<value>`."""

    INSTALLATION = "installation"
    DATA_FOLDER = "data_folder"
    CONSOLE = "console"
    NETWORK = "network"
    SERVICES = "services"
    LIVE = "live"


class Verdict(StrEnum):
    """What a finding means."""

    OK = "ok"
    NOTE = "note"  # worth knowing; nothing is wrong
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        error: why, where somebody else's error says it; the text has it as `{cause}`.
    """

    code: str
    verdict: Verdict
    params: Mapping[str, Fact] = field(default_factory=dict)
    error: ConsoleError | None = None


def ok(code: str, **params: Fact) -> Finding:
    """It is as it should be."""
    return Finding(code, Verdict.OK, params)


def note(code: str, **params: Fact) -> Finding:
    """Worth knowing, not wrong."""
    return Finding(code, Verdict.NOTE, params)


def problem(code: str, *, error: ConsoleError | None = None, **params: Fact) -> Finding:
    """Something is wrong."""
    return Finding(code, Verdict.PROBLEM, params, error)


Findings: TypeAlias = Sequence[Finding]
Examine: TypeAlias = Callable[[], Awaitable[Findings]]


class Words(Protocol):
    """Renders codes; the catalogue does."""

    def text(self, key: str, /, **params: object) -> str:
        """Render one text."""
        ...

    def error(self, error: ConsoleError) -> str:
        """Render an error as one line."""
        ...


def sentence(finding: Finding, words: Words) -> str:
    """Say what was found."""
    return words.text(f"doctor.{finding.code}", **_params(finding, words))


def advice(finding: Finding, words: Words) -> str | None:
    """Say what to do about it; None where there is nothing to do."""
    if finding.verdict is Verdict.OK:
        return None
    return words.text(f"doctor_advice.{finding.code}", **_params(finding, words))


def _params(finding: Finding, words: Words) -> dict[str, Fact]:
    cause = {} if finding.error is None else {"cause": words.error(finding.error)}
    return {**finding.params, **cause}

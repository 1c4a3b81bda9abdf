"""The language in force, and the sentences in it.

Owns the choice and its announcement; the sentences stand in `texts/`. Called by pages and view-models.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from PySide6.QtCore import QObject, Signal

from wxauto_mgt.errors import ConsoleError, Fact, Problem
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

NOT_MEASURED = "—"


class Words(QObject):
    """Callable: `words("page.overview")` is the text in the operator's language."""

    changed = Signal()

    def __init__(self, catalogues: Mapping[Language, Catalogue], language: Language) -> None:
        super().__init__()
        self._catalogues = dict(catalogues)
        self._now = self._catalogues[language]

    def __call__(self, key: str, /, **params: object) -> str:
        return self._now.text(key, **params)

    @property
    def language(self) -> Language:
        """The language in force."""
        return self._now.language

    @property
    def catalogue(self) -> Catalogue:
        """Numbers, sizes, durations and moments in the language in force."""
        return self._now

    def set_language(self, language: Language) -> None:
        """Switch the language; announces it when it differs."""
        if language is not self._now.language:
            self._now = self._catalogues[language]
            self.changed.emit()

    def has(self, key: str) -> bool:
        """Whether there is a text for an optional key, such as a help line."""
        return self._now.has(key)

    def reason(self, area: str, code: str, params: Mapping[str, Fact]) -> str:
        """A code with its facts as a sentence; a code without a text stays readable."""
        return self._now.reason(area, code, params)

    def cause(self, name: str) -> str:
        """What an error's class or code means; a name without a text stays as it is."""
        return self._now.cause(name)

    def error(self, error: ConsoleError) -> str:
        """An error as one line."""
        return self._now.error(error)

    def problem(self, problem: Problem) -> str:
        """A refused field's reason, without its place: the form shows it at the field."""
        return self._now.reason("problem", problem.reason, problem.params)

    def problem_with_place(self, problem: Problem) -> str:
        """A refused field's reason with its place, for problems that no visible field bears."""
        return self._now.problem(problem)

    def moment(self, instant: datetime | None) -> str:
        """Date and time, or a dash when there is none."""
        return NOT_MEASURED if instant is None else self._now.moment(instant)

    def time(self, instant: datetime | None) -> str:
        """Time of day, or a dash when there is none."""
        return NOT_MEASURED if instant is None else self._now.time(instant)

    def number(self, value: float | None, *, digits: int = 0) -> str:
        """A number, or a dash when it was not measured."""
        return NOT_MEASURED if value is None else self._now.number(value, digits=digits)

    def ago(self, age_s: float | None) -> str:
        """An age, or a dash when there is none."""
        return NOT_MEASURED if age_s is None else self._now.ago(max(age_s, 0.0))

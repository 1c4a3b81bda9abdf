"""Looks up sentences by symbolic key and formats numbers and times for one language.

Owns loading and rendering; the `.po` files belong to the areas and plugins that use them. Called by every
interface (window, command line, facade); core emits codes only.
"""

from __future__ import annotations

import logging
import string
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from wxauto_mgt.errors import ConfigError, ConsoleError, Fact, Problem
from wxauto_mgt.texts.language import Language

_log = logging.getLogger(__name__)

LOCALE_FOLDER = Path(__file__).parent / "locale"
_NOT_KNOWN = "—"
_SIZE_STEPS = ("B", "KiB", "MiB", "GiB", "TiB")


def read_texts(path: Path) -> dict[str, str]:
    """Read one catalogue file; entries without a translation are left out.

    Raises:
        OSError: the file cannot be read.
        babel.messages.pofile.PoFileError: it is not a catalogue.
    """
    with path.open("rb") as file:
        messages = read_po(file, abort_invalid=True)
    return {
        m.id: m.string
        for m in messages
        if isinstance(m.id, str) and isinstance(m.string, str) and m.id and m.string
    }


class Catalogue:
    """The texts of one language. Immutable once built; reads its files in the constructor.

    Args:
        language: which language.
        extra_folders: folders that hold `<language>.po`, one for each plugin; they cannot replace the
            product's own texts.
        zone: zone that times are shown in; None is the machine's.
    """

    def __init__(
        self, language: Language, *, extra_folders: Sequence[Path] = (), zone: tzinfo | None = None
    ) -> None:
        self.language = language
        self._locale = Locale.parse(language.value)
        self._zone = zone
        self._complained: set[str] = set()
        self._texts: dict[str, str] = {}
        files = [folder / f"{language}.po" for folder in extra_folders]
        files += sorted((LOCALE_FOLDER / language).glob("*.po"))
        for file in files:
            if file.is_file():
                self._texts.update(read_texts(file))

    def keys(self) -> frozenset[str]:
        """All keys that have a text."""
        return frozenset(self._texts)

    def has(self, key: str) -> bool:
        """Whether a text exists; for optional ones such as help lines."""
        return key in self._texts

    def text(self, key: str, /, **params: object) -> str:
        """Render one text. A missing key or parameter shows itself and is logged once, never raised.

        Where a parameter is not known, the text `<key>.bare` stands in, if there is one. A parameter `cause`
        that names an error is shown by that error's own text.
        """
        template = self._texts.get(key)
        if template is None:
            self._complain_once(key, "no text for %s in %s")
            return key
        try:
            bare = self._texts.get(f"{key}.bare")
            if bare is not None and any(params.get(name) is None for name in _parameters(template)):
                return bare
            return template.format_map({name: self._shown(name, value) for name, value in params.items()})
        except (KeyError, IndexError, ValueError, TypeError, AttributeError):
            self._complain_once(key, "text %s in %s does not fit its parameters")
            return template

    def error(self, error: ConsoleError) -> str:
        """Render an error as one line."""
        if isinstance(error, ConfigError):
            first = self.problem(error.problems[0]) if error.problems else ""
            return self.text("error.config_refused", count=len(error.problems), first=first)
        return self.reason("error", error.code, error.facts)

    def problem(self, problem: Problem) -> str:
        """Render one reason why a configuration is refused as one line, with its place."""
        sentence = self.reason("problem", problem.reason, problem.params)
        place = " ".join(part for part in (problem.place, problem.field) if part)
        if problem.line is not None:
            return self.text("problem.at_line", line=problem.line, place=place, sentence=sentence)
        return self.text("problem.at_place", place=place, sentence=sentence) if place else sentence

    def cause(self, name: str) -> str:
        """Say what an error's class or code means; a name without a text of its own stays as it is."""
        own = (self._texts.get(key) for key in (f"cause.{name}", f"error.{name}.bare", f"error.{name}"))
        return next((text for text in own if text is not None and not _parameters(text)), name)

    def reason(self, area: str, code: str, params: Mapping[str, Fact]) -> str:
        """Render `<area>.<code>`; params may bear any name, `key` included."""
        return self.text(f"{area}.{code}", **params)

    def number(self, value: float, *, digits: int = 0) -> str:
        """Render a number with at most `digits` decimals."""
        return format_decimal(round(value, digits), locale=self._locale)

    def percent(self, ratio: float, *, digits: int = 0) -> str:
        """Render a ratio (0-1) as a percentage."""
        pattern = "0%" if digits == 0 else f"0.{'#' * digits}%"
        return format_percent(ratio, format=pattern, locale=self._locale)

    def size(self, size_bytes: float) -> str:
        """Render a size in the binary unit that suits it."""
        value, step = float(size_bytes), 0
        while abs(value) >= 1024 and step < len(_SIZE_STEPS) - 1:
            value, step = value / 1024, step + 1
        return f"{self.number(value, digits=1 if step else 0)} {_SIZE_STEPS[step]}"

    def duration(self, duration_s: float) -> str:
        """Render a length of time in its largest fitting unit, such as "3 minutes"."""
        return format_timedelta(timedelta(seconds=duration_s), threshold=1.0, locale=self._locale)

    def ago(self, age_s: float) -> str:
        """Render an age, such as "3 minutes ago"."""
        return format_timedelta(
            timedelta(seconds=-age_s), threshold=1.0, add_direction=True, locale=self._locale
        )

    def moment(self, instant: datetime) -> str:
        """Render date and time of an aware instant in the shown zone."""
        return format_datetime(instant.astimezone(self._zone), "medium", locale=self._locale)

    def date(self, instant: datetime) -> str:
        """Render the date of an aware instant in the shown zone."""
        return format_date(instant.astimezone(self._zone), "medium", locale=self._locale)

    def time(self, instant: datetime) -> str:
        """Render the time of day of an aware instant, with seconds."""
        return format_time(instant.astimezone(self._zone), "HH:mm:ss", locale=self._locale)

    def _shown(self, name: str, value: object) -> object:
        if value is None:
            return _NOT_KNOWN
        return self.cause(value) if name == "cause" and isinstance(value, str) else value

    def _complain_once(self, key: str, sentence: str) -> None:
        if key not in self._complained:
            self._complained.add(key)
            _log.warning(sentence, key, self.language)


def _parameters(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}

"""Values of replies in words: times in the machine's zone, numbers, yes and no, states with their colour."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from wxauto_mgt.api.replies import JSON
from wxauto_mgt.cli.asking import fields_of
from wxauto_mgt.cli.tables import Cell, Colour
from wxauto_mgt.texts.catalogue import Catalogue

NOT_KNOWN: Final = "—"
_COLOURS: Final = {
    "healthy": Colour.GOOD,
    "warning": Colour.WARNING,
    "degraded": Colour.WARNING,
    "critical": Colour.BAD,
    "error": Colour.BAD,
    "unhealthy": Colour.BAD,
    "unknown": Colour.FAINT,
    "info": None,
}


class Values:
    """Renders what stands in replies; what was not measured is a dash."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def text(self, value: JSON) -> str:
        """Render a text or a whole number as it is."""
        return NOT_KNOWN if value is None or value == "" else str(value)

    def moment(self, value: JSON) -> str:
        """Render an ISO instant in the machine's zone; the same width always."""
        if not isinstance(value, str):
            return NOT_KNOWN
        return f"{datetime.fromisoformat(value).astimezone():%Y-%m-%d %H:%M:%S}"

    def number(self, value: JSON, *, digits: int = 0) -> str:
        """Render a number in the operator's language."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return self._catalogue.number(float(str(value)), digits=digits) if is_number else NOT_KNOWN

    def percent(self, ratio: JSON) -> str:
        """Render a ratio (0-1) as a percentage."""
        is_number = isinstance(ratio, int | float) and not isinstance(ratio, bool)
        return self._catalogue.percent(float(str(ratio)), digits=1) if is_number else NOT_KNOWN

    def labels(self, value: JSON) -> str:
        """Render labels as `name=value`."""
        return " ".join(f"{name}={text}" for name, text in fields_of(value).items()) or NOT_KNOWN

    def fact(self, value: JSON, *, good: bool | None = None) -> Cell:
        """Render true, false or not known.

        Args:
            good: which of the two is good news; None = neither.
        """
        if not isinstance(value, bool):
            return Cell(NOT_KNOWN, Colour.FAINT)
        colour = None if good is None else (Colour.GOOD if value is good else Colour.BAD)
        return Cell(self._catalogue.text("cli.yes" if value else "cli.no"), colour)

    def state(self, area: str, value: JSON) -> Cell:
        """Render a symbolic state, whose text is `<area>.<state>`, with its colour."""
        if not isinstance(value, str):
            return Cell(NOT_KNOWN, Colour.FAINT)
        return Cell(self._catalogue.text(f"{area}.{value}"), _COLOURS.get(value))

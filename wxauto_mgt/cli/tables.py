"""Tables for people: columns that line up although a Chinese character is as wide as two others.

Pure. Owns widths and what foreign text may do to a terminal (nothing). Command groups call it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_GAP: Final = "  "
_CUT: Final = "…"
_NARROWEST: Final = 8
"""A last column is not cut below this, however narrow the terminal is."""


class Colour(StrEnum):
    """Colours by what they mean; the value is the code of the terminal."""

    GOOD = "32"
    WARNING = "33"
    BAD = "31"
    FAINT = "2"


@dataclass(frozen=True)
class Cell:
    """A text and the colour that it has where colours are shown."""

    text: str
    colour: Colour | None = None


def table(
    head: Sequence[str], rows: Sequence[Sequence[Cell | str]], *, width: int | None, is_coloured: bool
) -> Iterator[str]:
    """Yield the lines of a table; without a head, of plain columns.

    Args:
        width: of the terminal, in columns; the last column is cut to fit. None = as wide as it gets.
    """
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    if head:
        cells.insert(0, [Cell(text, Colour.FAINT) for text in head])
    cells = [[Cell(printable(cell.text), cell.colour) for cell in row] for row in cells]
    columns = max((len(row) for row in cells), default=0)
    widths = [
        max(text_width(row[index].text) for row in cells if index < len(row)) for index in range(columns)
    ]
    if width is not None and columns:
        left = width - sum(widths[:-1]) - len(_GAP) * (columns - 1)
        widths[-1] = min(widths[-1], max(left, _NARROWEST))
    for row in cells:
        line = _GAP.join(
            _shown(cell, widths[index], is_last=index == columns - 1, is_coloured=is_coloured)
            for index, cell in enumerate(row)
        )
        yield line.rstrip()


def painted(text: str, colour: Colour | None, *, is_coloured: bool) -> str:
    """Colour a text where colours are shown."""
    return f"\x1b[{colour}m{text}\x1b[0m" if is_coloured and colour and text else text


def text_width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(_character_width(character) for character in text)


def printable(text: str) -> str:
    """Make one line of a text and take away what would steer a terminal: names come from strangers."""
    return "".join(
        character if character.isprintable() else " " if character.isspace() else "" for character in text
    ).rstrip()


def _shown(cell: Cell, width: int, *, is_last: bool, is_coloured: bool) -> str:
    text = _cut(cell.text, width) if is_last else cell.text
    return painted(text, cell.colour, is_coloured=is_coloured) + " " * (width - text_width(text))


def _cut(text: str, width: int) -> str:
    if text_width(text) <= width:
        return text
    kept, taken = [], 0
    for character in text:
        taken += _character_width(character)
        if taken > width - 1:
            break
        kept.append(character)
    return "".join(kept) + _CUT


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1

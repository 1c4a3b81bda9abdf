"""What the calls take and what they refuse by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum

import pytest

from wxauto_mgt.api import arguments
from wxauto_mgt.api.replies import JSON
from wxauto_mgt.errors import PermanentError


class Colour(StrEnum):
    RED = "red"


def positive(value: JSON, name: str) -> float:
    return arguments.number(value, name, above=0, most=10)


def few(value: JSON, name: str) -> int:
    return arguments.whole(value, name, least=1, most=3)


def colour(value: JSON, name: str) -> Colour:
    return arguments.choice(Colour, value, name)


@pytest.mark.parametrize(
    ("take", "value", "taken"),
    [
        (arguments.text, "", ""),
        (arguments.truth, False, False),
        (few, 1, 1),
        (few, 3, 3),
        (positive, 10, 10.0),
        (positive, 1e-9, 1e-9),
        (arguments.number, -5, -5.0),
        (colour, "red", Colour.RED),
        (arguments.labels, {"service": "tts"}, {"service": "tts"}),
    ],
)
def test_what_fits_is_taken(take: Callable[[JSON, str], object], value: JSON, taken: object) -> None:
    assert take(value, "wanted") == taken


@pytest.mark.parametrize(
    ("take", "value"),
    [
        (arguments.text, 1),
        (arguments.truth, 1),
        (few, True),
        (few, 0),
        (few, 4),
        (few, 1.0),
        (positive, True),
        (positive, 0),
        (positive, 11),
        (positive, math.nan),
        (positive, "1"),
        (arguments.number, 10**400),
        (colour, "blue"),
        (colour, []),
        (arguments.labels, []),
        (arguments.labels, {"service": 1}),
    ],
)
def test_what_does_not_is_refused_by_name(take: Callable[[JSON, str], object], value: JSON) -> None:
    with pytest.raises(PermanentError) as refused:
        take(value, "wanted")
    assert (refused.value.code, refused.value.facts) == ("bad_argument", {"name": "wanted"})

"""Arguments of `MonitorAPI` calls as other programs give them: what was wanted, or a refusal that names it.

Knows no call; the groups of answers use it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import StrEnum
from typing import Final, TypeVar

from wxauto_mgt.api.replies import JSON
from wxauto_mgt.errors import PermanentError

LARGEST: Final = 2**63 - 1

Choice = TypeVar("Choice", bound=StrEnum)


def refused(name: str) -> PermanentError:
    """Make the error that an argument is refused with."""
    return PermanentError("bad_argument", name=name)


def text(value: JSON, name: str) -> str:
    """Take a text."""
    if not isinstance(value, str):
        raise refused(name)
    return value


def truth(value: JSON, name: str) -> bool:
    """Take true or false."""
    if not isinstance(value, bool):
        raise refused(name)
    return value


def whole(value: JSON, name: str, *, least: int = -LARGEST, most: int = LARGEST) -> int:
    """Take a whole number that a database can hold; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise refused(name)
    return value


def number(
    value: JSON,
    name: str,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    most: float = math.inf,
) -> float:
    """Take a number from `least` to `most` that is more than `above`; true, false and NaN are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refused(name)
    # A comparison with NaN is false.
    if not (least <= value <= most and value > above):
        raise refused(name)
    try:
        return float(value)
    except OverflowError:
        raise refused(name) from None


def choice(kind: Iterable[Choice], value: JSON, name: str) -> Choice:
    """Take the value of one member."""
    found = next((one for one in kind if one.value == value), None)
    if found is None:
        raise refused(name)
    return found


def labels(value: JSON, name: str = "labels") -> dict[str, str]:
    """Take texts by name."""
    if not isinstance(value, dict):
        raise refused(name)
    return {key: text(item, name) for key, item in value.items()}

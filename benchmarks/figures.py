"""What a measurement says: a figure, the limit beside it, their ratio, the aim. Judges nothing."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

Detail = str | int | float

_MANY: Final = 10


@dataclass(frozen=True)
class Sample:
    """One quantity measured several times in one run.

    Attributes:
        unit: `rows/s`, `ms`, ...; figure and limit of one line share it.
    """

    values: tuple[float, ...]
    unit: str

    @property
    def median(self) -> float:
        """The figure that is shown."""
        return statistics.median(self.values)

    @property
    def spread(self) -> str:
        """Lowest and highest of a few repetitions, quartiles of many; empty for a single one."""
        if len(self.values) < 2:
            return ""
        if len(self.values) < _MANY:
            return f"{compact(min(self.values))}..{compact(max(self.values))}"
        quartiles = statistics.quantiles(self.values, n=4)
        return f"half of {len(self.values)} within {compact(quartiles[0])}..{compact(quartiles[2])}"

    def __str__(self) -> str:
        return f"{compact(self.median)} {self.unit}"


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes:
        figure: name of the benchmark.
        what: the quantity measured on the product; `against`: the limit that it stands beside.
        ratio: how the two compare, as `ratio_is` says.
        aim: what the ratio should be, in words; empty for a limit that is there for orientation.
    """

    figure: str
    what: str
    measured: Sample
    against: str
    limit: Sample
    ratio: float
    ratio_is: str
    aim: str
    details: dict[str, Detail] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The line with all repetitions."""
        return {
            "figure": self.figure,
            "what": self.what,
            "unit": self.measured.unit,
            "measured": self.measured.values,
            "against": self.against,
            "limit_unit": self.limit.unit,
            "limit": self.limit.values,
            "ratio": self.ratio,
            "ratio_is": self.ratio_is,
            "aim": self.aim,
            "details": self.details,
        }


def table(lines: Sequence[Line]) -> str:
    """The lines for a person. Lines in a row with the same figure show it once, then each limit."""
    out: list[str] = []
    before: Line | None = None
    for line in lines:
        if before is None or before.figure != line.figure:
            out.append(f"\n{line.figure}")
        if before is None or (before.what, before.measured) != (line.what, line.measured):
            out.append(_row(str(line.measured), f"{line.what}{_spread(line.measured)}"))
        out.append(_row(str(line.limit), f"{line.against}{_spread(line.limit)}", indent=4))
        aim = f"; aim: {line.aim}" if line.aim else ""
        out.append(_row(compact(line.ratio), f"{line.ratio_is}{aim}", indent=4))
        out += [_row(_detail(value), name, indent=4) for name, value in line.details.items()]
        before = line
    return "\n".join(out)


def _row(value: str, text: str, *, indent: int = 0) -> str:
    return f"{value:>18}  {' ' * indent}{text}"


def _spread(sample: Sample) -> str:
    return f" ({sample.spread})" if sample.spread else ""


def compact(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def percentile(values: Iterable[float], share: float) -> float:
    """The value that `share` of all values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _detail(value: Detail) -> str:
    return compact(value) if isinstance(value, float) else str(value)

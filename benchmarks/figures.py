"""What a measurement says: a figure, the limit beside it, their ratio, the aim. Judges nothing."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Detail = str | int | float


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
        """Lowest and highest of the repetitions; empty for a single one."""
        if len(self.values) < 2:
            return ""
        return f"{compact(min(self.values))}..{compact(max(self.values))}"

    def __str__(self) -> str:
        return f"{compact(self.median)} {self.unit}"


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes:
        figure: name of the benchmark.
        what: the quantity measured on the product; `against`: the limit that it stands beside.
        ratio: how the two compare, as `ratio_is` says.
        aim: what the ratio should be, in words.
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
    """The lines for a person; details below their line."""
    out: list[str] = []
    figure = ""
    for line in lines:
        if line.figure != figure:
            figure = line.figure
            out.append(f"\n{figure}")
        out.append(f"  {line.what}")
        out.append(f"      {line.measured!s:>18}  {_in_brackets(line.measured)}")
        out.append(f"      {line.limit!s:>18}  {_in_brackets(line.limit)}{line.against}")
        out.append(f"      {compact(line.ratio):>18}  {line.ratio_is}; aim: {line.aim}")
        if line.details:
            shown = (f"{name} {_detail(value)}" for name, value in line.details.items())
            out.append(f"      {'':>18}  {', '.join(shown)}")
    return "\n".join(out)


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


def _in_brackets(sample: Sample) -> str:
    return f"({sample.spread})  " if sample.spread else ""


def _detail(value: Detail) -> str:
    return compact(value) if isinstance(value, float) else str(value)

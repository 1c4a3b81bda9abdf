"""How unusual the newest value of a series is among those before it. Pure; alert rules compare it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median
from typing import Final

VALUES_AT_LEAST: Final = 30
LARGEST: Final = 100.0
_OF_NORMAL: Final = 1.4826  # median absolute deviation -> standard deviation of a normal distribution
_OF_NORMAL_MEAN: Final = 1.2533  # the same for the mean absolute deviation
_STEADY: Final = 0.01  # a change of less than a hundredth of the usual level is never much


def modified_z_score(values: Sequence[float]) -> float | None:
    """Return by how many deviations the last value differs from the median of those before it.

    The scale is the median absolute deviation, so that the outliers of an hour ago do not hide those of now
    (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993, who take more than 3.5 for an outlier).
    Where more than half of the values are the same it is the mean absolute deviation.

    Returns:
        0 to 100; None with fewer than 30 values before the last.
    """
    before = values[:-1]
    if len(before) < VALUES_AT_LEAST:
        return None
    usual = median(before)
    distances = [abs(value - usual) for value in before]
    scale = _OF_NORMAL * median(distances) or _OF_NORMAL_MEAN * fmean(distances)
    scale = max(scale, _STEADY * abs(usual))
    distance = abs(values[-1] - usual)
    if distance == 0:
        return 0.0
    return LARGEST if distance >= LARGEST * scale else distance / scale

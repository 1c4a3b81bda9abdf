"""Growing, capped, jittered delays between attempts. Decides nothing about when to give up."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Delays base, base*factor, base*factor^2, ... up to the cap.

    Attributes:
        jitter_ratio: share of the delay (0-1) by which it is shortened at random, so that waiters spread out.
    """

    base_s: float
    cap_s: float
    factor: float = 2.0
    jitter_ratio: float = 0.2

    def delay_s(self, attempt: int, rng: random.Random) -> float:
        """The pause after failed attempt number `attempt`, counted from 1; never above `cap_s`."""
        delay_s = self.cap_s
        # Compared as logarithms: factor ** attempt overflows a float after a long outage.
        if self.base_s > 0 and self._grows_below_cap(attempt):
            delay_s = min(self.cap_s, self.base_s * self.factor ** (attempt - 1))
        elif self.base_s <= 0:
            delay_s = 0.0
        return delay_s * (1.0 - self.jitter_ratio * rng.random())

    def _grows_below_cap(self, attempt: int) -> bool:
        if self.factor <= 1.0:
            return True
        return (attempt - 1) * math.log(self.factor) <= math.log(max(self.cap_s / self.base_s, 1.0))

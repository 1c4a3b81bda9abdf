"""When a failed attempt is made again, and when no more. Pure; worker and sender share it."""

from __future__ import annotations

import random
from typing import Final

from wxauto_mgt.core.delivery.settings import DeliverySettings

_SECOND_US: Final = 1_000_000


def next_attempt_at_us(
    settings: DeliverySettings,
    *,
    attempts: int,
    first_attempt_at_us: int,
    now_us: int,
    rng: random.Random,
    at_least_s: float = 0.0,
) -> int | None:
    """Say when to try again; None when the budget is spent or would be before the far side allows a call.

    The last attempt is made at the end of the budget, so that all of it is used.

    Args:
        attempts: made so far, at least 1.
        at_least_s: the far side asked for this pause.
    """
    deadline_us = first_attempt_at_us + int(settings.retry_budget_s * _SECOND_US)
    if now_us >= deadline_us or now_us + int(at_least_s * _SECOND_US) > deadline_us:
        return None
    delay_s = max(settings.backoff.delay_s(attempts, rng), at_least_s)
    return min(now_us + int(delay_s * _SECOND_US), deadline_us)

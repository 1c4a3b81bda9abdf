"""Waiting for a condition with a deadline, instead of sleeping and hoping."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_POLL_S = 0.005


async def eventually(predicate: Callable[[], T | Awaitable[T]], timeout_s: float = 5.0) -> T:
    """Return the predicate's first truthy value; the predicate may be async.

    Raises:
        AssertionError: none came within `timeout_s`.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while True:
        outcome = predicate()
        value: T = await outcome if inspect.isawaitable(outcome) else outcome
        if value:
            return value
        if loop.time() >= deadline:
            raise AssertionError(f"not within {timeout_s} s: {_describe(predicate)} (last value: {value!r})")
        await asyncio.sleep(_POLL_S)


def _describe(predicate: Callable[[], object]) -> str:
    try:
        return inspect.getsource(predicate).strip()
    except (OSError, TypeError):
        return repr(predicate)

"""Failures of the automation library that a test plans: calls that raise, and calls that only pretend.

Owns the plan; the world asks before each call. Knows no HTTP.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

STALE_HANDLE = "(1400, 'SetWindowPos', '无效的窗口句柄。')"


class LibraryError(Exception):
    """The automation library raised; the text crosses the wire."""


class Operation(StrEnum):
    """Library calls that a test can make fail."""

    SEND = "send"
    LISTEN_ADD = "listen_add"
    NEXT_NEW = "next_new"
    SESSIONS = "sessions"


class LibraryFailures:
    """The planned failures, used up one per call."""

    def __init__(self) -> None:
        self._silent: Counter[Operation] = Counter()
        self._loud: dict[Operation, list[str]] = {}

    def silently(self, operation: Operation | str, times: int = 1) -> None:
        """The next calls do nothing and report success."""
        self._silent[Operation(operation)] += times

    def loudly(self, operation: Operation | str, text: str = STALE_HANDLE, times: int = 1) -> None:
        """The next calls raise."""
        self._loud.setdefault(Operation(operation), []).extend([text] * times)

    def let_pass(self, operation: Operation) -> bool:
        """Whether a call has its effect.

        Raises:
            LibraryError: it was planned to raise.
        """
        loud = self._loud.get(operation)
        if loud:
            raise LibraryError(loud.pop(0))
        if self._silent[operation] > 0:
            self._silent[operation] -= 1
            return False
        return True

"""Named places where a test run kills the process, to prove that a restart recovers. Inert without a spec."""

from __future__ import annotations

from wxauto_mgt.runtime.platform import die


class FaultPoints:
    """Kills this process without any clean-up when the named point is reached.

    Args:
        spec: `name` or `name:N` (the N-th time, counted from 1); None or empty never kills.
    """

    def __init__(self, spec: str | None) -> None:
        name, _, count = (spec or "").partition(":")
        self._name = name or None
        self._remaining = int(count) if count else 1

    def reach(self, name: str) -> None:
        """Say that execution is at point `name`."""
        if name != self._name:
            return
        self._remaining -= 1
        if self._remaining <= 0:
            die()

"""When notices of one rule go out together: a wait for others to join, and a pause between two notices.

Owns two timers for each group and no alert: what waits stays due in the evaluator, so a crash loses nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass
class _Group:
    waiting_since_s: float | None = None
    told_at_s: float | None = None


class Grouping:
    """The groups that have something to say, or have said something lately. Instants are running time."""

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}

    def ready(
        self, due: Collection[str], *, now_s: float, wait_s: float, interval_s: float
    ) -> frozenset[str]:
        """Return the groups among `due` whose time has come; call `told` for those that went out.

        Args:
            due: groups that have something to say now; what is not due any more starts its wait anew.
        """
        for key in due:
            self._groups.setdefault(key, _Group())
        ready = set()
        for key, group in list(self._groups.items()):
            if key not in due:
                group.waiting_since_s = None
                if group.told_at_s is None or now_s - group.told_at_s >= interval_s:
                    del self._groups[key]
                continue
            if group.waiting_since_s is None:
                group.waiting_since_s = now_s
            if now_s >= _due_at_s(group, wait_s, interval_s):
                ready.add(key)
        return frozenset(ready)

    def told(self, keys: Collection[str], *, now_s: float) -> None:
        """These groups' notices were committed."""
        for key in keys:
            group = self._groups[key]
            group.waiting_since_s, group.told_at_s = None, now_s

    def next_in_s(self, *, now_s: float, wait_s: float, interval_s: float) -> float | None:
        """Return how long until a waiting group's time comes; None when none waits."""
        waiting = [
            _due_at_s(group, wait_s, interval_s)
            for group in self._groups.values()
            if group.waiting_since_s is not None
        ]
        return max(0.0, min(waiting) - now_s) if waiting else None


def _due_at_s(group: _Group, wait_s: float, interval_s: float) -> float:
    waited_s = (group.waiting_since_s or 0.0) + wait_s
    return waited_s if group.told_at_s is None else max(waited_s, group.told_at_s + interval_s)

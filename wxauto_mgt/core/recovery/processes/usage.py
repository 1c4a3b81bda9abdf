"""Measures CPU and memory of processes and their descendants. Blocking; one call at a time.

Owns the memory between two looks, which CPU shares need.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import psutil

from wxauto_mgt.core.recovery.processes.model import MemberUsage, TreeUsage
from wxauto_mgt.runtime.process_tree import ProcessIdentity, relatives

_MB: Final = 1 << 20


class UsageReader:
    """Looks at trees; a process is measured from its second look on."""

    def __init__(self) -> None:
        self._seen: dict[ProcessIdentity, psutil.Process] = {}

    def read(self, roots: Mapping[str, ProcessIdentity]) -> dict[str, TreeUsage]:
        """Measure all trees; one that is gone has no members."""
        seen: dict[ProcessIdentity, psutil.Process] = {}
        found = {}
        for service, root in roots.items():
            members = []
            for process in relatives(root):
                member = self._measure(process, seen)
                if member is not None:
                    members.append(member)
            found[service] = TreeUsage(tuple(members))
        self._seen = seen
        return found

    def _measure(
        self, process: psutil.Process, seen: dict[ProcessIdentity, psutil.Process]
    ) -> MemberUsage | None:
        try:
            identity = ProcessIdentity(process.pid, process.create_time())
            known = self._seen.get(identity)
            seen[identity] = known or process
            with seen[identity].oneshot():
                # The first answer is always 0: psutil has nothing to compare with.
                cpu = seen[identity].cpu_percent(None)
                memory = seen[identity].memory_info().rss / _MB
                return MemberUsage(identity, process.name(), cpu if known else None, memory)
        except psutil.Error:
            return None

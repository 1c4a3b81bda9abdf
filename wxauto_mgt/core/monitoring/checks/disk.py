"""Checks that the volume of the data folder has room: without it no message can be committed."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Final

from wxauto_mgt.core.monitoring.checks.contract import CheckResult, Outcome

# Judgement call: some days of messages, and room for the copy made before a migration.
FREE_AT_LEAST_BYTES: Final = 256 << 20
_MB: Final = 1 << 20


class DiskCheck:
    """Reads the free space of a folder's volume."""

    def __init__(self, *, folder: Path, free_at_least_bytes: int = FREE_AT_LEAST_BYTES) -> None:
        self._folder = folder
        self._least_bytes = free_at_least_bytes

    async def run(self) -> CheckResult:
        """Measure."""
        try:
            usage = await asyncio.to_thread(shutil.disk_usage, self._folder)
        except OSError as error:
            return CheckResult(Outcome.FAILED, "disk_unreadable", {"cause": type(error).__name__})
        evidence = {
            "free_bytes": usage.free,
            "total_bytes": usage.total,
            "used_percent": round(100 * usage.used / usage.total, 1) if usage.total else None,
        }
        params = {"free_mb": usage.free // _MB, "least_mb": self._least_bytes // _MB}
        if usage.free < self._least_bytes:
            return CheckResult(Outcome.FAILED, "disk_nearly_full", params, evidence)
        return CheckResult(Outcome.OK, "disk_has_room", params, evidence)

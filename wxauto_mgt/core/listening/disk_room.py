"""Tells in time that the disk has no room left for what would be read. The committer asks."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Final

# Judgement call: some batches and the log of changes that SQLite writes first.
ROOM_AT_LEAST_BYTES: Final = 2 << 20
DISK_FULL: Final = "disk_full"


class DiskRoom:
    """Looks at the free space of a folder's volume."""

    def __init__(self, *, folder: Path, least_bytes: int = ROOM_AT_LEAST_BYTES) -> None:
        self._folder = folder
        self._least_bytes = least_bytes

    async def obstacle(self) -> str | None:
        """Return the code of the failure that the next commit would meet; None when there is room."""
        try:
            usage = await asyncio.to_thread(shutil.disk_usage, self._folder)
        except OSError:
            return None  # nobody knows: the commit itself will tell
        return DISK_FULL if usage.free < self._least_bytes else None

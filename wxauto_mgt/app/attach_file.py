"""Tells other processes of this user where the running console takes calls.

Written once the HTTP server listens, removed when the stop begins; the composition root does both.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from wxauto_mgt.api.attach_point import AttachPoint, attach_file
from wxauto_mgt.runtime.private_file import replacing


class AttachFile:
    """The file `attach.json` of one run; it holds a token, so only its owner can read it."""

    def __init__(self, *, data_dir: Path) -> None:
        self._path = attach_file(data_dir)

    async def write(self, point: AttachPoint) -> None:
        """Replace what stands there, also what a killed run left.

        Raises:
            PermanentError: it cannot be written.
        """
        await asyncio.to_thread(self._write, point)

    async def remove(self) -> None:
        """Take it away; does nothing when there is none."""
        await asyncio.to_thread(self._path.unlink, missing_ok=True)

    def _write(self, point: AttachPoint) -> None:
        with replacing(self._path) as stream:
            stream.write(point.as_json())

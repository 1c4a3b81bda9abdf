"""Appends what happens to media files to a log of its own. Blocking: for the pipeline's thread only.

A record is about a file when its caller gave it a `file_operation`. Owns name, size and one older part.
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Final

NAME: Final = "file_processing.log"
OLDER_NAME: Final = "file_processing.1.log"
MOST_BYTES: Final = 10 << 20
FACT: Final = "file_operation"


class FileOperation(StrEnum):
    """What is done to a file; give it as `extra={FACT: FileOperation...}`."""

    DOWNLOAD = "download"
    UPLOAD = "upload"
    CLEAN_UP = "clean_up"


class FileProcessingLog:
    """`file_processing.log` and the part before it; together at most twice `most_bytes`."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._path = folder / NAME
        self._older = folder / OLDER_NAME
        self._most_bytes = most_bytes

    def write(self, lines: bytes) -> None:
        """Append whole lines.

        Raises:
            OSError: they could not be written; the daily file has them all the same.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists() and self._path.stat().st_size + len(lines) > self._most_bytes:
            self._path.replace(self._older)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(self._path, flags, 0o600), "ab") as file:
            file.write(lines)

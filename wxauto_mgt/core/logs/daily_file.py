"""Appends lines to one file a day, compresses and deletes old ones. Blocking: for the pipeline's thread only.

Owns names, rotation, compression and expiry; not what a line says.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

FILE_PREFIX: Final = "wxauto_mgt_"
_NAME: Final = re.compile(re.escape(FILE_PREFIX) + r"(\d{8})(?:\.(\d+))?\.log(?:\.gz)?\Z")
_COMPRESSED: Final = ".gz"
# A day that writes more than this share of the allowance continues in a new file, so that expiry has
# something older to delete than the file in use. A judgement call.
_SHARE_OF_ONE_FILE: Final = 8


@dataclass(frozen=True)
class Retention:
    """How long files are kept and how much they may take together."""

    days: int = 30
    max_total_bytes: int = 1 << 30


class DailyFile:
    """`wxauto_mgt_YYYYMMDD.log` of the day that is being written; `.1`, `.2` are a loud day's older parts."""

    def __init__(self, folder: Path, retention: Retention) -> None:
        self._folder = folder
        self._retention = retention
        self._day: date | None = None
        self._descriptor: int | None = None
        self._size_bytes = 0
        self._written_since_expiry = 0
        self._is_torn = False
        self._may_compress = False

    def set_retention(self, retention: Retention) -> None:
        """Change what is kept, from the next write on."""
        self._retention = retention
        self._written_since_expiry = retention.max_total_bytes

    def write(self, day: date, lines: bytes) -> None:
        """Append whole lines to the file of a day.

        Raises:
            OSError: not all of it could be written; the next write starts on a fresh line.
        """
        descriptor = self._descriptor
        if day != self._day or descriptor is None:
            descriptor = self._open(day)
        elif self._size_bytes > self._limit_of_one_file:
            descriptor = self._continue_in_new_file(day)
        if self._written_since_expiry >= self._limit_of_one_file:
            self._expire(day)
        self._append(descriptor, b"\n" + lines if self._is_torn else lines)

    def close(self) -> None:
        """Close the file in use; a later write opens it again."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def compress_one(self) -> None:
        """Compress the oldest file of an earlier day that is not, if there is one."""
        if not self._may_compress or self._day is None:
            return
        try:
            plain = [path for day, _, path in sorted(self._files()) if day < self._day]
            plain = [path for path in plain if path.suffix != _COMPRESSED]
            self._may_compress = len(plain) > 1
            if plain:
                _compress(plain[0])
        except OSError:  # a full disk, or a reader on Windows: the next day, or start, tries again
            self._may_compress = False

    @property
    def _limit_of_one_file(self) -> int:
        return self._retention.max_total_bytes // _SHARE_OF_ONE_FILE

    def _append(self, descriptor: int, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                written = os.write(descriptor, view)
                self._is_torn = True
                self._size_bytes += written
                self._written_since_expiry += written
                view = view[written:]
        except OSError:
            # A disk that was full, or a share that went away, may need the file to be opened anew.
            with suppress(OSError):
                self.close()
            raise
        self._is_torn = False

    def _open(self, day: date) -> int:
        with suppress(OSError):
            self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(day)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        descriptor = self._descriptor = os.open(path, flags, 0o600)
        self._size_bytes = os.fstat(descriptor).st_size
        self._is_torn = self._is_torn or not _ends_with_line_feed(path, self._size_bytes)
        if day != self._day:
            self._day = day
            self._may_compress = True
            self._expire(day)
        return descriptor

    def _continue_in_new_file(self, day: date) -> int:
        path = self._path(day)
        self.close()
        # Windows refuses to rename a file that a reader holds open: then it grows on until it can be.
        with suppress(OSError):
            part = max((number for found, number, _ in self._files() if found == day), default=0) + 1
            path.rename(path.with_name(f"{path.stem}.{part}.log"))
        return self._open(day)

    def _expire(self, today: date) -> None:
        """Delete what is too old, then the oldest until the rest fits; never the file in use."""
        self._written_since_expiry = 0
        oldest_kept = today - timedelta(days=self._retention.days)
        in_use = self._path(today)
        # Within a day the parts with a number are older than the file without one.
        files = sorted(self._files(), key=lambda file: (file[0], file[1] or 1 << 30))
        sizes: dict[Path, int] = {}
        for _, _, path in files:
            with suppress(OSError):
                sizes[path] = path.stat().st_size
        total_bytes = sum(sizes.values())
        allowance = self._retention.max_total_bytes - self._limit_of_one_file
        for day, _, path in files:
            if path == in_use or path not in sizes:
                continue
            if day < oldest_kept or total_bytes > allowance:
                with suppress(OSError):
                    path.unlink()
                    total_bytes -= sizes[path]

    def _files(self) -> list[tuple[date, int, Path]]:
        found = []
        for path in self._folder.iterdir():
            match = _NAME.match(path.name)
            if match is None:
                continue
            with suppress(ValueError):
                found.append((_day_of(match[1]), int(match[2] or 0), path))
        return found

    def _path(self, day: date) -> Path:
        return self._folder / f"{FILE_PREFIX}{day:%Y%m%d}.log"


def _day_of(digits: str) -> date:
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))


def _compress(path: Path) -> None:
    """Put the compressed file in place of the plain one; whenever it is cut off, one of them is whole."""
    unfinished = path.with_name(f"{path.name}{_COMPRESSED}.part")
    descriptor = os.open(
        unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600
    )
    with (
        path.open("rb") as plain,
        os.fdopen(descriptor, "wb") as raw,
        gzip.GzipFile(filename=path.name, fileobj=raw, mode="wb", compresslevel=6) as packed,
    ):
        shutil.copyfileobj(plain, packed, 1 << 20)
    unfinished.replace(path.with_name(path.name + _COMPRESSED))
    path.unlink()


def _ends_with_line_feed(path: Path, size_bytes: int) -> bool:
    if size_bytes == 0:
        return True
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"

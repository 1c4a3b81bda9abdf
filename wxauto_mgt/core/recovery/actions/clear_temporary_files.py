"""Deletes old temporary files below one configured folder, by pattern and age; never a folder.

Owns what may be deleted. Symbolic links are neither followed nor deleted.
"""

from __future__ import annotations

import asyncio
import fnmatch
import logging
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, Field

from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import ConfigModel, refuse
from wxauto_mgt.core.logs.file_processing import FACT, FileOperation
from wxauto_mgt.core.recovery.actions.contract import RepairAction, RepairResult
from wxauto_mgt.core.recovery.actions.form_fields import SECONDS, shown
from wxauto_mgt.errors import Fact

_log = logging.getLogger(__name__)

LOOKED_AT_MOST: Final = 200_000
_EXAMPLES: Final = 10
_REPARSE_POINT: Final = 0x400  # Windows: a link or junction, whatever else its mode says


def _check_folder(value: str) -> str:
    if value and (not Path(value).is_absolute() or "\0" in value or ".." in Path(value).parts):
        raise refuse("path_not_absolute")
    return value


def _check_patterns(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        parts = pattern.split("/")
        if not pattern or "\0" in pattern or "\\" in pattern or ":" in pattern or "" in parts:
            raise refuse("temporary_pattern", pattern=pattern[:100])
        if ".." in parts or "." in parts:
            raise refuse("temporary_pattern", pattern=pattern[:100])
    return patterns


class ClearTemporaryFilesConfig(ConfigModel):
    """Which files go.

    Attributes:
        folder: nothing outside of it is touched; empty = nothing is done.
        patterns: `*.wav` is meant at any depth, `cache/*.bin` from the folder on, `**` any number of folders.
        older_than_s: a file that was written or put there later stays.
    """

    folder: Annotated[str, AfterValidator(_check_folder)] = Field(
        default="", max_length=1000, json_schema_extra=shown("temporary.folder", 10, has_help=True)
    )
    patterns: Annotated[tuple[str, ...], AfterValidator(_check_patterns)] = Field(
        default=("*.tmp",),
        min_length=1,
        max_length=50,
        json_schema_extra=shown("temporary.patterns", 20, widget=Widget.WORDS, has_help=True),
    )
    older_than_s: float = Field(
        default=3600.0,
        ge=0,
        le=366 * 86_400,
        json_schema_extra=shown("temporary.older_than_s", 30, unit=SECONDS),
    )


@dataclass
class Found:
    """What was found, or deleted.

    Attributes:
        is_all: whether the whole folder was looked at; there is a limit.
        failed: files that could not be deleted.
    """

    count: int = 0
    size_bytes: int = 0
    examples: tuple[str, ...] = ()
    failed: int = 0
    is_all: bool = True

    def add(self, name: str, size_bytes: int) -> None:
        """Count a file."""
        self.count += 1
        self.size_bytes += size_bytes
        if len(self.examples) < _EXAMPLES:
            self.examples = (*self.examples, name)

    @property
    def size_mb(self) -> float:
        """All together."""
        return round(self.size_bytes / 2**20, 1)

    def evidence(self) -> dict[str, Fact]:
        """Return it as facts."""
        return {
            "file_count": self.count,
            "size_bytes": self.size_bytes,
            "files": ", ".join(self.examples),
            "failed_count": self.failed,
            "is_all": self.is_all,
        }


class ClearTemporaryFiles(RepairAction[ClearTemporaryFilesConfig]):
    """A full or clogged temporary folder is a common cause; clearing one must never cost anything else."""

    TYPE: ClassVar[str] = "clear_temporary_files"
    CONFIG: ClassVar[type[ConfigModel]] = ClearTemporaryFilesConfig
    TIMEOUT_S: ClassVar[float] = 60.0

    async def precondition(self) -> RepairResult | None:
        """The folder must be there, and one that may be cleared."""
        return await asyncio.to_thread(self._obstacle)

    async def preview(self) -> RepairResult | None:
        """List what would be deleted."""
        obstacle = await self.precondition()
        if obstacle is not None:
            return obstacle
        found = await asyncio.to_thread(self._go_through, is_deleting=False)
        return RepairResult.done(
            "temporary_files_found", evidence=found.evidence(), count=found.count, size_mb=found.size_mb
        )

    async def run(self) -> RepairResult:
        """Delete."""
        obstacle = await self.precondition()
        if obstacle is not None:
            return obstacle
        found = await asyncio.to_thread(self._go_through, is_deleting=True)
        facts = {FACT: FileOperation.CLEAN_UP.value, "folder": self.config.folder, **found.evidence()}
        _log.info("temporary files cleared: %d, %s MB", found.count, found.size_mb, extra=facts)
        if found.failed and not found.count:
            return RepairResult.failed("temporary_files_kept", evidence=found.evidence(), failed=found.failed)
        return RepairResult.done(
            "temporary_files_cleared", evidence=found.evidence(), count=found.count, size_mb=found.size_mb
        )

    def _obstacle(self) -> RepairResult | None:
        if not self.config.folder:
            return RepairResult.not_applicable("temporary_folder_not_set")
        folder = self.config.folder
        try:
            top = Path(folder).resolve(strict=True)
        except (OSError, RuntimeError):
            return RepairResult.not_applicable("temporary_folder_missing", folder=folder)
        if not top.is_dir():
            return RepairResult.not_applicable("temporary_folder_missing", folder=folder)
        if _is_precious(top, self.context.data_dir):
            return RepairResult.not_applicable("temporary_folder_refused", folder=folder)
        return None

    def _go_through(self, *, is_deleting: bool) -> Found:
        found, looked = Found(), 0
        now_s = self.context.clock.now().timestamp()
        for folder in _folders(Path(self.config.folder).resolve(strict=True)):
            for name in folder.names:
                looked += 1
                if looked > LOOKED_AT_MOST:
                    found.is_all = False
                    return found
                relative = "/".join((*folder.parts, name))
                if not any(fits(relative, pattern) for pattern in self.config.patterns):
                    continue
                try:
                    status = folder.look(name)
                    if not _is_plain_file(status) or now_s - _newest_s(status) < self.config.older_than_s:
                        continue
                    if is_deleting:
                        folder.delete(name)
                    found.add(relative, status.st_size)
                except FileNotFoundError:
                    continue  # somebody else was faster
                except OSError:
                    found.failed += 1
        return found


@dataclass(frozen=True)
class _Folder:
    """One folder while it is gone through; by its descriptor where the system can, so that a folder which is
    swapped for a link meanwhile leads nowhere."""

    path: Path
    parts: tuple[str, ...]
    names: tuple[str, ...]
    fd: int | None

    def look(self, name: str) -> os.stat_result:
        if self.fd is not None:
            return os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        return os.lstat(self.path / name)

    def delete(self, name: str) -> None:
        if self.fd is not None:
            os.unlink(name, dir_fd=self.fd)
        else:
            (self.path / name).unlink()


def _folders(top: Path) -> Iterator[_Folder]:
    if hasattr(os, "fwalk"):
        for root, _, names, fd in os.fwalk(top, follow_symlinks=False):
            yield _Folder(Path(root), Path(root).relative_to(top).parts, tuple(sorted(names)), fd)
        return
    for root, below, names in os.walk(top, followlinks=False):
        path = Path(root)
        below[:] = [name for name in below if _is_plain_folder(path / name)]
        yield _Folder(path, path.relative_to(top).parts, tuple(sorted(names)), None)


def fits(relative: str, pattern: str) -> bool:
    """Tell whether a path below the folder is meant; a pattern without a slash is of the name alone."""
    parts = relative.split("/")
    wanted = pattern.split("/")
    return fnmatch.fnmatch(parts[-1], pattern) if len(wanted) == 1 else _fit(parts, wanted)


def _fit(parts: list[str], wanted: list[str]) -> bool:
    if not wanted:
        return not parts
    if wanted[0] == "**":
        return any(_fit(parts[at:], wanted[1:]) for at in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatch(parts[0], wanted[0]) and _fit(parts[1:], wanted[1:])


def _is_precious(top: Path, data_dir: Path) -> bool:
    """Whether too wide a pattern would cost more than temporary files: root, home, the console's folder."""
    own, home = data_dir.resolve(), Path.home()
    is_above = top in (home, *home.parents, own, *own.parents)
    return top.parent == top or is_above or own in top.parents


def _is_plain_file(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) and not _is_reparse_point(status)


def _is_plain_folder(path: Path) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and not _is_reparse_point(status)


def _is_reparse_point(status: os.stat_result) -> bool:
    return bool(getattr(status, "st_file_attributes", 0) & _REPARSE_POINT)


def _newest_s(status: os.stat_result) -> float:
    """When it was written or put there: an unpacked file bears the date of its archive."""
    return max(status.st_mtime, status.st_ctime)

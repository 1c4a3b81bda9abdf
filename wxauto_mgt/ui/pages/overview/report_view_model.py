"""The health report in an operator's hands: as a file, as text, and the sample for support.

Owns where files go by default; what a report says is the reports' own. Called by the overview page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject

from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.private_file import replacing
from wxauto_mgt.ui.desk import Backstage

HTML: Final = "html"
MARKDOWN: Final = "markdown"
TEXT: Final = "text"
SUFFIXES: Final = {HTML: ".html", MARKDOWN: ".md"}


@dataclass(frozen=True)
class ReportSources:
    """Where reports come from and where they go.

    Attributes:
        rendered: the report of this moment in a format.
        write_sample: writes the file for support; returns where it is.
        folder: where files go unless the operator chooses another place.
    """

    rendered: Callable[[str], Awaitable[str]]
    write_sample: Callable[[], Awaitable[Path]]
    folder: Path


class ReportViewModel(QObject):
    """The report: `propose` a file, `save` it there, `copy` it, `sample`."""

    def __init__(self, backstage: Backstage, *, sources: ReportSources, clock: Clock) -> None:
        super().__init__()
        self._sources = sources
        self._clock = clock
        commands = backstage.commands
        self.save = commands.command(self, "save_report", self._save)
        self.copy = commands.command(self, "copy_report", self._copy)
        self.sample = commands.command(self, "write_sample", sources.write_sample)

    async def propose(self, format_: str) -> Path:
        """A file of today in the folder for such files, which is there from then on.

        Raises:
            PermanentError: the folder cannot be made.
        """
        folder = self._sources.folder
        try:
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        except OSError as error:
            raise PermanentError("file_unwritable", path=str(folder), reason=error.strerror) from error
        day = self._clock.now().astimezone()
        return folder / f"health_report_{day:%Y%m%d}{SUFFIXES[format_]}"

    async def _save(self, path: Path, format_: str) -> Path:
        text = await self._sources.rendered(format_)
        file = path if path.suffix else path.with_suffix(SUFFIXES[format_])
        await asyncio.to_thread(_write, file, text)
        return file

    async def _copy(self) -> str:
        return await self._sources.rendered(TEXT)


def _write(file: Path, text: str) -> None:
    with replacing(file) as stream:
        stream.write(text)

"""`config check`, `config import`, `config export`: the configuration service from the command line.

Takes no lock on the data folder: a console may be running, and sees the new revision by itself.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from wxauto_mgt.app.data_folder import console_database, make_data_folder, open_console_database
from wxauto_mgt.cli.commands import STANDARD_STREAM, ConfigCheck, ConfigExport, ConfigImport
from wxauto_mgt.cli.terminal import ExitStatus, Terminal
from wxauto_mgt.core.config.documents import dump_document
from wxauto_mgt.core.config.model import ConfigSection, ImportResult, SettingsGroup
from wxauto_mgt.core.config.notifier import ConfigNotifier
from wxauto_mgt.core.config.reading import MAX_DOCUMENT_BYTES
from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.core.secrets.box import SecretBox
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.errors import ConfigError, Problem, StorageError
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.runtime.private_file import replacing

WHO: Final = "cli"


class ConfigCommands:
    """The three commands on one data folder.

    Args:
        sections, settings_groups: what this console knows.
        secret_box: opens the box of a data folder.
        environment: variables for `${NAME}` and those that win over settings.
    """

    def __init__(
        self,
        *,
        data_dir: Path,
        sections: Sequence[ConfigSection[Any]],
        settings_groups: Sequence[SettingsGroup],
        secret_box: Callable[[Path, Redactor], SecretBox],
        environment: Mapping[str, str],
        terminal: Terminal,
    ) -> None:
        self._data_dir = data_dir
        self._sections = sections
        self._settings_groups = settings_groups
        self._secret_box = secret_box
        self._environment = environment
        self._terminal = terminal

    async def check(self, command: ConfigCheck) -> ExitStatus:
        """Tell what an import would do; creates and stores nothing."""
        text, name = _read(command.file)
        async with self._service_or_empty() as service:
            result = await service.import_document(
                text, filename=name, replace=command.replace, who=WHO, dry_run=True
            )
            self._tell("cli.config_checked", result)
        return ExitStatus.OK

    async def import_(self, command: ConfigImport) -> ExitStatus:
        """Import a document; makes the data folder when there is none."""
        text, name = _read(command.file)
        make_data_folder(self._data_dir)
        async with self._service(self._data_dir) as service:
            result = await service.import_document(text, filename=name, replace=command.replace, who=WHO)
            self._terminal.warn(list(service.snapshot.unreadable.values()))
            self._tell("cli.config_imported" if result.is_change else "cli.config_unchanged", result)
        return ExitStatus.OK

    async def export(self, command: ConfigExport) -> ExitStatus:
        """Write the configuration to a file or to standard output."""
        if not console_database(self._data_dir).exists():
            raise StorageError("database_missing", path=str(console_database(self._data_dir)))
        async with self._service(self._data_dir) as service:
            document = await service.export(with_secrets=command.with_secrets)
        is_json = command.format == "json" or (
            command.format is None and command.file.suffix.lower() == ".json"
        )
        text = dump_document(document, "json" if is_json else "yaml")
        if command.file == STANDARD_STREAM:
            self._terminal.out.write(text)
        else:
            with replacing(command.file) as stream:
                stream.write(text)
            self._terminal.say("cli.config_exported", path=str(command.file))
        return ExitStatus.OK

    @asynccontextmanager
    async def _service_or_empty(self) -> AsyncIterator[ConfigService]:
        """Open the stored configuration; where there is none, an empty one that leaves no trace."""
        with contextlib.ExitStack() as stack:
            folder = self._data_dir
            if not console_database(folder).exists():
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                await (await open_console_database(folder, readers=1)).close()
            async with self._service(folder) as service:
                yield service

    @asynccontextmanager
    async def _service(self, folder: Path) -> AsyncIterator[ConfigService]:
        db = await open_console_database(folder, readers=1)
        try:
            service = ConfigService(
                db=db,
                sections=self._sections,
                settings_groups=self._settings_groups,
                secrets=self._secret_box(folder, Redactor()),
                notifier=ConfigNotifier(),
                clock=SystemClock(),
                environment=self._environment,
            )
            await service.load()
            yield service
        finally:
            await db.close()

    def _tell(self, key: str, result: ImportResult) -> None:
        if self._terminal.as_json:
            self._terminal.print_json(
                {
                    "success": True,
                    "revision": result.revision,
                    "added": list(result.added),
                    "updated": list(result.updated),
                    "removed": list(result.removed),
                    "unchanged": list(result.unchanged),
                }
            )
            return
        self._terminal.say(
            key,
            revision=result.revision,
            added=len(result.added),
            updated=len(result.updated),
            removed=len(result.removed),
            unchanged=len(result.unchanged),
        )


def _read(file: Path) -> tuple[str, str]:
    """Return the text of a document and the name it goes by in errors."""
    if file == STANDARD_STREAM:
        name, content = "stdin", sys.stdin.buffer.read(MAX_DOCUMENT_BYTES + 1)
    else:
        name = file.name
        try:
            with file.open("rb") as opened:
                content = opened.read(MAX_DOCUMENT_BYTES + 1)
        except OSError as error:
            params = {"path": str(file), "cause": error.strerror}
            raise ConfigError([Problem(name, "", "file_unreadable", params)]) from error
    try:
        return content.decode("utf-8-sig"), name
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(name, "", "document_not_utf8", line=line)]) from error

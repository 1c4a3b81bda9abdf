"""The data folder and the database in it, as every process that works on them opens them.

Takes no lock: commands work beside a running console. Called by the ground of a console and by commands.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.platform import restrict_to_owner
from wxauto_mgt.storage.database import Database

BACKUPS: Final = "backups"


def console_database(data_dir: Path) -> Path:
    """Where `console.db` stands."""
    return data_dir / "console.db"


async def open_console_database(data_dir: Path, *, readers: int = 2) -> Database:
    """Open `console.db`, also beside a running console.

    Raises:
        StorageError: it cannot be used; the file was left untouched.
    """
    return await Database.open(
        console_database(data_dir),
        kind="console",
        synchronous="FULL",
        backup_dir=data_dir / BACKUPS,
        readers=readers,
    )


def make_data_folder(folder: Path) -> None:
    """Create the folder, for its owner only, unless it is there. Blocks.

    Raises:
        PermanentError: it cannot be made (`data_folder_unusable`).
    """
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True)
            restrict_to_owner(folder)
    except OSError as error:
        raise PermanentError("data_folder_unusable", path=str(folder), reason=error.strerror) from error

"""Looks at the data folder: rights, room, clock, key, databases. Leaves nothing changed behind."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from wxauto_mgt.api.attach_point import attach_file, lock_holder
from wxauto_mgt.app.data_folder import console_database
from wxauto_mgt.cli.doctor.findings import Finding, Findings, note, ok, problem
from wxauto_mgt.core.secrets.key_providers import KeyFileProvider
from wxauto_mgt.errors import ConsoleError, StorageError
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.platform import is_open_to_others
from wxauto_mgt.storage.database import check_integrity

LEAST_FREE_BYTES: Final = 1024**3
"""Judgement call: the logs alone may take as much."""
MOST_SKEW_S: Final = 2.0
"""FAT keeps times to two seconds."""
KEY_FILE: Final = "secret.key"
INTEGRITY_WITHIN_S: Final = 15.0
_MIB: Final = 1024**2
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)


def examine_data_folder(folder: Path, *, clock: Clock) -> Findings:
    """Look at a data folder. Blocks, at most about half a minute."""
    if not folder.exists():
        return [note("folder_missing", path=str(folder))]
    if not folder.is_dir():
        return [problem("folder_is_file", path=str(folder))]
    return [
        *_rights(folder),
        *_writing(folder, clock),
        *_writing(folder / "logs", None),
        *_key(folder),
        _room(folder),
        _holder(folder),
        _database(console_database(folder), clock),
        _database(folder / "telemetry.db", clock),
    ]


def _rights(folder: Path) -> Iterator[Finding]:
    secret = (folder, folder / KEY_FILE, console_database(folder), attach_file(folder))
    opened = [path for path in secret if path.exists() and is_open_to_others(path)]
    for path in opened:
        yield problem("open_to_others", path=str(path), mode="700" if path.is_dir() else "600")
    if not opened:
        yield ok("rights", path=str(folder))


def _writing(folder: Path, clock: Clock | None) -> Iterator[Finding]:
    """Write a file; its time tells whether the disk's clock is ours."""
    if not folder.exists():
        return
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix="doctor-") as file:
            file.write(b"doctor")
            file.flush()
            written_s = os.stat(file.name).st_mtime
    except OSError as error:
        code = "no_room" if error.errno in _NO_ROOM else "not_writable"
        yield problem(code, path=str(folder), reason=error.strerror)
        return
    yield ok("writable", path=str(folder))
    if clock is not None:
        skew_s = round(abs(written_s - clock.now().timestamp()), 1)
        yield problem("clock_skewed", skew_s=skew_s) if skew_s > MOST_SKEW_S else ok("clock", skew_s=skew_s)


def _key(folder: Path) -> Iterator[Finding]:
    """Read the sealing key; where it stands in the system's keyring, the configuration tells of it."""
    try:
        if KeyFileProvider(folder / KEY_FILE).load() is not None:
            yield ok("key")
    except ConsoleError as error:
        yield problem("key_unreadable", error=error)


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        return problem("disk_low", free_mb=free // _MIB, path=str(folder))
    return ok("disk", free_mb=free // _MIB)


def _holder(folder: Path) -> Finding:
    pid = lock_holder(folder)
    return ok("lock_free") if pid is None else ok("lock_held", pid=pid)


def _database(path: Path, clock: Clock) -> Finding:
    give_up_at_s = clock.monotonic() + INTEGRITY_WITHIN_S
    try:
        is_whole = check_integrity(path, still_wanted=lambda: clock.monotonic() < give_up_at_s)
    except StorageError as error:
        if error.code == "database_missing":
            return note("database_missing", name=path.name)
        if error.code == "database_older":
            return note("database_older", name=path.name)
        return problem("database_bad", name=path.name, error=error)
    except ConsoleError as error:
        return problem("database_bad", name=path.name, error=error)
    if not is_whole:
        return note("database_not_finished", name=path.name, waited_s=INTEGRITY_WITHIN_S)
    log = path.with_name(f"{path.name}-wal")
    size = path.stat().st_size + (log.stat().st_size if log.exists() else 0)
    return ok("database", name=path.name, size_mb=round(size / _MIB, 1))

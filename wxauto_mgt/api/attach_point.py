"""Where a running console takes calls from other processes: the file `attach.json` in its data folder.

Owns the file's form and who counts as alive; the console writes it, programs of the same user read it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import psutil

from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.platform import LOCK_FILE_NAME

ATTACH_FILE_NAME: Final = "attach.json"
_MAX_FILE_BYTES: Final = 64 * 1024
_CLOCK_GRACE_S: Final = 2.0
"""Judgement call: the start of a process is known to a fraction of a second, a file's time to two (FAT)."""


@dataclass(frozen=True)
class AttachPoint:
    """One run of a console, and how to call it.

    Attributes:
        url: base address of its HTTP server, on this machine.
        token: allows every call; ends with the run.
    """

    url: str
    token: str = field(repr=False)
    pid: int
    run_id: str
    version: str

    def as_json(self) -> str:
        """Return the file's content."""
        return json.dumps(asdict(self), indent=2) + "\n"


def attach_file(data_dir: Path) -> Path:
    """Where the file stands."""
    return data_dir / ATTACH_FILE_NAME


def read_attach_point(data_dir: Path) -> AttachPoint | None:
    """Read what a console left there, running or not; None when there is nothing. Blocks.

    Raises:
        PermanentError: there is a file that cannot be read, or is not a console's.
    """
    path = attach_file(data_dir)
    try:
        with path.open("rb") as opened:
            found = json.loads(opened.read(_MAX_FILE_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise PermanentError("attach_file_unreadable", path=str(path), reason=error.strerror) from error
    except (ValueError, RecursionError) as error:
        raise PermanentError("attach_file_broken", path=str(path)) from error
    match found:
        case {"url": str(url), "token": str(token), "pid": int(pid), "run_id": str(run), "version": str(v)}:
            return AttachPoint(url=url, token=token, pid=pid, run_id=run, version=v)
    raise PermanentError("attach_file_broken", path=str(path))


def is_console_alive(data_dir: Path, point: AttachPoint) -> bool:
    """Whether the process that wrote the file still runs. Blocks shortly."""
    return _runs_since(attach_file(data_dir), point.pid)


def lock_holder(data_dir: Path) -> int | None:
    """Return the id of the console process that holds the folder, as its lock file tells. Blocks shortly.

    Looks without touching the lock: taking it, however shortly, could turn away a console that just starts.
    """
    path = data_dir / LOCK_FILE_NAME
    try:
        pid = int(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        return None
    return pid if _runs_since(path, pid) else None


def _runs_since(path: Path, pid: int) -> bool:
    """Whether that process runs and is older than the file: a younger one only got the same number."""
    try:
        written_s = path.stat().st_mtime
        return psutil.Process(pid).create_time() <= written_s + _CLOCK_GRACE_S
    except psutil.AccessDenied:
        return True
    except (OSError, ValueError, psutil.Error):
        return False

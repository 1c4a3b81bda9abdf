"""The only place for what differs by operating system: locks, owner-only files, stop signals, folders."""

from __future__ import annotations

import asyncio
import errno
import getpass
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import NoReturn, TypedDict

import platformdirs
import psutil

from wxauto_mgt.errors import DataFolderInUse, PermanentError

if sys.platform == "win32":
    import _winapi
    import ctypes
    import msvcrt
else:
    import fcntl

LOCK_FILE_NAME = "console.lock"
_APP_NAME = "wxauto-mgt"
_WINDOWS_LOCK_OFFSET = 1 << 30
"""Windows locks are mandatory: a byte far behind the content is locked, so that others can read that."""
_ICACLS_TIMEOUT_S = 10.0
_WINDOWS_PIPE_LOOKS_S = 0.02


class System(StrEnum):
    """The systems that the product runs on."""

    LINUX = "linux"
    MACOS = "macos"
    WINDOWS = "windows"


def this_system() -> System:
    """The one that this process runs on; any other Unix counts as Linux."""
    if sys.platform == "win32":
        return System.WINDOWS
    return System.MACOS if sys.platform == "darwin" else System.LINUX


class FileLock:
    """An exclusive lock on a file; it ends with the process. It excludes within a process too."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self._path = path
        self._flags = os.O_RDWR | (os.O_CREAT if create else 0)
        self._fd: int | None = None

    def try_acquire(self) -> bool:
        """Take the lock without waiting; False when somebody holds it.

        Raises:
            OSError: the file cannot be opened or the file system cannot lock.
        """
        fd = os.open(self._path, self._flags, 0o600)
        try:
            locked = _lock(fd)
        except OSError:
            os.close(fd)
            raise
        if not locked:
            os.close(fd)
            return False
        self._fd = fd
        return True

    def write_content(self, text: str) -> None:
        """Replace the locked file's content."""
        if self._fd is None:
            return
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        os.write(self._fd, text.encode())

    def release(self) -> None:
        """Give the lock up; the file stays. Does nothing when it is not held."""
        if self._fd is None:
            return
        fd, self._fd = self._fd, None
        os.close(fd)  # closing releases the lock on every system

    def discard(self) -> None:
        """Give the lock up and remove the file."""
        # Where an open file can be removed it goes first, so that nobody finds it unlocked.
        if sys.platform != "win32":
            self._path.unlink(missing_ok=True)
        self.release()
        self._path.unlink(missing_ok=True)


class DataFolderLock:
    """Keeps a second console off the same data folder; its file tells who holds it."""

    def __init__(self) -> None:
        self._lock: FileLock | None = None

    def acquire(self, folder: Path) -> None:
        """Take the folder's lock and record this process's id in it.

        Raises:
            DataFolderInUse: facts carry `pid` (None when the file does not say).
            PermanentError: the folder cannot be used at all (`data_folder_unusable`).
        """
        path = folder / LOCK_FILE_NAME
        lock = FileLock(path)
        try:
            acquired = lock.try_acquire()
        except OSError as error:
            raise PermanentError("data_folder_unusable", path=str(folder), reason=error.strerror) from error
        if not acquired:
            raise DataFolderInUse("data_folder_in_use", path=str(folder), pid=_recorded_pid(path))
        lock.write_content(f"{os.getpid()}\n")
        self._lock = lock

    def release(self) -> None:
        """Give the lock up. The file stays: removing it would race with the next console."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _recorded_pid(path: Path) -> int | None:
    try:
        return int(path.read_text().strip())
    except (OSError, ValueError):
        return None


if sys.platform == "win32":

    def _lock(fd: int) -> bool:
        os.lseek(fd, _WINDOWS_LOCK_OFFSET, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EDEADLOCK):
                return False
            raise
        return True

else:

    def _lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def die() -> NoReturn:
    """End this process as a power cut would: no finally, no atexit, no flush. For fault injection."""
    if sys.platform != "win32":
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(137)


class GroupOptions(TypedDict, total=False):
    """What `subprocess.Popen` is told so that a child leads a group of its own."""

    start_new_session: bool
    creationflags: int


def group_options() -> GroupOptions:
    """Options for a child that a Ctrl-C meant for us does not reach, and that opens no window."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP
        # With our own console shared the child can be asked to stop; without one it would open a window.
        if not ctypes.windll.kernel32.GetConsoleWindow():
            flags |= subprocess.CREATE_NO_WINDOW
        return {"creationflags": flags}
    return {"start_new_session": True}


def ask_to_stop(pid: int) -> bool:
    """Ask a process politely to end; False where it is gone, ours no more, or cannot be asked.

    Windows knows no polite way to a program that does not share our console.
    """
    try:
        if sys.platform == "win32":
            os.kill(pid, signal.CTRL_BREAK_EVENT)
        else:
            os.kill(pid, signal.SIGTERM)
    except (OSError, SystemError):  # SystemError: how Python reports a refused console event
        return False
    return True


def session_of(pid: int) -> int | None:
    """The session that a process belongs to; None where there are none or it cannot be seen."""
    if sys.platform == "win32":
        return None
    try:
        return os.getsid(pid)
    except OSError:
        return None


if sys.platform == "win32":

    def wait_readable(fd: int, timeout_s: float) -> bool:
        """Wait until a pipe has bytes or has ended; False when neither came. Blocks."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            try:
                if _winapi.PeekNamedPipe(msvcrt.get_osfhandle(fd), 0)[0]:
                    return True
            except OSError:
                return True  # ended: reading says so at once
            if time.monotonic() >= deadline_s:
                return False
            time.sleep(_WINDOWS_PIPE_LOOKS_S)

else:

    def wait_readable(fd: int, timeout_s: float) -> bool:
        """Wait until a pipe has bytes or has ended; False when neither came. Blocks."""
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        return bool(poll.poll(1000 * timeout_s))


def restrict_to_owner(path: Path) -> None:
    """Let only the current user read and write a file, or enter a folder. Blocks; Windows runs a program.

    Raises:
        OSError: the system refused.
    """
    if sys.platform == "win32":
        command = icacls_command(path, os.environ.get("USERDOMAIN"), getpass.getuser())
        done = subprocess.run(  # noqa: S603 - a fixed program with a list of arguments
            command, capture_output=True, timeout=_ICACLS_TIMEOUT_S, check=False
        )
        if done.returncode != 0:
            raise PermissionError(errno.EPERM, "icacls refused", str(path))
    else:
        path.chmod(0o700 if path.is_dir() else 0o600)


def has_all_rights() -> bool:
    """Whether this process runs as the system's administrator."""
    if sys.platform == "win32":
        return bool(ctypes.windll.shell32.IsUserAnAdmin())
    return os.geteuid() == 0


def is_open_to_others(path: Path) -> bool:
    """Whether other users may read, write or enter it, as far as the system's simple rights tell.

    Windows keeps rights in lists that take a program to read: there the answer is always no.

    Raises:
        OSError: it cannot be looked at.
    """
    if sys.platform == "win32":
        return False
    return bool(path.stat().st_mode & 0o077)


def icacls_command(path: Path, domain: str | None, user: str) -> list[str]:
    """The Windows command that drops inherited rights and grants full control to one user."""
    account = f"{domain}\\{user}" if domain else user
    inherit = "(OI)(CI)" if path.is_dir() else ""
    return ["icacls", str(path), "/inheritance:r", "/grant:r", f"{account}:{inherit}F"]


def count_descriptors(process: psutil.Process) -> int:
    """Open file descriptors, or what Windows has instead of them (handles).

    Raises:
        psutil.Error: the process is gone or cannot be looked at.
    """
    if sys.platform == "win32":
        return process.num_handles()
    return process.num_fds()


def user_data_dir() -> Path:
    """The folder where this system keeps a user's application data; not created here."""
    return platformdirs.user_data_path(_APP_NAME, appauthor=False)


def install_stop_signals(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> Callable[[], None]:
    """Call `callback` on the loop for each request to stop: Ctrl-C, a polite kill, a closed terminal.

    Plain `signal` handlers instead of `loop.add_signal_handler`: those work on Windows and on Qt's loop too.
    A signal that was set to be ignored (nohup) stays ignored. Main thread only.

    Returns:
        A function that restores the previous handlers.
    """

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(callback)

    previous = {}
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            previous[number] = signal.signal(number, on_signal)

    def uninstall() -> None:
        while previous:
            number, handler = previous.popitem()
            signal.signal(number, handler)

    return uninstall

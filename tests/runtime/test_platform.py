from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import eventually
from wxauto_mgt.errors import DataFolderInUse, PermanentError
from wxauto_mgt.runtime.platform import (
    DataFolderLock,
    icacls_command,
    install_stop_signals,
    restrict_to_owner,
    user_data_dir,
)

HOLD = """
import sys, time
from pathlib import Path
from wxauto_mgt.runtime.platform import DataFolderLock
lock = DataFolderLock()
lock.acquire(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_folder_is_locked_for_one_and_free_again_afterwards(tmp_path: Path) -> None:
    first, second = DataFolderLock(), DataFolderLock()
    first.acquire(tmp_path)
    with pytest.raises(DataFolderInUse) as caught:
        second.acquire(tmp_path)
    assert caught.value.facts["pid"] == os.getpid()
    first.release()
    first.release()
    second.acquire(tmp_path)
    second.release()


def test_the_lock_of_another_process_names_it_and_ends_with_it(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        lock = DataFolderLock()
        with pytest.raises(DataFolderInUse) as caught:
            lock.acquire(tmp_path)
        assert caught.value.facts["pid"] == holder.pid
        holder.kill()
        holder.wait(10)
        lock.acquire(tmp_path)
        lock.release()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="data_folder_unusable"):
        DataFolderLock().acquire(tmp_path / "missing")


@pytest.mark.skipif(sys.platform == "win32", reason="modes are a Unix matter")
def test_only_the_owner_may_read(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.touch(mode=0o644)
    restrict_to_owner(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    folder = tmp_path / "folder"
    folder.mkdir()
    restrict_to_owner(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_windows_command_grants_one_user_and_drops_what_was_inherited(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.touch()
    assert icacls_command(file, "PC", "li")[2:] == ["/inheritance:r", "/grant:r", "PC\\li:F"]
    assert icacls_command(tmp_path, None, "li")[2:] == ["/inheritance:r", "/grant:r", "li:(OI)(CI)F"]


def test_the_users_folder_is_ours_alone() -> None:
    assert user_data_dir().name == "wxauto-mgt"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send itself a polite signal")
async def test_stop_signals_call_back_on_the_loop_until_uninstalled() -> None:
    stops: list[int] = []
    before = signal.getsignal(signal.SIGTERM)
    uninstall = install_stop_signals(asyncio.get_running_loop(), lambda: stops.append(1))
    os.kill(os.getpid(), signal.SIGTERM)
    await eventually(lambda: len(stops) == 1)
    os.kill(os.getpid(), signal.SIGINT)
    await eventually(lambda: len(stops) == 2)
    uninstall()
    uninstall()
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.skipif(sys.platform == "win32", reason="SIGHUP is a Unix matter")
async def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        uninstall = install_stop_signals(asyncio.get_running_loop(), lambda: None)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        uninstall()
    finally:
        signal.signal(signal.SIGHUP, before)

"""Starts a program so that it and its descendants can be told from foreign processes, and ends them all.

Owns identity (never a process id alone) and the search for relatives; neither policy nor waiting. Everything
here blocks: call it off the loop. Managed processes use it.
"""

from __future__ import annotations

import ipaddress
import socket
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from wxauto_mgt.runtime.platform import group_options, session_of

MARKER: Final = "WXAUTO_MGT_LAUNCH"
"""Environment variable that descendants inherit; its value is new at each launch."""

KILLED_WITHIN_S: Final = 5.0
"""How long a system may take to end what was killed; a judgement call."""

_SAME_START_S: Final = 2.0
"""The start of a process is told relative to the machine's, which is known to the second only."""


@dataclass(frozen=True)
class ProcessIdentity:
    """A process id, and since when it is this process's: ids are used again."""

    pid: int
    started_at_s: float


@dataclass(frozen=True)
class PortHolder:
    """Who listens on a port; None where the system does not say."""

    pid: int | None
    name: str | None


def start_process(
    command: Sequence[str], *, cwd: Path | None, environment: Mapping[str, str], marker: str
) -> subprocess.Popen[bytes]:
    """Run a program without a shell, in a group of its own; both of its outputs come through one pipe.

    Raises:
        OSError, ValueError: it could not be started.
    """
    return subprocess.Popen(  # noqa: S603 - a list of arguments that the operator configured, never a shell
        list(command),
        cwd=cwd,
        env={**environment, MARKER: marker},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        **group_options(),
    )


def identity_of(pid: int) -> ProcessIdentity | None:
    """Tell which process has this id now; None when there is none any more."""
    try:
        return ProcessIdentity(pid, psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def find(identity: ProcessIdentity, *, marker: str = "") -> psutil.Process | None:
    """Return the process if it still runs; never another one that was given its id."""
    try:
        process = psutil.Process(identity.pid)
        if not _is_alive(process):
            return None
        is_same = abs(process.create_time() - identity.started_at_s) <= _SAME_START_S
    except psutil.Error:
        return None
    return process if is_same or (marker and _carries(process, marker)) else None


def relatives(
    root: ProcessIdentity | None, *, marker: str = "", known: Iterable[ProcessIdentity] = ()
) -> list[psutil.Process]:
    """Return a process and its descendants as far as they live, the root first.

    Args:
        marker: also those that carry it, whoever their parent is now; this looks at every process.
        known: seen as descendants before; they stay such when their parent ends.
    """
    found: dict[int, psutil.Process] = {}
    leader = find(root, marker=marker) if root is not None else None
    for process in (*_below(leader), *_marked(marker), *(find(each) for each in known)):
        if process is not None and _is_alive(process):
            found.setdefault(process.pid, process)
    return list(found.values())


def kill(processes: Iterable[psutil.Process]) -> None:
    """End processes at once; those that are gone already, or may not be ended, are left alone."""
    for process in processes:
        try:
            process.kill()  # refuses when the id belongs to another process by now
        except psutil.Error:
            continue


def terminate(processes: Iterable[psutil.Process]) -> None:
    """Ask processes to end; on Windows this ends them."""
    for process in processes:
        try:
            process.terminate()
        except psutil.Error:
            continue


def alive(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Return those that still run."""
    return [process for process in processes if _is_alive(process)]


def holder_of_port(port: int) -> PortHolder | None:
    """Tell who listens on a port of the loopback or of all addresses; None when nobody does."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return None if _can_bind(port) else PortHolder(None, None)
    for connection in connections:
        if connection.status != psutil.CONN_LISTEN or not connection.laddr:
            continue
        if connection.laddr.port == port and _is_local(connection.laddr.ip):
            return PortHolder(connection.pid, _name_of(connection.pid))
    return None


def _below(leader: psutil.Process | None) -> Iterator[psutil.Process]:
    if leader is None:
        return
    yield leader
    try:
        yield from leader.children(recursive=True)
        # Descendants whose own parent ended stay in the session. Its number cannot go to another one while
        # its leader lives.
        for process in psutil.process_iter():
            if process.pid != leader.pid and session_of(process.pid) == leader.pid:
                yield process
    except psutil.Error:
        return


def _marked(marker: str) -> Iterator[psutil.Process]:
    if marker:
        yield from (process for process in psutil.process_iter() if _carries(process, marker))


def _carries(process: psutil.Process, marker: str) -> bool:
    try:
        return process.environ().get(MARKER) == marker
    except (psutil.Error, OSError):
        return False


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True


def _name_of(pid: int | None) -> str | None:
    if pid is None:
        return None
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return None


def _is_local(ip: str) -> bool:
    address = ipaddress.ip_address(ip.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_unspecified or mapped.is_loopback)


def _can_bind(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True

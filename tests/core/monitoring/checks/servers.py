"""Real Redis and PostgreSQL servers on the loopback, of the system's packages, stopped by handle."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PASSWORD = "Pa55-of-the-server"
START_S = 30.0
STOP_S = 10.0
_NOBODY = 65534


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]

    @contextmanager
    def hung(self) -> Iterator[None]:
        """Accepts connections, by the system's doing, and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def why_no_redis() -> str:
    """Empty when a Redis server can be started."""
    return "" if shutil.which("redis-server") else "redis-server is not installed"


def why_no_postgresql() -> str:
    """Empty when a PostgreSQL server can be started."""
    return "" if _postgresql_programs() else "PostgreSQL is not installed"


@contextmanager
def redis_server(*options: object, tls: bool = False) -> Iterator[Server]:
    """Run a server that keeps nothing; its files and log stand in a folder that goes with it."""
    port = unused_port()
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        command = ["redis-server", "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        command += ["--port", "0", "--tls-port", str(port)] if tls else ["--port", str(port)]
        server = Server(port, _start([*command, *(str(option) for option in options)]))
        try:
            _wait_until(lambda: _accepts(port), server)
            yield server
        finally:
            server.stop()


@contextmanager
def postgresql_server(*, standby: bool = False) -> Iterator[Server]:
    """Run a server whose account `postgres` has `PASSWORD`; as a standby it takes no writes."""
    programs = _postgresql_programs()
    assert programs is not None
    # Not below pytest's folder: the account that a server runs as could not enter it.
    with tempfile.TemporaryDirectory(prefix="postgresql-") as name:
        folder = Path(name)
        (folder / "password").write_text(PASSWORD)
        as_whom = _not_root(folder)
        command: list[object] = [
            programs / "initdb",
            "-D",
            folder / "data",
            "-U",
            "postgres",
            "-A",
            "scram-sha-256",
        ]
        command += ["--pwfile", folder / "password", "--no-sync", "-E", "UTF8", "--locale=C"]
        subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=START_S,
            **as_whom,
        )
        if standby:
            (folder / "data" / "standby.signal").touch()
        port = unused_port()
        options = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
        command = [programs / "postgres", "-D", folder / "data"]
        command += [part for option in options for part in ("-c", option)]
        server = Server(port, _start(command, cwd=folder, **as_whom))
        try:
            _wait_until(lambda: "ready" in _status_of(folder), server)
            yield server
        finally:
            server.stop()


@asynccontextmanager
async def off_loop(running: AbstractContextManager[Server]) -> AsyncIterator[Server]:
    """Start and stop a server while the loop goes on."""
    server = await asyncio.to_thread(running.__enter__)
    try:
        yield server
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _postgresql_programs() -> Path | None:
    """Debian keeps each version's programs apart, off the path."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    return max(found, default=Path(on_path).parent if on_path else None, key=lambda path: path.parts[-2])


def _not_root(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: what makes a subprocess run as somebody else who owns the folder."""
    if os.geteuid() != 0:
        return {}
    for path in (folder, *folder.iterdir()):
        os.chown(path, _NOBODY, _NOBODY)
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}


def _start(command: Sequence[object], **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )


def _status_of(folder: Path) -> str:
    """The server's own word, in the last line of this file."""
    try:
        return (folder / "data" / "postmaster.pid").read_text().splitlines()[-1]
    except (OSError, IndexError):
        return ""


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except OSError:
        return False
    return True


def _wait_until(condition: Callable[[], bool], server: Server) -> None:
    deadline_s = time.monotonic() + START_S
    while not condition():
        assert server.process.poll() is None, "the server ended at once"
        assert time.monotonic() < deadline_s, "the server does not start"
        time.sleep(0.02)

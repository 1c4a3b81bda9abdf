"""The console as a real process, driven the way an operator drives it: command line, files, signals."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 30.0

#: Fractions of a second in place of the defaults, so that a whole life fits into a test.
FAST_SETTINGS: Mapping[str, Mapping[str, object]] = {
    "listening": {
        "poll_interval_s": 0.05,
        "main_poll_interval_s": 0.1,
        "probe_interval_s": 0.2,
        "read_timeout_s": 10.0,
    },
    "delivery": {"send_timeout_s": 5.0, "echo_timeout_s": 2.0, "ui_quarantine_s": 0.5, "retry_base_s": 0.1},
}


def wait_for(what: str, condition: Callable[[], bool], *, within_s: float = DEADLINE_S) -> None:
    """Poll another process's state; there is nothing to await across processes."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {what}")
        time.sleep(0.02)


class Console:
    """One data folder and the console processes that use it, one after another."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.process: subprocess.Popen[str] | None = None

    def import_config(self, document: Mapping[str, object], *arguments: str) -> None:
        """`config import` in a process of its own, also while the console runs."""
        file = self.data_dir.parent / "import.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        result = self.run("config", "import", str(file), *arguments)
        assert result.returncode == 0, result.stderr

    def run(self, *arguments: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            self._command(*arguments),
            cwd=ROOT,
            env=self._environment({}),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout_s,
            check=False,
        )

    def start(self, *arguments: str, fault_point: str | None = None) -> None:
        """Start headless and return at once."""
        extra = {"WXAUTO_MGT_FAULT_POINT": fault_point} if fault_point else {}
        with (self.data_dir.parent / "console.out").open("a", encoding="utf-8") as output:
            self.process = subprocess.Popen(
                self._command("--headless", *arguments),
                cwd=ROOT,
                env=self._environment(extra),
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def stop(self) -> int:
        """Ask it to end the way a service manager does and return its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=DEADLINE_S)

    def wait_killed(self) -> None:
        """Wait until a fault point has killed it."""
        assert self.process is not None
        status = self.process.wait(timeout=DEADLINE_S)
        assert status == -signal.SIGKILL, f"exit status {status}: {self.output()}"

    def cleanup(self) -> None:
        """End whatever is left; for fixtures."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def output(self) -> str:
        """What the process printed so far."""
        file = self.data_dir.parent / "console.out"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def log(self) -> str:
        """The log files so far."""
        files = sorted((self.data_dir / "logs").glob("wxauto_mgt_*.log"))
        return "".join(file.read_text(encoding="utf-8") for file in files)

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Look into the database beside the running console; empty before it exists."""
        file = self.data_dir / "console.db"
        if not file.exists():
            return []
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as connection:
            return connection.execute(sql, parameters).fetchall()

    def _command(self, *arguments: str) -> list[str]:
        return [
            sys.executable,
            "-W",
            "error::ResourceWarning",
            str(ROOT / "main.py"),
            "--data-dir",
            str(self.data_dir),
            *arguments,
        ]

    def _environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("WXAUTO_MGT_")
        }
        return {**environment, "LC_ALL": "en_US.UTF-8", "WXAUTO_MGT_API_PORT": "0", **extra}

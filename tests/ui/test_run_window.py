"""The window as a process: it starts on the demonstration, excludes a second one, and ends when asked to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.console import ROOT, wait_for

DEADLINE_S = 60.0


def _command(data_dir: Path, *arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "main.py"), "--demo", "--data-dir", str(data_dir), *arguments]


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WXAUTO_MGT_")}
    return {**kept, "WXAUTO_MGT_API_PORT": "0", "QT_QPA_PLATFORM": "offscreen", "LC_ALL": "en_US.UTF-8"}


@pytest.fixture
def window(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        _command(tmp_path / "data", "--report", str(tmp_path / "report.json")),
        cwd=ROOT,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def _log(tmp_path: Path) -> str:
    files = (tmp_path / "data" / "logs").glob("wxauto_mgt_*.log")
    return "".join(file.read_text(encoding="utf-8") for file in files)


@pytest.mark.skipif(sys.platform == "win32", reason="a console window is stopped differently there")
def test_a_window_excludes_a_second_one_and_ends_by_a_signal(
    window: subprocess.Popen[str], tmp_path: Path
) -> None:
    wait_for("the console is ready", lambda: "console ready" in _log(tmp_path), within_s=DEADLINE_S)
    second = subprocess.run(
        _command(tmp_path / "data"),
        cwd=ROOT,
        env=_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=DEADLINE_S,
        check=False,
    )
    assert second.returncode == 3
    assert "already running" in second.stderr
    window.send_signal(signal.SIGINT)
    output, _ = window.communicate(timeout=DEADLINE_S)
    assert window.returncode == 0, output
    assert "Traceback" not in output
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert set(report["delivery"]) >= {"received", "matched", "replied"}
    assert "a slot of the window failed" not in _log(tmp_path)


def test_a_window_with_a_duration_ends_by_itself(tmp_path: Path) -> None:
    ended = subprocess.run(
        _command(tmp_path / "data", "--duration", "0.5"),
        cwd=ROOT,
        env=_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=DEADLINE_S,
        check=False,
    )
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False), ended.stderr

"""Processes live on the window's event loop as they do on asyncio's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.core.recovery.processes.test_left_over import ROOT


def test_processes_live_and_end_on_qts_loop(tmp_path: Path) -> None:
    module = "tests.core.recovery.processes.on_qt"
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-m", module, str(tmp_path / "console.db")],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["qasync", "100000", "stopped", "False"]), (
        done.stderr
    )

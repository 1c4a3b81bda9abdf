"""Importing does nothing: no file, no thread, no connection, no Qt outside ui."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, module_names

SCRIPT = """
import importlib, os, sys, threading

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND
WATCHED = ("os.mkdir", "os.remove", "os.rename", "subprocess.Popen", "socket.connect", "socket.bind",
           "sqlite3.connect", "os.putenv", "signal.signal")
effects = []

def watch(event, args):
    if event == "open" and isinstance(args[2], int) and args[2] & WRITING and args[0] != os.devnull:
        effects.append(f"opens {args[0]} for writing")
    elif event in WATCHED:
        effects.append(f"{event} {args}")

def check(name):
    for effect in effects:
        print(f"{name}: {effect}")
    effects.clear()
    if threading.active_count() > 1:
        print(f"{name}: starts a thread")
    if os.environ.get("QT_ALLOWED") != "1" and any(m.partition(".")[0] == "PySide6" for m in sys.modules):
        print(f"{name}: brings Qt along")
        raise SystemExit

for library in sys.argv[1].split(","):
    if library:
        importlib.import_module(library)  # what the libraries do is not ours to judge
sys.addaudithook(watch)
for name in sys.argv[2].split(","):
    try:
        importlib.import_module(name)
    except Exception as error:
        print(f"{name}: {error!r}")
    check(name)
if "PySide6.QtCore" in sys.modules and sys.modules["PySide6.QtCore"].QCoreApplication.instance() is not None:
    print("an import makes the Qt application")
"""


def effects_of(names: list[str], folder: Path, *, libraries: list[str], qt: bool) -> str:
    environment = os.environ | {
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "QT_QPA_PLATFORM": "offscreen",
        "QT_ALLOWED": "1" if qt else "0",
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, ",".join(libraries), ",".join(names)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("ui", [False, True], ids=["without the window", "the window"])
def test_importing_every_module_does_nothing(tmp_path: Path, ui: bool) -> None:
    names = [
        name for name in module_names() if name.startswith("wxauto_mgt.ui.") == ui and "__main__" not in name
    ]
    libraries = [
        "aiohttp",
        "numpy",
        "psutil",
        "pydantic",
        "cryptography.fernet",
        "keyring",
        "babel",
        "re2",
        "yaml",
    ]
    libraries += ["pyqtgraph", "qasync"] if ui else []
    effects = effects_of(names, tmp_path, libraries=libraries, qt=ui)
    if effects:
        pytest.fail(effects, pytrace=False)
    assert list(tmp_path.iterdir()) == []


def test_an_effect_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text("open('made.txt', 'w').close()\n", encoding="utf-8")
    assert "loud: opens made.txt for writing" in effects_of(["loud"], tmp_path, libraries=[], qt=False)

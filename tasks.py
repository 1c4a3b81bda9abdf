"""Set up a fresh machine and run the project's chores: run | test | lint | bench | screenshots.

Needs Python >= 3.11 and nothing else: makes `.venv`, installs the locked packages into it and, on Debian,
the system libraries that Qt wants. Standard library only, no shell, the same on Linux, macOS and Windows.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
WINDOWS = os.name == "nt"
VENV_PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")
UV_VERSION = "0.13.9"

# Shared libraries that Qt loads without asking; a wheel cannot bring them.
OFFSCREEN_PACKAGES = (
    "libegl1",
    "libgl1",
    "libglib2.0-0",
    "libfontconfig1",
    "libxkbcommon0",
    "libdbus-1-3",
)
WINDOW_PACKAGES = (
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-render-util0",
    "libxcb-xkb1",
    "libxkbcommon-x11-0",
    "libxcb-shape0",
    "libxcb-randr0",
    "libxcb-xinerama0",
)
CHINESE_FONTS = ("fonts-noto-cjk",)


class SetupFailed(Exception):
    """The machine cannot be prepared; the text says what to do."""


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="tasks.py", description=__doc__.splitlines()[0] if __doc__ else None
    )
    parser.add_argument("task", choices=("run", "test", "lint", "bench", "screenshots"))
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="passed on to the task")
    options = parser.parse_args(argv)
    try:
        return TASKS[options.task](options.rest)
    except SetupFailed as failure:
        print(f"tasks.py: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def run_console(rest: list[str]) -> int:
    """Start the console with its built-in demo; own arguments replace `--demo`."""
    prepare(dev=False, packages=OFFSCREEN_PACKAGES + WINDOW_PACKAGES + CHINESE_FONTS)
    return call(VENV_PYTHON, "main.py", *(rest or ["--demo"]))


def run_tests(rest: list[str]) -> int:
    """Lint, types, import contracts and all tests; with arguments, only what pytest makes of them."""
    prepare(dev=True, packages=OFFSCREEN_PACKAGES + CHINESE_FONTS)
    if rest:
        return call(VENV_PYTHON, "-m", "pytest", *rest, env=OFFSCREEN)
    linted = run_lint([])
    # Both run so that one report shows everything; on two cores two workers halve the wait.
    tested = call(VENV_PYTHON, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", env=OFFSCREEN)
    return linted or tested


def run_lint(rest: list[str]) -> int:
    """ruff (rules and format) and mypy --strict over everything that is ours."""
    prepare(dev=True, packages=())
    results = [
        call(VENV_PYTHON, "-m", "ruff", "check", "--no-cache", *rest, "."),
        call(VENV_PYTHON, "-m", "ruff", "format", "--no-cache", "--check", "."),
        call(VENV_PYTHON, "-m", "mypy"),
    ]
    return max(results)


def run_bench(rest: list[str]) -> int:
    """Measure throughput and latency beside their limits in the same run."""
    prepare(dev=False, packages=OFFSCREEN_PACKAGES)
    return call(VENV_PYTHON, "-m", "benchmarks", *rest, env=OFFSCREEN)


def run_screenshots(rest: list[str]) -> int:
    """Save a picture of every page in both languages and themes."""
    prepare(dev=False, packages=OFFSCREEN_PACKAGES + CHINESE_FONTS)
    return call(
        VENV_PYTHON, "-m", "wxauto_mgt.ui.screenshots", *(rest or ["build/screenshots"]), env=OFFSCREEN
    )


TASKS = {
    "run": run_console,
    "test": run_tests,
    "lint": run_lint,
    "bench": run_bench,
    "screenshots": run_screenshots,
}
OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}


def prepare(*, dev: bool, packages: tuple[str, ...]) -> None:
    """Bring the machine to the state that the lock describes; quick when nothing is missing."""
    # A comparison, not a syntax trick: this file must still parse on an older Python to say so.
    if sys.version_info < (3, 11):  # noqa: UP036
        raise SetupFailed(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    install_system_packages(packages)
    lock = ROOT / ("requirements-dev.txt" if dev else "requirements.txt")
    stamp = VENV / f".{lock.name}.sha256"
    wanted = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    if VENV_PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    make_venv()
    install_lock(lock)
    stamp.write_text(wanted)


def make_venv() -> None:
    """Create `.venv` unless a working one of this Python version stands there."""
    if VENV_PYTHON.exists():
        same = capture(VENV_PYTHON, "-c", "import sys; print(sys.version)") == sys.version.replace("\r", "")
        if same:
            return
        shutil.rmtree(VENV)
    try:
        import ensurepip  # noqa: F401 - Debian ships Python without it
    except ImportError:
        install_system_packages(("python3-venv",))
    print("tasks.py: making .venv", flush=True)
    venv.EnvBuilder(with_pip=False, clear=True).create(VENV)
    if call(VENV_PYTHON, "-m", "ensurepip", "--upgrade", "--default-pip", quiet=True) != 0:
        raise SetupFailed("pip cannot be set up in .venv; on Debian: apt-get install python3-venv")


def install_lock(lock: Path) -> None:
    """Install exactly the locked versions, hashes checked; by uv where it can be had, else by pip."""
    print(f"tasks.py: installing {lock.name}", flush=True)
    uv = find_uv()
    if uv is not None:
        command = [
            *uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            str(VENV_PYTHON),
            "--require-hashes",
            "-r",
            str(lock),
        ]
        if call(*command, "-r", str(lock)) == 0:
            return
        print("tasks.py: uv failed, trying pip", file=sys.stderr)
    if call(VENV_PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)) != 0:
        raise SetupFailed(f"the packages of {lock.name} could not be installed; is this machine online?")


def find_uv() -> list[str] | None:
    """uv on the path, else a copy installed into `.venv` (4 s instead of 50 s for the whole lock)."""
    on_path = shutil.which("uv")
    if on_path is not None:
        return [on_path]
    installed = call(VENV_PYTHON, "-m", "pip", "install", "--quiet", f"uv=={UV_VERSION}", quiet=True)
    return [str(VENV_PYTHON), "-m", "uv"] if installed == 0 else None


def install_system_packages(packages: tuple[str, ...]) -> None:
    """On Debian and its kin install what is missing, or say the one line that does."""
    if shutil.which("dpkg-query") is None:
        return
    missing = [name for name in packages if not is_installed(name)]
    if not missing:
        return
    prefix = privilege_prefix()
    line = " ".join(["apt-get", "install", "--yes", "--no-install-recommends", *missing])
    if prefix is None:
        print(f"tasks.py: missing system packages, install them with: sudo {line}", file=sys.stderr)
        return
    print(f"tasks.py: {line}", flush=True)
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    if call(*prefix, *line.split(), env=env, quiet=True) == 0:
        return
    # A fresh machine has no package lists yet.
    call(*prefix, "apt-get", "update", env=env, quiet=True)
    if call(*prefix, *line.split(), env=env) != 0:
        raise SetupFailed(f"system packages could not be installed; try: sudo {line}")


def is_installed(package: str) -> bool:
    """Ask dpkg; the t64 name is the same library on newer Debian and Ubuntu."""
    for name in (package, f"{package}t64"):
        query = ["dpkg-query", "--show", "--showformat=${Status}", name]
        if "install ok installed" in capture(*query):
            return True
    return False


def privilege_prefix() -> list[str] | None:
    """How to become root without asking a question; None when there is no way."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return []
    if shutil.which("sudo") and call("sudo", "--non-interactive", "true", quiet=True) == 0:
        return ["sudo", "--non-interactive"]
    return None


def call(*command: object, env: dict[str, str] | None = None, quiet: bool = False) -> int:
    """Run a command in the project's folder and return its exit status."""
    sink = subprocess.DEVNULL if quiet else None
    merged = {**os.environ, **(env or {})}
    return subprocess.run(
        [str(part) for part in command], cwd=ROOT, env=merged, stdout=sink, stderr=sink
    ).returncode


def capture(*command: object) -> str:
    """Run a command and return what it printed, stripped; empty when it failed."""
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    return result.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

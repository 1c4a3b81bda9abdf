"""Set up a fresh machine and run the project's chores.

Needs Python >= 3.11 and nothing else: makes `.venv`, installs the locked packages into it and, on Debian,
the system libraries that Qt wants; for tests also the servers that health checks ask. Standard library only,
no shell, the same on Linux, macOS and Windows.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
WINDOWS = os.name == "nt"
VENV_PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")
LOCK = ROOT / "requirements.txt"
DEV_LOCK = ROOT / "requirements-dev.txt"
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
# The tests of health checks start these themselves, on free ports; without them they are skipped.
CHECKED_SERVERS = ("postgresql", "redis-server")
OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}


class SetupFailed(Exception):
    """The machine cannot be prepared; the text says what to do."""


def main(argv: list[str]) -> int:
    task = TASKS.get(argv[0]) if argv else None
    if task is None:
        print(usage())
        return 0 if argv in (["-h"], ["--help"]) else 2
    try:
        return task(argv[1:])
    except SetupFailed as failure:
        print(f"tasks.py: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def usage() -> str:
    lines = [f"  {name:12} {(task.__doc__ or '').splitlines()[0]}" for name, task in TASKS.items()]
    return "\n".join(["usage: python3 tasks.py TASK [ARGUMENTS OF THE TASK]", *lines])


def run_console(rest: list[str]) -> int:
    """Start the console with its built-in demo; own arguments replace `--demo`."""
    without_window = "--headless" in rest
    prepare(LOCK, packages=() if without_window else OFFSCREEN_PACKAGES + WINDOW_PACKAGES + CHINESE_FONTS)
    return call(VENV_PYTHON, "main.py", *(rest or ["--demo"]))


def run_tests(rest: list[str]) -> int:
    """Lint, types, import contracts and all tests; with arguments, only what pytest makes of them."""
    prepare(DEV_LOCK, packages=OFFSCREEN_PACKAGES + CHINESE_FONTS + CHECKED_SERVERS)
    if rest:
        return call(VENV_PYTHON, "-m", "pytest", *rest, env=OFFSCREEN)
    linted = run_lint([])
    # Both run so that one report shows everything; on two cores two workers halve the wait.
    tested = call(VENV_PYTHON, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", env=OFFSCREEN)
    return linted or tested


def run_lint(rest: list[str]) -> int:
    """ruff (rules and format) and mypy --strict over everything that is ours."""
    prepare(DEV_LOCK)
    results = [
        call(VENV_PYTHON, "-m", "ruff", "check", "--no-cache", *rest, "."),
        call(VENV_PYTHON, "-m", "ruff", "format", "--no-cache", "--check", "."),
        call(VENV_PYTHON, "-m", "mypy"),
    ]
    return max(results)


def run_bench(rest: list[str]) -> int:
    """Measure throughput and latency beside their limits in the same run."""
    prepare(LOCK, packages=OFFSCREEN_PACKAGES)
    return call(VENV_PYTHON, "-m", "benchmarks", *rest, env=OFFSCREEN)


def run_screenshots(rest: list[str]) -> int:
    """Save a picture of every page in both languages and themes."""
    prepare(LOCK, packages=OFFSCREEN_PACKAGES + CHINESE_FONTS)
    folder = rest or ["build/screenshots"]
    return call(VENV_PYTHON, "-m", "wxauto_mgt.ui.screenshots", *folder, env=OFFSCREEN)


TASKS = {
    "run": run_console,
    "test": run_tests,
    "lint": run_lint,
    "bench": run_bench,
    "screenshots": run_screenshots,
}


def prepare(lock: Path, packages: tuple[str, ...] = ()) -> None:
    """Bring the machine to the state that the lock describes; quick when nothing is missing."""
    # A comparison, not a syntax trick: this file must still parse on an older Python to say so.
    if sys.version_info < (3, 11):  # noqa: UP036
        raise SetupFailed(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    install_system_packages(packages)
    # Both locks count for both stamps: whichever changed, what was installed by the other may be outdated.
    state = b"".join([LOCK.read_bytes(), DEV_LOCK.read_bytes(), python_version().encode()])
    wanted = hashlib.sha256(state).hexdigest()
    stamp = VENV / f".{lock.name}.sha256"
    unfinished = VENV / ".unfinished"
    if not unfinished.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    if unfinished.exists() or python_version(VENV_PYTHON) != python_version():
        make_venv()
    unfinished.touch()
    install_lock(lock)
    unfinished.unlink()
    stamp.write_text(wanted)


def python_version(executable: object = None) -> str:
    """Without the build date: a rebuild of the same version, as Debian's updates are, changes nothing."""
    version = quietly(executable, "-c", "import sys; print(sys.version)")[1] if executable else sys.version
    return version.split("(")[0].strip()


def make_venv() -> None:
    """Create `.venv`, whatever stands there now."""
    print("tasks.py: making .venv", flush=True)
    status, output = quietly(sys.executable, "-m", "venv", "--clear", "--without-pip", VENV)
    if status != 0:
        raise SetupFailed(f".venv cannot be made (does a program still run from it?): {last_line(output)}")


def install_lock(lock: Path) -> None:
    """Install exactly the locked versions, hashes checked; by uv where it can be had, else by pip."""
    print(f"tasks.py: installing {lock.name}", flush=True)
    wanted = ["install", "--quiet", "--require-hashes", "-r", lock]
    uv = find_uv()
    if uv:
        status, output = quietly(*uv, "pip", *wanted, "--python", VENV_PYTHON, env=mirror())
        if status == 0:
            return
        print(f"tasks.py: uv failed ({last_line(output)}), trying pip", flush=True)
    ensure_pip()
    status, output = quietly(VENV_PYTHON, "-m", "pip", *wanted)
    if status == 0:
        return
    if "Retrying (" in output:
        raise SetupFailed("the package index cannot be reached; is this machine online?")
    print(output, file=sys.stderr)
    raise SetupFailed(f"the packages of {lock.name} could not be installed")


def find_uv() -> list[object]:
    """uv on the path, else a copy installed into `.venv` (4 s instead of 50 s for the whole lock)."""
    on_path = shutil.which("uv")
    if on_path:
        return [on_path]
    ensure_pip()
    status, _ = quietly(VENV_PYTHON, "-m", "pip", "install", "--retries=1", f"uv=={UV_VERSION}")
    return [VENV_PYTHON, "-m", "uv"] if status == 0 else []


def mirror() -> dict[str, str]:
    """The package index that pip was told to use, for uv, which does not read pip's configuration."""
    status, configured = quietly(VENV_PYTHON, "-m", "pip", "config", "get", "global.index-url")
    index = os.environ.get("PIP_INDEX_URL") or (last_line(configured) if status == 0 else "")
    return {"UV_DEFAULT_INDEX": index} if index else {}


def ensure_pip() -> None:
    if quietly(VENV_PYTHON, "-m", "pip", "--version")[0] == 0:
        return
    # Debian ships Python without it.
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    if quietly(sys.executable, "-c", "import ensurepip")[0] != 0:
        install_system_packages((package,))
    if quietly(VENV_PYTHON, "-m", "ensurepip", "--default-pip")[0] != 0:
        raise SetupFailed(f"pip cannot be set up in .venv; on Debian: sudo apt-get install {package}")


def install_system_packages(packages: tuple[str, ...]) -> None:
    """On Debian and its kin install what is missing; where that cannot be done, say the line that does.

    Missing packages are no reason to stop: what needs one names it, and much does without.
    """
    if not (packages and shutil.which("dpkg-query") and shutil.which("apt-get")):
        return
    missing = not_installed(packages)
    if not missing:
        return
    line = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    root = privilege_prefix()
    reason = "this needs root"
    if root is not None:
        print("tasks.py:", *line, flush=True)
        apt = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=60"]
        if quietly(*apt, *line[1:])[0] == 0:
            return
        quietly(*apt, "update")  # a fresh machine has no package lists yet, an old one outdated ones
        status, output = quietly(*apt, *line[1:])
        if status == 0:
            return
        reason = last_line(output)
    print(f"tasks.py: to be done by hand ({reason}): sudo", *line, file=sys.stderr, flush=True)


def not_installed(packages: tuple[str, ...]) -> list[str]:
    """Ask dpkg; the t64 name is the same library on newer Debian and Ubuntu."""
    names = [*packages, *(f"{package}t64" for package in packages)]
    # Fails as soon as one is unknown, and still prints the others.
    _, output = quietly("dpkg-query", "--show", "--showformat=${db:Status-Status} ${Package}\n", *names)
    found = set(output.splitlines())
    return [name for name in packages if found.isdisjoint({f"installed {name}", f"installed {name}t64"})]


def privilege_prefix() -> list[str] | None:
    """How to become root without asking a question; None when there is no way."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return []
    if shutil.which("sudo") and quietly("sudo", "--non-interactive", "true")[0] == 0:
        return ["sudo", "--non-interactive"]
    return None


def call(*command: object, env: dict[str, str] | None = None) -> int:
    """Run a command in the project's folder, in full view, and return its exit status."""
    return execute(*command, env=env, stdout=None)[0]


def quietly(*command: object, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Run a command unseen; its exit status and what it printed."""
    return execute(*command, env=env, stdout=subprocess.PIPE)


def execute(*command: object, env: dict[str, str] | None, stdout: int | None) -> tuple[int, str]:
    """Wait for a command, also through Ctrl-C, which the terminal sends to both: it ends in its own time."""
    try:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdout=stdout,
            stderr=subprocess.STDOUT if stdout else None,
            text=True,
            errors="replace",
        )
    except OSError as error:
        return 127, str(error)
    stopped = False

    def pass_on(*_: object) -> None:
        nonlocal stopped
        stopped = True
        process.terminate()

    previous = signal.signal(signal.SIGTERM, pass_on)
    try:
        while True:
            try:
                output, _ = process.communicate()
                break
            except KeyboardInterrupt:
                stopped = True
    finally:
        signal.signal(signal.SIGTERM, previous)
    status = process.returncode if process.returncode >= 0 else 128 - process.returncode  # as shells tell it
    if stopped and status != 0:
        raise KeyboardInterrupt
    return status, (output or "").strip()


def last_line(output: str) -> str:
    return output.splitlines()[-1] if output else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

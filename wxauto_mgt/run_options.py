"""How a console was asked to run, and which folder it keeps its data in.

The command line makes the options; the headless run, the window and the commands take them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wxauto_mgt.runtime.platform import user_data_dir

DATA_DIR_VARIABLE: Final = "WXAUTO_MGT_DATA_DIR"

_ROOT: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class RunOptions:
    """What the command line said.

    Attributes:
        duration_s: stop by itself so long after being ready; None = run until told to stop.
        report: where the health report goes when the stop begins.
    """

    data_dir: Path | None = None
    demo: bool = False
    duration_s: float | None = None
    report: Path | None = None
    debug: bool = False


def resolve_data_dir(options: RunOptions, environment: Mapping[str, str]) -> Path:
    """Return the data folder as an absolute path; creates nothing.

    `--data-dir` wins; the demonstration has a folder of its own, whatever the environment says; then the
    environment, the `data` folder of a checkout, the user's folder.
    """
    if options.data_dir is not None:
        return options.data_dir.absolute()
    if options.demo:
        return (_ROOT if is_checkout() else user_data_dir()) / "demo"
    named = environment.get(DATA_DIR_VARIABLE, "").strip()
    if named:
        return Path(named).absolute()
    return _ROOT / "data" if is_checkout() else user_data_dir()


def is_checkout() -> bool:
    """Whether the program runs from its source tree rather than from an installed package."""
    return (_ROOT / "main.py").is_file() and (_ROOT / "pyproject.toml").is_file()

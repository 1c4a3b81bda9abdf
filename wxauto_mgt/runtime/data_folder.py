"""Which folder a console keeps its data in, asked by the console itself and by programs that look for it.

Creates nothing. The command line, the window and the facade of other processes call it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from wxauto_mgt.runtime.platform import user_data_dir

DATA_DIR_VARIABLE: Final = "WXAUTO_MGT_DATA_DIR"

_ROOT: Final = Path(__file__).resolve().parents[2]


def choose_data_dir(
    environment: Mapping[str, str], *, wanted: Path | None = None, is_demo: bool = False
) -> Path:
    """Return the data folder as an absolute path.

    The wanted one wins; the demonstration has a folder of its own, whatever the environment says; then the
    environment, the `data` folder of a checkout, the user's folder.
    """
    if wanted is not None:
        return wanted.absolute()
    if is_demo:
        return (_ROOT if is_checkout() else user_data_dir()) / "demo"
    named = environment.get(DATA_DIR_VARIABLE, "").strip()
    if named:
        return Path(named).absolute()
    return _ROOT / "data" if is_checkout() else user_data_dir()


def is_checkout() -> bool:
    """Whether the program runs from its source tree rather than from an installed package."""
    return (_ROOT / "main.py").is_file() and (_ROOT / "pyproject.toml").is_file()

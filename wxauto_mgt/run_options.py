"""How a console was asked to run.

The command line makes the options; the headless run, the window and the commands take them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wxauto_mgt.runtime.data_folder import choose_data_dir


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
    """Return the data folder of such a run as an absolute path; creates nothing."""
    return choose_data_dir(environment, wanted=options.data_dir, is_demo=options.demo)

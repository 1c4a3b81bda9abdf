"""Runs the steps of a test module as a plain script, for people without pytest."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeAlias

Step: TypeAlias = tuple[str, Callable[[Path], Coroutine[Any, Any, None]]]
"""What it shows, and the test, which is given a folder of its own."""


def run_steps(steps: Sequence[Step]) -> int:
    """Run every step and say how it went; 0 when all went well, else 1."""
    failed = 0
    for title, step in steps:
        with tempfile.TemporaryDirectory() as folder:
            try:
                asyncio.run(step(Path(folder)))
            except Exception as error:  # noqa: BLE001 - the next step is tried all the same
                failed += 1
                sys.stdout.write(f"FAILED  {title}: {error!r}\n")
            else:
                sys.stdout.write(f"ok      {title}\n")
    sys.stdout.write(f"{len(steps) - failed} of {len(steps)} steps went well\n")
    return 1 if failed else 0

"""Runs a module of this folder in a process of its own and returns what it measured."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

from benchmarks.polling import WentWrong


async def measured_by(module: str, arguments: Mapping[str, object]) -> Any:
    """Give `benchmarks.<module>` arguments as JSON; returns the last line that it prints, parsed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"benchmarks.{module}",
        json.dumps(arguments),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise WentWrong(f"{module} ended with {process.returncode}")
    return json.loads(output.splitlines()[-1])

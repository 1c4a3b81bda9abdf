"""The report that a run leaves: health before the stop, delivery figures after the drain.

`Application` has it written as it stops.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wxauto_mgt.core.messages.history.figures import DeliveryFigures
from wxauto_mgt.errors import BugError


async def write_final_report(file: Path, *, health: Mapping[str, Any], delivery: DeliveryFigures) -> None:
    """Write both as one JSON document.

    Args:
        health: the reply of `get_health_report`.

    Raises:
        BugError: the reply is that of a failure.
        OSError: the file cannot be written.
    """
    if not health["success"]:
        raise BugError("report_failed", cause=health["error"])
    document = {**health["data"], "delivery": delivery.report()}
    await asyncio.to_thread(_write, file, document)


def _write(file: Path, document: Mapping[str, object]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

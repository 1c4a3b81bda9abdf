"""Writes `logs/health_report_sample.json`: health, performance and services of this moment, for support.

The window's button and the call of `MonitorAPI` about it use the same object of the application.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from wxauto_mgt.api.answers import Answer, Answers
from wxauto_mgt.api.monitor_api import MonitorAPI
from wxauto_mgt.api.replies import JSON, Fields
from wxauto_mgt.errors import TransientError
from wxauto_mgt.runtime.private_file import replacing

FILE_NAME: Final = "health_report_sample.json"


class HealthSample:
    """The sample of one application.

    Args:
        api: the facade that answers; asked when a sample is wanted.
    """

    def __init__(self, *, api: Callable[[], MonitorAPI], logs: Path) -> None:
        self._api = api
        self.path = logs / FILE_NAME

    def answers(self) -> Answers:
        """Return the answers by the name of the call."""
        return {"write_health_sample": self._write}

    async def write(self) -> Path:
        """Write the file anew and return where it stands.

        Raises:
            ConsoleError: something cannot be read, or the file cannot be written.
        """
        api = self._api()
        performance = _data_of(await api.analyze_performance())
        document: Fields = {
            "health_report": _data_of(await api.get_health_report()),
            "performance_summary": performance.get("summary") if isinstance(performance, dict) else None,
            "services": _data_of(await api.get_services()),
        }
        await asyncio.to_thread(self._replace, json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        return self.path

    async def _write(self) -> Answer:
        return Answer({"path": str(await self.write())})

    def _replace(self, text: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as stream:
            stream.write(text)


def _data_of(reply: Fields) -> JSON:
    if reply["success"] is not True:
        raise TransientError("sample_failed", reason=str(reply["error"]))
    return reply["data"]

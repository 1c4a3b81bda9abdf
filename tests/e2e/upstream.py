"""A simulated server as a real process, steered through its control face."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from typing import Any

from tests.e2e.console import ROOT, wait_for

API_KEY = "test-key-2"


class Upstream:
    """One simulator process; ended by `close`, or with this process when its pipe breaks."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "wxauto_mgt.simulator", "--control", *arguments]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        assert self._process.stdout is not None
        self.base_url = self._process.stdout.readline().strip()

    def close(self) -> None:
        """End the process and its pipes."""
        self._process.terminate()
        self._process.communicate(timeout=10)

    def do(self, command: str, **arguments: object) -> Any:
        """Carry out one control command and return its result."""
        request = urllib.request.Request(
            f"{self.base_url}/__sim__/{command}", data=json.dumps(arguments).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["result"]

    def receive(self, chat: str, text: str) -> None:
        """A friend writes."""
        self.do("receive", chat=chat, sender=chat, text=text)

    def replies(self, chat: str) -> list[str]:
        """What truly went out to a chat, in order."""
        return [message["text"] for message in self.do("sent") if message["chat"] == chat]

    def wait_for_replies(self, chat: str, count: int) -> list[str]:
        """Wait until so many replies went out."""
        wait_for(f"{count} replies to {chat}", lambda: len(self.replies(chat)) >= count)
        return self.replies(chat)

    def instance(self, instance_id: str) -> dict[str, object]:
        """Its entry in a configuration document."""
        return {
            "id": instance_id,
            "name": instance_id,
            "base_url": self.base_url,
            "api_key": API_KEY,
            "enabled": True,
            "rate_limit_per_minute": 0,
        }

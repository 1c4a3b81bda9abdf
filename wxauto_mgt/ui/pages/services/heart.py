"""The heartbeat as the window steers it: what an operator does stands in the audit log.

Built by the assembly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from wxauto_mgt.core.recovery.heartbeat import HeartbeatStatus
from wxauto_mgt.ui.config_editing import WHO

_TARGET: Final = "heartbeat"


class Beating(Protocol):
    """What this needs of the heartbeat."""

    def status(self) -> HeartbeatStatus:
        """How it stands."""

    def start(self) -> None:
        """Check from now on."""

    def stop(self) -> None:
        """Check nothing from now on."""


class Audit(Protocol):
    """What this needs of the audit log."""

    async def note(self, who: str, action: str, target: str) -> None:
        """Record an act that is done."""


class WindowHeart:
    """Start and stop in the operator's name."""

    def __init__(self, *, heartbeat: Beating, audit: Audit) -> None:
        self._heartbeat = heartbeat
        self._audit = audit

    def status(self) -> HeartbeatStatus:
        """How it stands."""
        return self._heartbeat.status()

    async def start(self) -> None:
        """Check from now on.

        Raises:
            HeartbeatDisabled: the settings forbid it.
        """
        await self._do(self._heartbeat.start, "heartbeat.start")

    async def stop(self) -> None:
        """Check nothing from now on.

        Raises:
            HeartbeatDisabled: the settings forbid it.
        """
        await self._do(self._heartbeat.stop, "heartbeat.stop")

    async def _do(self, act: Callable[[], None], action: str) -> None:
        act()
        await self._audit.note(WHO, action, _TARGET)

"""Restarts the listener service; not when a person paused or stopped it, or it waits for the storage."""

from __future__ import annotations

from typing import ClassVar

from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.recovery.actions.contract import RepairAction, RepairResult


class RestartListenerConfig(ConfigModel):
    """Nothing to choose."""


class RestartListener(RepairAction[RestartListenerConfig]):
    """Stop and start; reads in flight are committed first, as with any stop."""

    TYPE: ClassVar[str] = "restart_listener"
    CONFIG: ClassVar[type[ConfigModel]] = RestartListenerConfig
    TIMEOUT_S: ClassVar[float] = 30.0
    PROVED_WITHIN_S: ClassVar[float] = 10.0
    IS_RESTART: ClassVar[bool] = True

    async def precondition(self) -> RepairResult | None:
        """What a person stopped stays stopped; what waits for a disk goes on by itself."""
        if self.context.listener.is_paused:
            return RepairResult.not_applicable("listener_paused")
        if not self.context.listener.is_running:
            return RepairResult.not_applicable("listener_stopped")
        cause = self.context.listener.blocked_by
        if cause is not None:
            return RepairResult.not_applicable("listener_blocked", cause=cause)
        return None

    async def run(self) -> RepairResult:
        """Act."""
        await self.context.listener.restart()
        return RepairResult.done("listener_restarted")

"""Initialises an instance again, whatever it says of itself: its server looks for the WeChat window anew."""

from __future__ import annotations

from typing import ClassVar

from wxauto_mgt.core.instances.instance import Instance
from wxauto_mgt.core.recovery.actions import instance_calls
from wxauto_mgt.core.recovery.actions.contract import RepairResult
from wxauto_mgt.core.recovery.actions.instance_action import InstanceAction
from wxauto_mgt.errors import Fact


class ReinitializeInstance(InstanceAction):
    """Initialise, verify the listeners, ask for proof."""

    TYPE: ClassVar[str] = "reinitialize_instance"
    TIMEOUT_S: ClassVar[float] = 120.0
    PROVED_WITHIN_S: ClassVar[float] = 15.0

    async def act(self, instance: Instance, evidence: dict[str, Fact]) -> RepairResult:
        """Initialise, and ask for proof."""
        await instance_calls.initialize(instance, evidence)
        instance_calls.verify_again(instance, self.context, evidence)
        await instance_calls.list_sessions(instance, evidence)
        return RepairResult.done("instance_reinitialized", instance=instance.id, evidence=evidence)

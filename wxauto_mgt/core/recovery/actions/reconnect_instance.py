"""Asks an instance anew, initialises it only where its WeChat is not ready, verifies its listeners."""

from __future__ import annotations

from typing import ClassVar

from wxauto_mgt.core.instances.instance import Instance
from wxauto_mgt.core.recovery.actions import instance_calls
from wxauto_mgt.core.recovery.actions.contract import RepairResult
from wxauto_mgt.core.recovery.actions.instance_action import InstanceAction
from wxauto_mgt.errors import Fact


class ReconnectInstance(InstanceAction):
    """The gentle one: a working WeChat is not initialised again."""

    TYPE: ClassVar[str] = "reconnect_instance"
    TIMEOUT_S: ClassVar[float] = 90.0
    PROVED_WITHIN_S: ClassVar[float] = 15.0

    async def act(self, instance: Instance, evidence: dict[str, Fact]) -> RepairResult:
        """Probe, initialise if need be, ask for proof."""
        evidence["was_initialized"] = instance.liveness.state().initialized
        await instance_calls.probe(instance, evidence)
        if instance.liveness.state().initialized is not True:
            await instance_calls.initialize(instance, evidence)
        if not await instance_calls.list_sessions(instance, evidence):
            return RepairResult.failed("instance_without_sessions", instance=instance.id, evidence=evidence)
        instance_calls.verify_again(instance, self.context, evidence)
        return RepairResult.done("instance_reconnected", instance=instance.id, evidence=evidence)

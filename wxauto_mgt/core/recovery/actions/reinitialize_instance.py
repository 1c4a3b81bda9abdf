"""Initialises an instance again, whatever it says of itself: its server looks for the WeChat window anew."""

from __future__ import annotations

from typing import ClassVar

from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.instances.gate import GateBusy, GateShut
from wxauto_mgt.core.recovery.actions import instance_calls
from wxauto_mgt.core.recovery.actions.contract import RepairAction, RepairResult
from wxauto_mgt.core.recovery.actions.instance_of import InstanceActionConfig, instance_of
from wxauto_mgt.errors import Fact, InstanceError


class ReinitializeInstance(RepairAction[InstanceActionConfig]):
    """Initialise, verify the listeners, ask for proof."""

    TYPE: ClassVar[str] = "reinitialize_instance"
    CONFIG: ClassVar[type[ConfigModel]] = InstanceActionConfig
    TIMEOUT_S: ClassVar[float] = 120.0
    PROVED_WITHIN_S: ClassVar[float] = 15.0

    async def precondition(self) -> RepairResult | None:
        """There must be an instance in use."""
        found = instance_of(self.config, self.context)
        return found if isinstance(found, RepairResult) else None

    async def run(self) -> RepairResult:
        """Act."""
        instance = instance_of(self.config, self.context)
        if isinstance(instance, RepairResult):
            return instance
        evidence: dict[str, Fact] = {}
        try:
            await instance_calls.initialize(instance, evidence)
            instance_calls.verify_again(instance, self.context, evidence)
            await instance_calls.list_sessions(instance, evidence)
        except (InstanceError, GateBusy, GateShut) as error:
            return instance_calls.failure(error, instance, evidence)
        return RepairResult.done("instance_reinitialized", instance=instance.id, evidence=evidence)

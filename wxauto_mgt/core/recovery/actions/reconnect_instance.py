"""Asks an instance anew, initialises it only where its WeChat is not ready, verifies its listeners."""

from __future__ import annotations

from typing import ClassVar

from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.instances.gate import GateBusy, GateShut
from wxauto_mgt.core.recovery.actions import instance_calls
from wxauto_mgt.core.recovery.actions.contract import RepairAction, RepairResult
from wxauto_mgt.core.recovery.actions.instance_of import InstanceActionConfig, instance_of
from wxauto_mgt.errors import Fact, InstanceError


class ReconnectInstance(RepairAction[InstanceActionConfig]):
    """The gentle one: a working WeChat is not initialised again."""

    TYPE: ClassVar[str] = "reconnect_instance"
    CONFIG: ClassVar[type[ConfigModel]] = InstanceActionConfig
    TIMEOUT_S: ClassVar[float] = 90.0
    PROVED_WITHIN_S: ClassVar[float] = 15.0

    async def precondition(self) -> RepairResult | None:
        """There must be an instance in use."""
        found = instance_of(self.config, self.context)
        return found if isinstance(found, RepairResult) else None

    async def run(self) -> RepairResult:
        """Probe, initialise if need be, ask for proof."""
        instance = instance_of(self.config, self.context)
        if isinstance(instance, RepairResult):
            return instance
        evidence: dict[str, Fact] = {"was_initialized": instance.liveness.state().initialized}
        try:
            await instance_calls.probe(instance, evidence)
            if instance.liveness.state().initialized is not True:
                await instance_calls.initialize(instance, evidence)
            count = await instance_calls.list_sessions(instance, evidence)
        except (InstanceError, GateBusy, GateShut) as error:
            return instance_calls.failure(error, instance, evidence)
        if not count:
            return RepairResult.failed("instance_without_sessions", instance=instance.id, evidence=evidence)
        instance_calls.verify_again(instance, self.context, evidence)
        return RepairResult.done("instance_reconnected", instance=instance.id, evidence=evidence)

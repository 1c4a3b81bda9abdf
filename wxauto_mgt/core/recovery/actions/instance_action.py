"""What repairs of one instance have in common: which one it is, and what its calls may fail of.

The instance is the one of the action's configuration, or the service itself.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from pydantic import Field

from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.instances.gate import GateBusy, GateShut
from wxauto_mgt.core.instances.instance import Instance
from wxauto_mgt.core.instances.model import INSTANCE
from wxauto_mgt.core.recovery.actions import instance_calls
from wxauto_mgt.core.recovery.actions.contract import RepairAction, RepairResult
from wxauto_mgt.core.recovery.actions.form_fields import shown
from wxauto_mgt.errors import Fact, InstanceError


class InstanceActionConfig(ConfigModel):
    """Which instance.

    Attributes:
        instance: its id; empty = the service itself, which is one then.
    """

    instance: str = Field(
        default="",
        max_length=64,
        json_schema_extra=shown("instance.instance", 10, widget=Widget.REFERENCE, refers_to=INSTANCE),
    )


class InstanceAction(RepairAction[InstanceActionConfig]):
    """A repair by calls to one instance, which must be in use."""

    CONFIG: ClassVar[type[ConfigModel]] = InstanceActionConfig

    async def precondition(self) -> RepairResult | None:
        """There must be an instance in use."""
        found = self._instance()
        return found if isinstance(found, RepairResult) else None

    async def run(self) -> RepairResult:
        """Act on the instance; what its calls raise is a failure with the evidence so far."""
        instance = self._instance()
        if isinstance(instance, RepairResult):
            return instance
        evidence: dict[str, Fact] = {}
        try:
            return await self.act(instance, evidence)
        except (InstanceError, GateBusy, GateShut) as error:
            return instance_calls.failure(error, instance, evidence)

    @abstractmethod
    async def act(self, instance: Instance, evidence: dict[str, Fact]) -> RepairResult:
        """Call it, noting in `evidence` what was seen."""

    def _instance(self) -> Instance | RepairResult:
        """The instance, or why there is none to act on."""
        kind, _, object_id = self.context.service.partition(":")
        instance_id = self.config.instance or (object_id if kind == INSTANCE else "")
        if not instance_id:
            return RepairResult.not_applicable("no_instance_named")
        instance = self.context.instances.get(instance_id)
        if instance is None:
            return RepairResult.not_applicable("instance_not_in_use", instance=instance_id)
        return instance

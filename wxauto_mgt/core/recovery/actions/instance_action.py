"""Which instance an action is about: the one of its configuration, or the service itself."""

from __future__ import annotations

from pydantic import Field

from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.instances.instance import Instance
from wxauto_mgt.core.instances.model import INSTANCE
from wxauto_mgt.core.recovery.actions.contract import RepairContext, RepairResult
from wxauto_mgt.core.recovery.actions.form_fields import shown


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


def instance_id_of(config: InstanceActionConfig, context: RepairContext) -> str:
    """The id, empty when neither says one."""
    kind, _, object_id = context.service.partition(":")
    return config.instance or (object_id if kind == INSTANCE else "")


def instance_of(config: InstanceActionConfig, context: RepairContext) -> Instance | RepairResult:
    """The instance, or why there is none to act on."""
    instance_id = instance_id_of(config, context)
    if not instance_id:
        return RepairResult.not_applicable("no_instance_named")
    instance = context.instances.get(instance_id)
    if instance is None:
        return RepairResult.not_applicable("instance_not_in_use", instance=instance_id)
    return instance

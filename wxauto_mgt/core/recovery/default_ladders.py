"""The ladders of the services that are always there: instances, platforms, the listener service. Pure."""

from __future__ import annotations

from typing import Final

from wxauto_mgt.core.instances.model import INSTANCE
from wxauto_mgt.core.monitoring.services.model import RepairSpec
from wxauto_mgt.core.monitoring.services.names import MESSAGE_LISTENER
from wxauto_mgt.core.platforms.section import PLATFORM
from wxauto_mgt.core.recovery.actions.instance_action import InstanceActionConfig
from wxauto_mgt.core.recovery.actions.reconnect_instance import ReconnectInstance
from wxauto_mgt.core.recovery.actions.reinitialize_instance import ReinitializeInstance
from wxauto_mgt.core.recovery.actions.reopen_platform import ReopenPlatform, ReopenPlatformConfig
from wxauto_mgt.core.recovery.actions.restart_listener import RestartListener, RestartListenerConfig
from wxauto_mgt.core.recovery.actions.verify_configuration import (
    VerifyConfiguration,
    VerifyConfigurationConfig,
)

_VERIFY: Final = RepairSpec(VerifyConfiguration.TYPE, VerifyConfigurationConfig())
# Restarting the listener service is no step of an instance: it would interrupt all the others.
_INSTANCE: Final = (
    _VERIFY,
    RepairSpec(ReconnectInstance.TYPE, InstanceActionConfig()),
    RepairSpec(ReinitializeInstance.TYPE, InstanceActionConfig()),
)
_PLATFORM: Final = (_VERIFY, RepairSpec(ReopenPlatform.TYPE, ReopenPlatformConfig()))
_LISTENER: Final = (RepairSpec(RestartListener.TYPE, RestartListenerConfig()),)


def default_ladder(service: str) -> tuple[RepairSpec, ...]:
    """Return the steps for a service that nobody configured; empty where nothing can be done."""
    kind, colon, _ = service.partition(":")
    if colon and kind == INSTANCE:
        return _INSTANCE
    if colon and kind == PLATFORM:
        return _PLATFORM
    return _LISTENER if service == MESSAGE_LISTENER else ()

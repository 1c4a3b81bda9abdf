"""The repair actions that come with the product, one line each. The composition root makes types of them."""

from __future__ import annotations

from typing import Final

from wxauto_mgt.core.recovery.actions.call_endpoint import CallEndpoint
from wxauto_mgt.core.recovery.actions.clear_temporary_files import ClearTemporaryFiles
from wxauto_mgt.core.recovery.actions.contract import ActionClass
from wxauto_mgt.core.recovery.actions.notify_person import NotifyPerson
from wxauto_mgt.core.recovery.actions.reconnect_instance import ReconnectInstance
from wxauto_mgt.core.recovery.actions.reinitialize_instance import ReinitializeInstance
from wxauto_mgt.core.recovery.actions.reopen_platform import ReopenPlatform
from wxauto_mgt.core.recovery.actions.restart_listener import RestartListener
from wxauto_mgt.core.recovery.actions.restart_process import RestartProcess
from wxauto_mgt.core.recovery.actions.restart_system_service import RestartSystemService
from wxauto_mgt.core.recovery.actions.verify_configuration import VerifyConfiguration
from wxauto_mgt.core.recovery.actions.wait_until_stable import WaitUntilStable

BUILT_IN: Final[tuple[ActionClass, ...]] = (
    VerifyConfiguration,
    ClearTemporaryFiles,
    WaitUntilStable,
    CallEndpoint,
    ReconnectInstance,
    ReinitializeInstance,
    ReopenPlatform,
    RestartListener,
    RestartProcess,
    RestartSystemService,
    NotifyPerson,
)

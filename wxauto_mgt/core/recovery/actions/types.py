"""The kinds of repairs that services can name. Made by the composition root; the section asks it."""

from __future__ import annotations

from typing import ClassVar

from wxauto_mgt.core.config.plugin_types import PluginTypes
from wxauto_mgt.core.recovery.actions.contract import AnyAction, RepairAction


class RepairTypes(PluginTypes[AnyAction]):
    """Repair actions by their type."""

    KIND: ClassVar[str] = "repair"
    BASE: ClassVar[type] = RepairAction
    GROUP: ClassVar[str] = "wxauto_mgt.repairs"

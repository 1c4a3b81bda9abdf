"""The kinds of checks that services can name. Built by the composition root; section and forms ask it."""

from __future__ import annotations

from typing import ClassVar

from wxauto_mgt.core.config.plugin_types import PluginTypes
from wxauto_mgt.core.monitoring.checks.contract import AnyCheckKind, CheckKind


class CheckTypes(PluginTypes[AnyCheckKind]):
    """Kinds of checks by their type."""

    KIND: ClassVar[str] = "check"
    BASE: ClassVar[type] = CheckKind
    GROUP: ClassVar[str] = "wxauto_mgt.checks"

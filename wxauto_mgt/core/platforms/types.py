"""The kinds of platforms that can be configured. Built by the composition root; registry and forms ask it."""

from __future__ import annotations

from typing import ClassVar

from wxauto_mgt.core.config.plugin_types import PluginTypes
from wxauto_mgt.core.platforms.contract import AnyPlatform, Platform

PlatformClass = type[AnyPlatform]


class PlatformTypes(PluginTypes[AnyPlatform]):
    """Platform plugins by their type."""

    KIND: ClassVar[str] = "platform"
    BASE: ClassVar[type] = Platform
    GROUP: ClassVar[str] = "wxauto_mgt.platforms"

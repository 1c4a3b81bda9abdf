"""The kinds of channels that can be configured. Built by the composition root; registry and forms ask it."""

from __future__ import annotations

from typing import ClassVar

from wxauto_mgt.core.config.plugin_types import PluginTypes
from wxauto_mgt.core.notifications.contract import AnyChannel, Channel

ChannelClass = type[AnyChannel]


class ChannelTypes(PluginTypes[AnyChannel]):
    """Channel classes by their type."""

    KIND: ClassVar[str] = "channel"
    BASE: ClassVar[type] = Channel
    GROUP: ClassVar[str] = "wxauto_mgt.channels"

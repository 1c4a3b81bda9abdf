"""The channels that need nothing but this process: `in_app`, `console`, `desktop`.

One file, because they differ only in what becomes of a notice that nothing shows.
"""

from __future__ import annotations

from typing import ClassVar

from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.notifications.contract import Channel, Notice
from wxauto_mgt.core.notifications.surfaces import CONSOLE, DESKTOP, IN_APP
from wxauto_mgt.errors import ChannelPermanent, ChannelTransient


class NothingToSet(ConfigModel):
    """These channels have no fields of their own."""


class InAppChannel(Channel[NothingToSet]):
    """Shows in the window's list; the history holds it anyway, so it always arrives."""

    TYPE = IN_APP
    CONFIG: ClassVar[type[NothingToSet]] = NothingToSet

    async def send(self, notice: Notice) -> None:
        self.context.surface.show(IN_APP, notice)


class ConsoleChannel(Channel[NothingToSet]):
    """Writes to the terminal that the console runs in."""

    TYPE = CONSOLE
    CONFIG: ClassVar[type[NothingToSet]] = NothingToSet

    async def send(self, notice: Notice) -> None:
        if not self.context.surface.show(CONSOLE, notice):
            raise ChannelPermanent("channel_no_terminal")


class DesktopChannel(Channel[NothingToSet]):
    """Shows in the system's tray, by the window; the window may still be opening."""

    TYPE = DESKTOP
    CONFIG: ClassVar[type[NothingToSet]] = NothingToSet

    async def send(self, notice: Notice) -> None:
        if not self.context.surface.show(DESKTOP, notice):
            raise ChannelTransient("channel_no_window")

"""The system's tray: shows the notices of the `desktop` channel while the window runs.

Owns the icon there. Where a desktop has no tray nothing is attached, and that channel says so itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QSystemTrayIcon, QWidget

from wxauto_mgt.core.notifications.contract import Notice
from wxauto_mgt.core.notifications.model import NotificationKind, NotificationLevel
from wxauto_mgt.core.notifications.surfaces import DESKTOP, Surfaces

SHOWN_MS: Final = 10_000
_Icon = QSystemTrayIcon.MessageIcon
_ICONS: Final = {
    NotificationLevel.INFO: _Icon.Information,
    NotificationLevel.WARNING: _Icon.Warning,
    NotificationLevel.ERROR: _Icon.Critical,
    NotificationLevel.CRITICAL: _Icon.Critical,
}


class Tray:
    """Shows notices beside the clock; a click on one brings the window up."""

    def __init__(self, *, window: QWidget, icon: QIcon, surfaces: Surfaces) -> None:
        self._icon = QSystemTrayIcon(icon, window)
        self._icon.setToolTip(window.windowTitle())
        self._icon.messageClicked.connect(lambda: _bring_up(window))
        self._icon.activated.connect(lambda _reason: _bring_up(window))
        self._detach: Callable[[], None] = lambda: None
        if QSystemTrayIcon.isSystemTrayAvailable():
            self._icon.show()
            self._detach = surfaces.attach(DESKTOP, self.show)

    def show(self, notice: Notice) -> None:
        """Show one notice."""
        is_over = notice.kind is NotificationKind.RESOLVED
        icon = _Icon.Information if is_over else _ICONS[notice.level]
        self._icon.showMessage(notice.title, notice.text, icon, SHOWN_MS)

    def let_go(self) -> None:
        """Take the icon away."""
        self._detach()
        self._icon.hide()


def _bring_up(window: QWidget) -> None:
    window.showNormal()
    window.raise_()
    window.activateWindow()

"""Notices of the desktop channel in the tray."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QSystemTrayIcon, QWidget
from pytestqt.qtbot import QtBot

from wxauto_mgt.core.notifications.contract import Notice
from wxauto_mgt.core.notifications.model import NotificationKind, NotificationLevel
from wxauto_mgt.core.notifications.surfaces import DESKTOP, Surfaces
from wxauto_mgt.ui.tray import Tray

AT = datetime(2026, 11, 22, tzinfo=UTC)


def notice(kind: NotificationKind = NotificationKind.FIRING) -> Notice:
    return Notice("d1", kind, NotificationLevel.CRITICAL, "微信掉线", "pc1", AT, ())


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What the system would show; offscreen there is none."""
    found: list[tuple[object, ...]] = []
    monkeypatch.setattr(
        QSystemTrayIcon, "showMessage", lambda _self, *arguments: found.append(arguments), raising=True
    )
    return found


@pytest.mark.parametrize("is_available", [True, False])
def test_notices_show_where_there_is_a_tray(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, shown: list[tuple[object, ...]], is_available: bool
) -> None:
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: is_available)
    window, surfaces = QWidget(), Surfaces()
    qtbot.addWidget(window)
    tray = Tray(window=window, icon=QIcon(), surfaces=surfaces)
    assert surfaces.show(DESKTOP, notice()) is is_available
    assert surfaces.show(DESKTOP, notice(NotificationKind.RESOLVED)) is is_available
    icons = [arguments[2] for arguments in shown]
    expected = [QSystemTrayIcon.MessageIcon.Critical, QSystemTrayIcon.MessageIcon.Information]
    assert icons == (expected if is_available else [])
    tray.let_go()
    assert surfaces.show(DESKTOP, notice()) is False

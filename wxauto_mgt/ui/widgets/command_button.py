"""Ties buttons to commands: a click starts it, the button rests while it runs, the outcome is said.

Called by pages and dialogs.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QAbstractButton

from wxauto_mgt.ui.bridge.command import AsyncCommand
from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.desk import Desk


def always() -> bool:
    """A button that may always be used."""
    return True


def drive(
    button: QAbstractButton,
    command: AsyncCommand,
    *,
    arguments: Callable[[], tuple[object, ...]] = tuple,
    is_usable: Callable[[], bool] = always,
) -> None:
    """Start a command by a click.

    Args:
        arguments: what the command gets, read at the click.
        is_usable: whether the button may be used once the command is over.
    """
    button.clicked.connect(lambda: command.start(*arguments()))
    connect_for(
        button,
        command,
        command.running_changed,
        lambda is_running: button.setEnabled(not is_running and is_usable()),
    )


def announce(owner: QObject, desk: Desk, command: AsyncCommand, done: str) -> None:
    """Tell the operator how a command ended, as long as `owner` lives."""
    connect_for(owner, command, command.succeeded, lambda _: desk.done.emit(done))
    connect_for(owner, command, command.failed, desk.failed.emit)

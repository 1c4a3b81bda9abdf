"""Ties buttons to commands: a click starts it, the button rests while it runs.

Called by pages and dialogs.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QAbstractButton

from wxauto_mgt.ui.bridge.command import AsyncCommand, is_alive


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

    def rest(is_running: bool) -> None:
        if is_alive(button):
            button.setEnabled(not is_running and is_usable())

    button.clicked.connect(lambda: command.start(*arguments()))
    command.running_changed.connect(rest)
    button.destroyed.connect(lambda: command.running_changed.disconnect(rest) if is_alive(command) else None)

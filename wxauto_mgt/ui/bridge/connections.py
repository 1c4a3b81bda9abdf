"""Connections to plain functions that end with the widget they serve.

Qt ends those to an object's own methods by itself; a function that holds a page would outlive it.
Called by pages and widgets.
"""

from __future__ import annotations

from collections.abc import Callable

import shiboken6
from PySide6.QtCore import QObject, SignalInstance


def connect_for(owner: QObject, source: QObject, signal: SignalInstance, slot: Callable[..., object]) -> None:
    """Connect a signal of `source` to a function until `owner` is destroyed."""

    def forward(*arguments: object) -> None:
        # Never the slot itself: Qt would end a connection to a method of `owner` before `end` does.
        slot(*arguments)

    def end() -> None:
        if shiboken6.isValid(source):
            signal.disconnect(forward)

    signal.connect(forward)
    owner.destroyed.connect(end)

"""What every page of the window works with: look, words, tasks, events, and ways to speak to the operator.

Owns nothing of the product; services reach the view-models directly. Built by the bootstrap.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from wxauto_mgt.ui.bridge.command import Commands
from wxauto_mgt.ui.bridge.events import EventBridge
from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.words import Words


@dataclass(frozen=True)
class Backstage:
    """The part that view-models use: no widget in it."""

    words: Words
    commands: Commands
    bridge: EventBridge


class Desk(QObject):
    """The part that pages use.

    Signals:
        done, failed: one line for the operator.
        page_wanted: name of a page and a word for it, such as `add`.
    """

    done = Signal(str)
    failed = Signal(str)
    page_wanted = Signal(str, str)

    def __init__(self, *, theme: Theme, backstage: Backstage) -> None:
        super().__init__()
        self.theme = theme
        self.backstage = backstage
        self.words = backstage.words
        self.commands = backstage.commands

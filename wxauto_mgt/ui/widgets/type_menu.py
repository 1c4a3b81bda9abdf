"""The menu in which an operator picks what kind of object to add. Called by pages of objects with types."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtWidgets import QMenu, QWidget


def type_menu(owner: QWidget, types: Iterable[tuple[str, str, str]], add: Callable[[str], object]) -> QMenu:
    """Make the menu.

    Args:
        types: name, word and what is said about it, which may be empty.
        add: called with the name that was picked.
    """
    menu = QMenu(owner)
    for name, word, about in types:
        action = menu.addAction(f"{word}    {about}" if about else word)
        action.triggered.connect(lambda _=False, chosen=name: add(chosen))
    return menu

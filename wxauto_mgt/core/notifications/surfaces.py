"""Where notices show inside this process: a tray, a terminal, a list in the window.

Owns who is attached; the interfaces attach what they have. The channels of the same kinds ask it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, TypeAlias

from wxauto_mgt.core.notifications.contract import Notice

_log = logging.getLogger(__name__)

DESKTOP: Final = "desktop"
IN_APP: Final = "in_app"
CONSOLE: Final = "console"

Show: TypeAlias = Callable[[Notice], None]


class Surfaces:
    """The surfaces of one application. Use it on the event loop's thread."""

    def __init__(self) -> None:
        self._attached: dict[str, list[Show]] = {}

    def attach(self, kind: str, show: Show) -> Callable[[], None]:
        """Show the notices of a kind there from now on; returns what ends it, also when called twice."""
        self._attached.setdefault(kind, []).append(show)

        def detach() -> None:
            shows = self._attached.get(kind, [])
            if show in shows:
                shows.remove(show)

        return detach

    def has(self, kind: str) -> bool:
        """Whether anything shows notices of a kind."""
        return bool(self._attached.get(kind))

    def show(self, kind: str, notice: Notice) -> bool:
        """Show a notice on all surfaces of a kind; False when none could."""
        is_shown = False
        for show in tuple(self._attached.get(kind, ())):
            try:
                show(notice)
            except Exception:  # noqa: BLE001 - foreign code at a slot boundary; the others still show it
                _log.exception("a surface failed to show a notice", extra={"surface": kind})
            else:
                is_shown = True
        return is_shown

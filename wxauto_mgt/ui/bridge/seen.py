"""A view model that reads while somebody looks. Pages and panels derive theirs from it.

Owns the timer only; what is read, and what is announced, is the view model's.
"""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QObject, QTimer


class SeenViewModel(QObject):
    """Looks at its sources every `TICK_MS` while it is seen, and at once when it comes into view."""

    TICK_MS: ClassVar[int] = 1000

    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self)
        self._timer.setInterval(self.TICK_MS)
        self._timer.timeout.connect(self.look)

    def set_active(self, *, is_active: bool) -> None:
        """Look while it is seen, rest while it is not."""
        if is_active:
            self.look()
            self._timer.start()
        else:
            self._timer.stop()

    def look(self) -> None:
        """Read now."""
        raise NotImplementedError

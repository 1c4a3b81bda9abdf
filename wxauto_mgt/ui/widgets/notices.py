"""One-line messages: a bar inside a page or form, and toasts that leave by themselves.

Owns showing and hiding; the caller has the words ready. Called by pages, forms and the main window.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.theme.tokens import Space, Tone
from wxauto_mgt.ui.widgets.layout import button, fill, icon_button, label, set_property
from wxauto_mgt.ui.widgets.shapes import draw_shape

TOAST_MS = 4500
# An error must be readable in peace; it stays until a person closes it or another follows.
_MARGIN = 18


class ToneMark(QWidget):
    """The shape of a tone as a small widget."""

    def __init__(self, theme: Theme, tone: Tone) -> None:
        super().__init__()
        self._theme = theme
        self._tone = tone
        self.setFixedSize(QSize(12, 20))

    def set_tone(self, tone: Tone) -> None:
        """Change the tone."""
        self._tone = tone
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = QRectF(1.5, self.height() / 2 - 4.5, 9, 9)
        draw_shape(painter, box, self._tone, self._theme.tone_colour(self._tone))
        painter.end()


class Notice(QFrame):
    """A bar with a shape, a sentence and an optional action; hidden while it has nothing to say."""

    def __init__(self, theme: Theme, *, tone: Tone = Tone.CRITICAL, action: str = "") -> None:
        super().__init__()
        self.setObjectName("notice")
        self.setProperty("tone", tone.value)
        self._mark = ToneMark(theme, tone)
        self._text = label("", wrap=True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        layout = QHBoxLayout(self)
        fill(layout, (self._mark, self._text), Space.S, Space.S)
        layout.setAlignment(self._mark, Qt.AlignmentFlag.AlignTop)
        self.action: QPushButton | None = None
        if action:
            self.action = button(theme, action, kind="quiet")
            layout.addWidget(self.action)
        self.hide()

    @property
    def text(self) -> str:
        """What it says, or nothing."""
        return self._text.text()

    def say(self, text: str, tone: Tone | None = None) -> None:
        """Show a sentence; an empty one hides the bar."""
        if tone is not None:
            set_property(self, "tone", tone.value)
            self._mark.set_tone(tone)
        if self._text.text() != text:
            self._text.setText(text)
        self.setVisible(bool(text))


class Toasts(QObject):
    """Shows one toast at a time at the lower edge of a window."""

    def __init__(self, theme: Theme, window: QWidget, close_tip: str) -> None:
        super().__init__(window)
        self._window = window
        self._frame = QFrame(window)
        self._frame.setObjectName("toast")
        self._mark = ToneMark(theme, Tone.OK)
        self._label: QLabel = label()
        close = icon_button(theme, "close", close_tip)
        close.clicked.connect(self.close)
        fill_in = QHBoxLayout(self._frame)
        fill(fill_in, (self._mark, self._label, close), Space.S, Space.S)
        fill_in.setContentsMargins(Space.M, Space.XS, Space.S, Space.XS)
        self._frame.hide()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._frame.hide)
        window.installEventFilter(self)

    @property
    def text(self) -> str:
        """What the toast says now, or nothing."""
        return self._label.text() if self._frame.isVisible() else ""

    def done(self, text: str) -> None:
        """Say that something worked; leaves by itself."""
        self._show(text, Tone.OK)
        self._timer.start(TOAST_MS)

    def failed(self, text: str) -> None:
        """Say that something did not work; stays until closed or replaced."""
        self._timer.stop()
        self._show(text, Tone.CRITICAL)

    def close(self) -> None:
        """Take the toast away."""
        self._frame.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize:
            self._place()
        return False

    def _show(self, text: str, tone: Tone) -> None:
        self._mark.set_tone(tone)
        widest = max(self._window.width() - 320, 240)
        metrics = self._label.fontMetrics()
        self._label.setToolTip(text)
        self._label.setText(metrics.elidedText(text, Qt.TextElideMode.ElideRight, widest))
        self._frame.show()
        self._place()
        self._frame.raise_()

    def _place(self) -> None:
        size = self._frame.sizeHint()
        left = (self._window.width() - size.width()) // 2
        top = self._window.height() - size.height() - _MARGIN - 30
        self._frame.setGeometry(QRect(left, top, size.width(), size.height()))

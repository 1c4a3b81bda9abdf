"""The theme in force: which colours apply now, and the icons tinted with them.

Owns the choice and its announcement; applies palette and style sheet to the application. Called by the window
and by widgets that paint themselves.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication

from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.theme.style_sheet import build_style_sheet
from wxauto_mgt.ui.theme.tokens import DARK, FONT_FAMILIES, LIGHT, Colours, Tone, TypeSize
from wxauto_mgt.ui_settings import ThemeChoice

ICON_FOLDER = Path(__file__).parent / "icons"


class Theme(QObject):
    """The look of the whole application; lives on the GUI thread."""

    changed = Signal()

    def __init__(self, app: QApplication, mode: ThemeChoice = ThemeChoice.SYSTEM) -> None:
        super().__init__()
        self._app = app
        self._mode = mode
        self._pixmaps: dict[tuple[str, str, int], QPixmap] = {}
        self.colours = self._wanted()
        app.styleHints().colorSchemeChanged.connect(self._follow_system)

    @property
    def mode(self) -> ThemeChoice:
        """What the operator chose."""
        return self._mode

    def set_mode(self, mode: ThemeChoice) -> None:
        """Switch the theme; announces it when the colours differ."""
        self._mode = mode
        if self._wanted() is not self.colours:
            self._colour()
            self.changed.emit()

    def apply(self) -> None:
        """Put style, font and colours in force; once, before there is any widget."""
        font = QFont()
        font.setFamilies(list(FONT_FAMILIES))
        font.setPixelSize(TypeSize.BODY)
        self._app.setStyle("Fusion")
        self._app.setFont(font)
        self._colour()

    def _colour(self) -> None:
        self.colours = self._wanted()
        self._pixmaps.clear()
        self._app.setPalette(build_palette(self.colours))
        self._app.setStyleSheet(build_style_sheet(self.colours, ICON_FOLDER))

    def tone_colour(self, tone: Tone) -> QColor:
        """Colour for the text and shape of a tone."""
        return QColor(self.colours.tone(tone).strong)

    def tone_ground(self, tone: Tone) -> QColor:
        """Colour for the soft ground of a tone."""
        return QColor(self.colours.tone(tone).soft)

    def icon(self, name: str, colour: str | None = None) -> QIcon:
        """An icon in `colour`, by default that of muted text."""
        icon = QIcon()
        for size in (16, 20, 32):
            icon.addPixmap(self.pixmap(name, colour or self.colours.text_muted, size))
            icon.addPixmap(self.pixmap(name, self.colours.border_strong, size), QIcon.Mode.Disabled)
        return icon

    def pixmap(self, name: str, colour: str, size: int) -> QPixmap:
        """An icon as a picture of `size` logical pixels, sharp on dense screens."""
        key = (name, colour, size)
        if key not in self._pixmaps:
            self._pixmaps[key] = render_icon(name, colour, size, self._app.devicePixelRatio())
        return self._pixmaps[key]

    def dress(self, button: QAbstractButton, name: str, *, on_accent: bool = False, size: int = 16) -> None:
        """Give a button an icon that follows the theme."""

        def tint() -> None:
            button.setIcon(self.icon(name, self.colours.on_accent if on_accent else None))

        button.setIconSize(QSize(size, size))
        tint()
        connect_for(button, self, self.changed, tint)

    def _wanted(self) -> Colours:
        if self._mode is ThemeChoice.SYSTEM:
            dark = self._app.styleHints().colorScheme() is Qt.ColorScheme.Dark
        else:
            dark = self._mode is ThemeChoice.DARK
        return DARK if dark else LIGHT

    def _follow_system(self) -> None:
        if self._mode is ThemeChoice.SYSTEM and self._wanted() is not self.colours:
            self._colour()
            self.changed.emit()


def render_icon(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    """Draw one of our icons in a colour."""
    source = (ICON_FOLDER / f"{name}.svg").read_text(encoding="utf-8").replace("currentColor", colour)
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(source.encode())).render(painter, QRectF(0, 0, size * ratio, size * ratio))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def build_palette(colours: Colours) -> QPalette:
    """The palette for what a style sheet does not reach: item views, tool tips, selections, disabled text."""
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: colours.canvas,
        QPalette.ColorRole.WindowText: colours.text,
        QPalette.ColorRole.Base: colours.surface,
        QPalette.ColorRole.AlternateBase: colours.sunken,
        QPalette.ColorRole.Text: colours.text,
        QPalette.ColorRole.PlaceholderText: colours.text_faint,
        QPalette.ColorRole.Button: colours.raised,
        QPalette.ColorRole.ButtonText: colours.text,
        QPalette.ColorRole.ToolTipBase: colours.raised,
        QPalette.ColorRole.ToolTipText: colours.text,
        QPalette.ColorRole.Highlight: colours.selection,
        QPalette.ColorRole.HighlightedText: colours.text,
        QPalette.ColorRole.Link: colours.accent,
        QPalette.ColorRole.Accent: colours.accent,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    disabled = QPalette.ColorGroup.Disabled
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        palette.setColor(disabled, role, QColor(colours.text_faint))
    return palette

"""The window: navigation at the left, one page at a time, a line of status at the bottom.

Owns navigation and closing; pages are built when first visited and anew when the language changes.
Built by the bootstrap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QIcon, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.preferences import Preferences
from wxauto_mgt.ui.shell import ShellStatus, ShellViewModel
from wxauto_mgt.ui.theme.theme import render_icon
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.layout import column, fill, icon_button, label, row
from wxauto_mgt.ui.widgets.notices import Toasts
from wxauto_mgt.ui.widgets.status_chip import StatusChip
from wxauto_mgt.ui_settings import ThemeChoice

RAIL_WIDTH = 196
# The tenth page has the key after the ninth; the last one, the settings, that of other programs' settings.
PAGE_KEYS = "1234567890,"
FIRST_SIZE = QSize(1280, 800)
LEAST_SIZE = QSize(1024, 640)


class Page(QWidget):
    """What the window needs of a page."""

    def activate(self, word: str) -> None:
        """Do what another page or a key asked for: `add`, `search`, or a place inside the page."""


@dataclass(frozen=True)
class PageEntry:
    """One entry of the navigation."""

    name: str
    icon: str
    build: Callable[[], Page]

    @property
    def title_key(self) -> str:
        """Catalogue key of the name shown."""
        return f"page.{self.name}"


class MainWindow(QMainWindow):
    """The one window.

    Signals:
        close_wanted: the operator wants to end the program; the window stays until `let_go`.
    """

    close_wanted = Signal()

    def __init__(
        self,
        desk: Desk,
        *,
        shell: ShellViewModel,
        preferences: Preferences,
        pages: Sequence[PageEntry],
    ) -> None:
        super().__init__()
        self._desk = desk
        self._shell = shell
        self._preferences = preferences
        self._entries = {entry.name: entry for entry in pages}
        self._pages: dict[str, Page] = {}
        self._buttons: dict[str, QPushButton] = {}
        self._keys = dict(zip(self._entries, PAGE_KEYS, strict=False))
        self._may_close = False
        self.current = next(iter(self._entries))
        self._toasts = Toasts(desk.theme, self, desk.words("window.close_toast"))
        self.setWindowIcon(QIcon(render_icon("brand", "", 64, 1.0)))
        self.setMinimumSize(LEAST_SIZE)
        self.resize(FIRST_SIZE)
        self._build()
        for name, key in self._keys.items():
            QShortcut(QKeySequence(f"Ctrl+{key}"), self, lambda n=name: self.show_page(n))
        QShortcut(QKeySequence.StandardKey.New, self, lambda: self._pages[self.current].activate("add"))
        QShortcut(QKeySequence.StandardKey.Find, self, lambda: self._pages[self.current].activate("search"))
        desk.words.changed.connect(self._build)
        desk.theme.changed.connect(self._tint_rail)
        desk.done.connect(self._toasts.done)
        desk.failed.connect(self._toasts.failed)
        desk.page_wanted.connect(self.show_page)
        shell.changed.connect(self._show_status)

    @property
    def page_names(self) -> tuple[str, ...]:
        """The pages in the order of the navigation."""
        return tuple(self._entries)

    @property
    def toast(self) -> str:
        """What the window tells the operator at its lower edge now, or nothing."""
        return self._toasts.text

    def close_toast(self) -> None:
        """Take away what the window tells."""
        self._toasts.close()

    def show_page(self, name: str, word: str = "") -> Page:
        """Bring a page to the front; it is built at its first visit."""
        if name not in self._pages:
            page = self._entries[name].build()
            page.setObjectName("page")
            page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
            self._pages[name] = page
            self._stack.addWidget(page)
        self.current = name
        self._stack.setCurrentWidget(self._pages[name])
        self._pages[name].setFocus()
        self._buttons[name].setChecked(True)
        self._tint_rail()
        if word:
            self._pages[name].activate(word)
        return self._pages[name]

    def say_stopping(self) -> None:
        """Show that the program is on its way out, and take no more input."""
        self.setWindowTitle(self._desk.words("window.stopping"))
        text = label(self._desk.words("window.stopping"), "title")
        note = label(self._desk.words("window.stopping_note"), "muted")
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        veil = QWidget(self)
        veil.setObjectName("canvas")
        veil.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        fill(QVBoxLayout(veil), (None, text, note, None), Space.S, Space.XL)
        veil.setGeometry(self.rect())
        veil.show()
        veil.raise_()
        self._central.setEnabled(False)
        # Pages read while they are seen: from here on nothing more is asked of the application.
        self._stack.hide()

    def let_go(self) -> None:
        """Close for good."""
        self._may_close = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_close:
            super().closeEvent(event)
            return
        event.ignore()
        self.close_wanted.emit()

    def _build(self) -> None:
        words = self._desk.words
        self.setWindowTitle(words("window.title"))
        self._pages.clear()
        self._stack = QStackedWidget()
        self._central = central = QWidget()
        central.setObjectName("canvas")
        upper = row(self._build_rail(), self._stack, spacing=0)
        layout = QVBoxLayout(central)
        fill(layout, (upper, self._build_status_line()), 0, 0)
        layout.setStretch(0, 1)
        old = self.takeCentralWidget()
        self.setCentralWidget(central)
        if old is not None:
            old.deleteLater()
        self._show_status()
        self.show_page(self.current)

    def _build_rail(self) -> QWidget:
        words, theme = self._desk.words, self._desk.theme
        rail = QWidget()
        rail.setObjectName("rail")
        rail.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        rail.setFixedWidth(RAIL_WIDTH)
        mark = QLabel()
        mark.setPixmap(render_icon("brand", "", 28, self.devicePixelRatioF()))
        brand = row(mark, label(words("window.brand"), "brand"), None, spacing=Space.S, margin=Space.XS)
        entries = column(spacing=2)
        group = QButtonGroup(rail)
        for entry in self._entries.values():
            made = QPushButton("  " + words(entry.title_key))
            made.setProperty("kind", "nav")
            made.setCheckable(True)
            made.setIconSize(QSize(20, 20))
            made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            key = self._keys.get(entry.name)
            made.setToolTip(words(entry.title_key) + (f"  (Ctrl+{key})" if key else ""))
            made.clicked.connect(lambda _=False, name=entry.name: self.show_page(name))
            group.addButton(made)
            entries.addWidget(made)
            self._buttons[entry.name] = made
        self._theme_button = icon_button(theme, "moon", words("window.switch_theme"))
        self._theme_button.clicked.connect(self._switch_theme)
        self._language_button = icon_button(theme, "language", words("window.switch_language"))
        self._language_button.clicked.connect(self._preferences.switch_language)
        foot = row(self._theme_button, self._language_button, None, spacing=Space.XS)
        fill(QVBoxLayout(rail), (brand, Space.S, entries, None, foot), Space.S, Space.M)
        return rail

    def _build_status_line(self) -> QWidget:
        line = QWidget()
        line.setObjectName("statusLine")
        line.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        line.setFixedHeight(32)
        self._service_chip = StatusChip(self._desk.theme)
        self._score_chip = StatusChip(self._desk.theme)
        self._probe = label("", "caption")
        self._extra = label("", "caption")
        layout = QHBoxLayout(line)
        fill(layout, (self._service_chip, self._score_chip, None, self._extra, Space.M, self._probe), 8, 0)
        layout.setContentsMargins(Space.M, 0, Space.M, 0)
        return line

    def _show_status(self) -> None:
        status: ShellStatus = self._shell.status
        self._service_chip.show_status(status.service_tone, status.service_text)
        self._score_chip.show_status(status.score_tone, status.score_text)
        self._probe.setText(status.probe_text)
        self._extra.setText(status.extra_text)

    def _switch_theme(self) -> None:
        is_dark = self._desk.theme.colours.is_dark
        self._preferences.choose_theme(ThemeChoice.LIGHT if is_dark else ThemeChoice.DARK)

    def _tint_rail(self) -> None:
        theme = self._desk.theme
        for name, made in self._buttons.items():
            colour = theme.colours.accent if name == self.current else theme.colours.text_muted
            made.setIcon(theme.icon(self._entries[name].icon, colour))
        self._theme_button.setIcon(theme.icon("sun" if theme.colours.is_dark else "moon"))

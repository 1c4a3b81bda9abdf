"""Short ways to say what pages say all the time: rows, columns, cards, labels, buttons.

Owns spacing and the style properties; no behaviour. Called by pages and other widgets.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.theme.tokens import Space, Tone

Item = QWidget | QLayout | int | None


def column(*items: Item, spacing: int = Space.S, margin: int = 0) -> QVBoxLayout:
    """Items below each other; an int is a fixed gap, None takes the free space."""
    layout = QVBoxLayout()
    fill(layout, items, spacing, margin)
    return layout


def row(*items: Item, spacing: int = Space.S, margin: int = 0) -> QHBoxLayout:
    """Items beside each other; an int is a fixed gap, None takes the free space."""
    layout = QHBoxLayout()
    fill(layout, items, spacing, margin)
    return layout


def fill(layout: QBoxLayout, items: tuple[Item, ...], spacing: int, margin: int) -> None:
    """Put items into a box layout."""
    layout.setSpacing(spacing)
    layout.setContentsMargins(margin, margin, margin, margin)
    for item in items:
        if item is None:
            layout.addStretch(1)
        elif isinstance(item, int):
            layout.addSpacing(item)
        elif isinstance(item, QLayout):
            layout.addLayout(item)
        else:
            layout.addWidget(item)


def label(text: str = "", kind: str = "", *, tone: Tone | None = None, wrap: bool = False) -> QLabel:
    """A label in one of the type styles; never interprets its text as markup."""
    made = QLabel()
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setText(text)
    made.setWordWrap(wrap)
    if kind:
        made.setProperty("kind", kind)
    if tone is not None:
        made.setProperty("tone", tone.value)
    return made


class ElidedLabel(QLabel):
    """A label of one line that shortens its text to the room it has; the tip has the whole."""

    def __init__(self, text: str = "", kind: str = "") -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        if kind:
            self.setProperty("kind", kind)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.setPen(self.palette().windowText().color())
        painter.drawText(self.rect(), self.alignment() | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.end()


def set_property(widget: QWidget, name: str, value: object) -> None:
    """Change a style property and let the style sheet see it; does nothing when it is the same."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
        for child in widget.findChildren(QLabel):
            child.style().unpolish(child)
            child.style().polish(child)


def button(theme: Theme, text: str, icon: str = "", *, kind: str = "", tip: str = "") -> QPushButton:
    """A button with words; kinds are `primary`, `danger`, `quiet`."""
    made = QPushButton(text)
    made.setAutoDefault(False)
    if kind:
        made.setProperty("kind", kind)
    if icon:
        theme.dress(made, icon, on_accent=kind == "primary")
    if tip:
        made.setToolTip(tip)
    return made


def icon_button(theme: Theme, icon: str, tip: str) -> QToolButton:
    """A square button without words; the tip names it for the mouse and for screen readers."""
    made = QToolButton()
    made.setProperty("kind", "square")
    made.setToolTip(tip)
    made.setAccessibleName(tip)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    theme.dress(made, icon)
    return made


class Card(QFrame):
    """A surface with a border; holds one column."""

    def __init__(self, *items: Item, margin: int = Space.L, spacing: int = Space.S) -> None:
        super().__init__()
        self.setObjectName("card")
        self.body = column(*items, spacing=spacing, margin=margin)
        self.setLayout(self.body)


def thin_rule() -> QFrame:
    """A hairline between parts."""
    line = QFrame()
    line.setObjectName("rule")
    return line


def scrolled(content: QWidget) -> QScrollArea:
    """A vertical scroll area without a frame."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFrameShape(QFrame.Shape.NoFrame)
    content.setObjectName("scrolled")
    area.setWidget(content)
    return area


def page_header(title: str, subtitle: str, *actions: Item) -> QWidget:
    """Title and one explaining line at the left, actions at the right."""
    head = QWidget()
    line = row(column(label(title, "title"), ElidedLabel(subtitle, "muted"), spacing=2), *actions)
    line.setStretch(0, 1)
    head.setLayout(line)
    head.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
    return head


def section_header(title: str, *actions: Item) -> QHBoxLayout:
    """A heading inside a page or card."""
    return row(label(title, "section"), None, *actions)

"""Builds the one style sheet of the application from the tokens.

Owns how controls look; widgets pick a variant by the properties `kind` and `tone`. Called by the theme.
"""

from __future__ import annotations

from pathlib import Path

from wxauto_mgt.ui.theme.tokens import CONTROL_HEIGHT, MONO_FAMILIES, Colours, Radius, Space, Tone, TypeSize


def build_style_sheet(colours: Colours, icons: Path) -> str:
    """Render the style sheet for one theme."""
    parts = (_ground, _text, _buttons, _inputs, _views, _surfaces, _menus)
    return "\n".join(part(colours) for part in parts) + _marks(colours, icons)


def _ground(c: Colours) -> str:
    return f"""
QMainWindow, QDialog, QWidget#page, QWidget#canvas {{ background: {c.canvas}; color: {c.text}; }}
QWidget#rail {{ background: {c.surface}; border-right: 1px solid {c.border}; }}
QWidget#statusLine {{ background: {c.surface}; border-top: 1px solid {c.border}; }}
QToolTip {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.border_strong}; padding: 5px 7px; }}
QSplitter::handle {{ background: transparent; }}
QScrollArea {{ background: transparent; border: none; }}
QScrollArea > QWidget > QWidget#scrolled {{ background: transparent; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 2px; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 2px; }}
QScrollBar::handle {{ background: {c.border_strong}; border-radius: 3px; min-height: 32px; min-width: 32px; }}
QScrollBar::handle:hover {{ background: {c.text_faint}; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
    background: transparent; height: 0; width: 0; }}
"""


def _text(c: Colours) -> str:
    mono = ", ".join(f'"{name}"' for name in MONO_FAMILIES)
    tones = "\n".join(f'QLabel[tone="{tone}"] {{ color: {c.tone(tone).strong}; }}' for tone in Tone)
    return f"""
QLabel {{ background: transparent; }}
QLabel[kind="title"] {{ font-size: {TypeSize.TITLE}px; font-weight: 600; color: {c.text}; }}
QLabel[kind="section"] {{ font-size: {TypeSize.LEAD}px; font-weight: 600; color: {c.text}; }}
QLabel[kind="figure"] {{ font-size: {TypeSize.FIGURE}px; font-weight: 600; color: {c.text}; }}
QLabel[kind="muted"] {{ color: {c.text_muted}; }}
QLabel[kind="caption"] {{ font-size: {TypeSize.CAPTION}px; color: {c.text_muted}; }}
QLabel[kind="strong"] {{ font-weight: 600; color: {c.text}; }}
QLabel[kind="fieldError"] {{ font-size: {TypeSize.CAPTION}px; color: {c.critical.strong}; }}
QLabel[kind="brand"] {{ font-size: {TypeSize.LEAD}px; font-weight: 700; color: {c.text}; }}
QPlainTextEdit[kind="mono"], QLabel[kind="mono"] {{ font-family: {mono}; font-size: {TypeSize.CAPTION}px; }}
{tones}
"""


def _buttons(c: Colours) -> str:
    inner = CONTROL_HEIGHT - 2
    return f"""
QPushButton {{ min-height: {inner}px; padding: 0 {Space.M}px; border: 1px solid {c.border_strong};
    border-radius: {Radius.CONTROL}px; background: {c.raised}; color: {c.text}; }}
QPushButton:hover {{ background: {c.hover}; }}
QPushButton:pressed {{ background: {c.sunken}; }}
QPushButton:focus {{ border: 1px solid {c.accent}; }}
QPushButton:disabled {{ color: {c.text_faint}; background: {c.sunken}; border-color: {c.border}; }}
QPushButton[kind="primary"] {{ background: {c.accent}; color: {c.on_accent}; border-color: {c.accent};
    font-weight: 600; }}
QPushButton[kind="primary"]:hover, QPushButton[kind="primary"]:focus {{ background: {c.accent_hover};
    border-color: {c.accent_hover}; }}
QPushButton[kind="primary"]:disabled {{ background: {c.border_strong}; border-color: {c.border_strong};
    color: {c.surface}; }}
QPushButton[kind="danger"] {{ color: {c.critical.strong}; }}
QPushButton[kind="danger"]:hover, QPushButton[kind="danger"]:focus {{ background: {c.critical.soft};
    border-color: {c.critical.strong}; }}
QPushButton[kind="danger"]:disabled {{ color: {c.text_faint}; border-color: {c.border}; }}
QPushButton[kind="quiet"], QToolButton {{ border: 1px solid transparent; background: transparent;
    border-radius: {Radius.CONTROL}px; color: {c.text_muted};
    min-height: {inner - 2}px; padding: 0 {Space.S}px; }}
QPushButton[kind="quiet"]:hover, QToolButton:hover {{ background: {c.hover}; color: {c.text}; }}
QPushButton[kind="quiet"]:focus, QToolButton:focus {{ border-color: {c.accent}; }}
QPushButton[kind="quiet"]:disabled {{ color: {c.text_faint}; }}
QToolButton[kind="square"] {{ min-width: {inner - 2}px; padding: 0; }}
QToolButton[kind="square"]:checked {{ background: {c.accent_soft}; }}
QPushButton[kind="nav"] {{ border: none; border-radius: {Radius.CONTROL}px; background: transparent;
    text-align: left; padding: 0 {Space.M}px; min-height: 38px; color: {c.text_muted}; }}
QPushButton[kind="nav"]:hover {{ background: {c.hover}; color: {c.text}; }}
QPushButton[kind="nav"]:focus {{ border: 1px solid {c.border_strong}; }}
QPushButton[kind="nav"]:checked {{ background: {c.accent_soft}; color: {c.accent}; font-weight: 600; }}
QPushButton[kind="segment"] {{ border: none; background: transparent; color: {c.text_muted};
    min-height: 26px; padding: 0 {Space.M}px; border-radius: {Radius.CONTROL - 1}px; }}
QPushButton[kind="segment"]:hover {{ color: {c.text}; }}
QPushButton[kind="segment"]:focus {{ border: 1px solid {c.border_strong}; }}
QPushButton[kind="segment"]:checked {{ background: {c.raised if not c.is_dark else c.hover}; color: {c.text};
    font-weight: 600; border: 1px solid {c.border}; }}
QFrame#segments {{ background: {c.sunken}; border: 1px solid {c.border}; border-radius: {Radius.CONTROL}px; }}
"""


def _inputs(c: Colours) -> str:
    inner = CONTROL_HEIGHT - 2
    fields = "QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QDateTimeEdit"
    focused = ", ".join(f"{name}:focus" for name in fields.split(", "))
    disabled = ", ".join(f"{name}:disabled" for name in fields.split(", "))
    wrong = ", ".join(f'{name}[wrong="true"]' for name in fields.split(", "))
    return f"""
{fields} {{ border: 1px solid {c.border_strong}; border-radius: {Radius.CONTROL}px; background: {c.surface};
    color: {c.text}; selection-background-color: {c.selection}; selection-color: {c.text}; }}
QLineEdit, QComboBox {{ min-height: {inner}px; padding: 0 {Space.S}px; }}
QSpinBox, QDoubleSpinBox, QDateTimeEdit {{ min-height: {inner}px; max-height: {inner}px; padding: 0; }}
QPlainTextEdit {{ padding: {Space.XS}px; }}
{focused} {{ border: 1px solid {c.accent}; }}
{disabled} {{ background: {c.sunken}; color: {c.text_faint}; border-color: {c.border}; }}
QLineEdit:read-only {{ background: {c.sunken}; color: {c.text_muted}; }}
{wrong} {{ border: 1px solid {c.critical.strong}; }}
QComboBox::drop-down {{ border: none; width: 24px; }}
QComboBox QAbstractItemView {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.border_strong};
    padding: 4px; outline: none; selection-background-color: {c.selection}; selection-color: {c.text}; }}
QAbstractSpinBox QLineEdit {{ border: none; background: transparent; min-height: 0; padding: 0; }}
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {{
    border: none; background: transparent; width: 18px; }}
QCheckBox {{ spacing: {Space.S}px; color: {c.text}; background: transparent; }}
QCheckBox::indicator {{ width: 16px; height: 16px; border: 1px solid {c.border_strong}; border-radius: 4px;
    background: {c.surface}; }}
QCheckBox::indicator:hover {{ border-color: {c.accent}; }}
QCheckBox::indicator:checked {{ background: {c.accent}; border-color: {c.accent}; }}
QCheckBox:focus {{ color: {c.accent}; }}
QCheckBox:disabled {{ color: {c.text_faint}; }}
QProgressBar {{ border: none; background: {c.sunken}; border-radius: 3px; max-height: 6px; }}
QProgressBar::chunk {{ background: {c.accent}; border-radius: 3px; }}
"""


def _views(c: Colours) -> str:
    return f"""
QTableView, QListView, QTreeView {{ background: {c.surface}; border: none; outline: none; color: {c.text};
    gridline-color: transparent; selection-background-color: {c.selection}; selection-color: {c.text}; }}
QTableView::item {{ padding: 0 {Space.S}px; border: none; border-bottom: 1px solid {c.border}; }}
QTableView::item:selected, QListView::item:selected {{ background: {c.selection}; color: {c.text}; }}
QHeaderView {{ background: {c.surface}; border: none; }}
QHeaderView::section {{ background: {c.surface}; color: {c.text_muted}; border: none;
    border-bottom: 1px solid {c.border}; padding: 0 {Space.S + 3}px; font-size: {TypeSize.CAPTION}px;
    font-weight: 600; }}
QTableCornerButton::section {{ background: {c.surface}; border: none; }}
QListView {{ padding: 4px; }}
QListView::item {{ border-radius: {Radius.CONTROL}px; padding: 0 {Space.S}px;
    color: {c.text_muted}; }}
QListView::item:hover {{ background: {c.hover}; }}
QListView::item:selected {{ background: {c.accent_soft}; color: {c.accent}; }}
"""


def _surfaces(c: Colours) -> str:
    tones = "\n".join(
        f'QFrame#notice[tone="{tone}"] {{ background: {c.tone(tone).soft};'
        f" border: 1px solid {c.tone(tone).strong}; border-radius: {Radius.CONTROL}px; }}\n"
        f'QFrame#notice[tone="{tone}"] QLabel {{ color: {c.tone(tone).strong}; }}'
        for tone in Tone
    )
    return f"""
QFrame#card {{ background: {c.surface}; border: 1px solid {c.border}; border-radius: {Radius.CARD}px; }}
QFrame#card[tone="critical"] {{ border-color: {c.critical.strong}; }}
QFrame#inset {{ background: {c.sunken}; border: 1px solid {c.border}; border-radius: {Radius.CONTROL}px; }}
QFrame#rule {{ background: {c.border}; border: none; max-height: 1px; min-height: 1px; }}
QFrame#toast {{ background: {c.raised}; border: 1px solid {c.border_strong};
    border-radius: {Radius.CARD}px; }}
{tones}
"""


def _menus(c: Colours) -> str:
    return f"""
QMenu {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.border_strong}; padding: 4px; }}
QMenu::item {{ padding: 6px 22px 6px 12px; border-radius: 4px; }}
QMenu::item:selected {{ background: {c.selection}; }}
QMenu::item:disabled {{ color: {c.text_faint}; }}
QMenu::separator {{ height: 1px; background: {c.border}; margin: 4px 8px; }}
QTabBar::tab {{ background: transparent; color: {c.text_muted}; padding: 8px 12px;
    border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {c.accent}; border-bottom: 2px solid {c.accent}; font-weight: 600; }}
QTabBar::tab:hover {{ color: {c.text}; }}
QTabWidget::pane {{ border: none; border-top: 1px solid {c.border}; }}
"""


def _marks(c: Colours, icons: Path) -> str:
    shade = "dark" if c.is_dark else "light"
    folder = (icons / "marks").as_posix()
    return f"""
QCheckBox::indicator:checked {{ image: url("{folder}/check-{shade}.svg"); }}
QComboBox::down-arrow {{ image: url("{folder}/down-{shade}.svg"); width: 12px; height: 12px; }}
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow {{ image: url("{folder}/up-{shade}.svg");
    width: 10px; height: 10px; }}
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow {{ image: url("{folder}/down-{shade}.svg");
    width: 10px; height: 10px; }}
"""

"""Every page can be used without a mouse: reached by its keys, walked by Tab, named for screen readers."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QScrollArea, QWidget

from tests.ui.cast import Cast
from tests.ui.stage import Stage, settle
from wxauto_mgt.ui.main_window import PAGE_KEYS, Page
from wxauto_mgt.ui.pages.overview.page import OverviewPage

KEYS = {
    **{digit: Qt.Key(Qt.Key.Key_0 + int(digit)) for digit in "0123456789"},
    ",": Qt.Key.Key_Comma,
}
PAGES = (
    "overview",
    "instances",
    "listeners",
    "messages",
    "platforms",
    "rules",
    "services",
    "metrics",
    "alerts",
    "logs",
    "settings",
)


def _stops(page: Page) -> list[QWidget]:
    """What Tab comes to on a page, in its order."""
    found: list[QWidget] = []
    current = page.nextInFocusChain()
    while current is not None and current is not page:
        takes_tab = bool(current.focusPolicy() & Qt.FocusPolicy.TabFocus) and current.focusProxy() is None
        if page.isAncestorOf(current) and current.isVisible() and takes_tab:
            found.append(current)
        current = current.nextInFocusChain()
    return found


def _is_named(widget: QWidget) -> bool:
    if isinstance(widget, QAbstractButton):
        return bool(widget.text() or widget.accessibleName())
    if type(widget) is QScrollArea:
        return True  # scrolled by the arrow keys; what is inside has names
    if isinstance(widget, QLineEdit):
        return bool(widget.accessibleName() or widget.placeholderText())
    return bool(widget.accessibleName())


def _place(page: Page, widget: QWidget) -> QRect:
    return QRect(widget.mapTo(page, QPoint(0, 0)), widget.size())


def _goes_back(page: Page, before: QWidget, after: QWidget) -> bool:
    """Whether Tab leads back up: columns beside each other may each begin at the top."""
    old, new = _place(page, before), _place(page, after)
    return new.bottom() <= old.top() and new.left() <= old.right()


def _told(page: Page, before: QWidget, after: QWidget) -> str:
    names = (f"{type(one).__name__} {one.accessibleName()} {_place(page, one)}" for one in (before, after))
    return " -> ".join(names)


async def test_every_page_has_its_keys(stage: Stage) -> None:
    cast = Cast(stage)
    assert cast.window.page_names == PAGES
    for name, key in zip(PAGES, PAGE_KEYS, strict=True):
        QTest.keyClick(cast.window, KEYS[key], Qt.KeyboardModifier.ControlModifier)
        await settle()
        assert cast.window.current == name
    cast.close()


@pytest.mark.parametrize("name", PAGES)
async def test_tab_leads_through_a_page_from_top_to_bottom(stage: Stage, name: str) -> None:
    cast = Cast(stage)
    page = cast.window.show_page(name)
    await settle()
    stops = _stops(page)
    assert stops
    assert [
        _told(page, before, after) for before, after in pairwise(stops) if _goes_back(page, before, after)
    ] == []
    assert [type(stop).__name__ for stop in stops if not _is_named(stop)] == []
    cast.close()


async def test_the_menu_of_the_report_opens_by_keys(stage: Stage) -> None:
    cast = Cast(stage)
    page = cast.window.show_page("overview")
    assert isinstance(page, OverviewPage)
    await settle()
    page.report.button.setFocus()
    QTest.keyClick(page.report.button, Qt.Key.Key_Space)
    assert page.report.menu.isVisible()
    assert page.report.menu.activeAction() is page.report.save_html
    page.report.menu.close()
    cast.close()

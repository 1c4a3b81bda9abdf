"""The health report from the overview: to a file, to the clipboard, and the sample for support."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from tests.ui.cast import Cast
from tests.ui.stage import NOW, Stage, settle
from wxauto_mgt.errors import StorageError
from wxauto_mgt.ui.pages.overview.page import OverviewPage


def _page(cast: Cast) -> OverviewPage:
    page = cast.window.show_page("overview")
    assert isinstance(page, OverviewPage)
    return page


def _file_dialog(cast: Cast) -> QFileDialog | None:
    return next((one for one in cast.window.findChildren(QFileDialog) if one.isVisible()), None)


async def _proposed(cast: Cast) -> QFileDialog:
    await settle(lambda: _file_dialog(cast) is not None)
    dialog = _file_dialog(cast)
    assert dialog is not None
    return dialog


async def test_a_report_is_saved_where_the_dialog_says(stage: Stage) -> None:
    cast = Cast(stage)
    page = _page(cast)
    page.report.save_html.trigger()
    dialog = await _proposed(cast)
    day = NOW.astimezone()
    file = stage.db.path.parent / "exports" / f"health_report_{day:%Y%m%d}.html"
    assert [Path(one) for one in dialog.selectedFiles()] == [file]
    dialog.accept()
    await settle(file.exists)
    await settle(lambda: bool(cast.window.toast))
    assert "一切正常" in file.read_text("utf-8")
    assert cast.window.toast.startswith("健康报告已保存：")
    cast.close()


async def test_a_file_without_an_ending_gets_that_of_its_format(stage: Stage) -> None:
    cast = Cast(stage)
    _page(cast)
    chosen = stage.db.path.parent / "mine"
    cast.report.save.start(chosen, "markdown")
    file = chosen.with_suffix(".md")
    await settle(file.exists)
    assert file.read_text("utf-8") == "markdown: 一切正常"
    cast.close()


async def test_who_changes_their_mind_writes_nothing(stage: Stage) -> None:
    cast = Cast(stage)
    page = _page(cast)
    page.report.save_html.trigger()
    (await _proposed(cast)).reject()
    await settle(page.report.save_html.isEnabled)
    assert list((stage.db.path.parent / "exports").iterdir()) == []
    cast.close()


async def test_a_file_that_cannot_be_written_is_said_in_one_line(stage: Stage) -> None:
    cast = Cast(stage)
    _page(cast)
    cast.report.save.start(stage.db.path.parent / "nowhere" / "report.html", "html")
    await settle(lambda: bool(cast.window.toast))
    assert "report.html" in cast.window.toast
    assert "\n" not in cast.window.toast
    cast.close()


async def test_a_report_that_cannot_be_made_is_said_in_one_line(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(format_: str) -> str:
        raise StorageError("disk_full")

    cast = Cast(stage)
    page = _page(cast)
    monkeypatch.setattr(cast.report, "_sources", replace(cast.report._sources, rendered=refuse))
    page.report.copy.trigger()
    await settle(lambda: bool(cast.window.toast))
    assert cast.window.toast == stage.words("error.disk_full")
    cast.close()


async def test_a_report_is_copied_as_text_and_the_sample_says_where_it_is(stage: Stage) -> None:
    cast = Cast(stage)
    page = _page(cast)
    page.report.copy.trigger()
    await settle(lambda: cast.window.toast == "健康报告已复制")
    assert QGuiApplication.clipboard().text() == "text: 一切正常"
    page.report.sample.trigger()
    await settle(lambda: cast.window.toast.startswith("样例文件已写入："))
    assert cast.window.toast.endswith("sample.json")
    cast.close()


async def test_the_menu_opens_below_its_button_without_a_loop_of_its_own(stage: Stage) -> None:
    cast = Cast(stage)
    page = _page(cast)
    page.report.button.click()
    assert page.report.menu.isVisible()
    assert len([one for one in page.report.menu.actions() if not one.isSeparator()]) == 4
    page.report.menu.close()
    cast.close()

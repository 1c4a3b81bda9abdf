"""The logs page: what was logged is found, counted, explained; what people did stands beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtGui import QGuiApplication

from tests.ui.stage import NOW, Stage, log_views, settle
from wxauto_mgt.core.config.model import Put
from wxauto_mgt.core.logs.record import Category, Level, LogEntry
from wxauto_mgt.core.logs.ring import LogRing
from wxauto_mgt.texts.language import Language
from wxauto_mgt.ui.forms.editors import ChoiceEditor
from wxauto_mgt.ui.pages.logs.page import AUDIT, SEARCH, LogsPage, LogViews
from wxauto_mgt.ui.pages.logs.search_view_model import PAGE, Span, Wish


def entry(number: int, message: str = "", **given: object) -> LogEntry:
    made = LogEntry(
        sequence=number,
        timestamp=NOW - timedelta(minutes=1) + timedelta(milliseconds=number),
        level=Level.INFO,
        category=Category.SYSTEM,
        message=message or f"record {number}",
        module="wxauto_mgt.app",
        function="f",
        line_number=number,
        request_id=None,
        user_id=None,
        instance_id=None,
        message_id=None,
        trace_id=None,
        exception=None,
        facts={},
    )
    return replace(made, **given)  # type: ignore[arg-type]  # a test says what it needs


@pytest.fixture
def ring() -> LogRing:
    return LogRing(capacity=1000)


@pytest.fixture
def views(stage: Stage, ring: LogRing) -> LogViews:
    return log_views(stage, ring)


@pytest.fixture
def page(stage: Stage, views: LogViews) -> LogsPage:
    return LogsPage(stage.desk, views)


async def store(stage: Stage, *entries: LogEntry) -> None:
    for one in entries:
        stage.log_index.take(one)
    await stage.log_index.write()


async def search(views: LogViews, wish: Wish) -> list[str]:
    views.search.search(wish)
    await settle(lambda: not views.search.newest.is_running)
    return [row.message for row in views.search.rows]


async def test_words_level_category_instance_and_time_narrow_the_search(
    stage: Stage, views: LogViews
) -> None:
    await store(
        stage,
        entry(1, "连接失败", level=Level.ERROR, category=Category.API, instance_id="pc1"),
        entry(2, "连接恢复", instance_id="pc1"),
        entry(3, "很久以前", timestamp=NOW - timedelta(days=3)),
    )
    assert await search(views, Wish()) == ["连接恢复", "连接失败"]
    assert await search(views, Wish(text="失败")) == ["连接失败"]
    assert await search(views, Wish(least=Level.WARNING)) == ["连接失败"]
    assert await search(views, Wish(category=Category.API)) == ["连接失败"]
    assert await search(views, Wish(instance_id="pc2")) == []
    assert await search(views, Wish(span=Span.ALL)) == ["很久以前", "连接恢复", "连接失败"]
    days_ago = Wish(span=Span.CUSTOM, since=NOW - timedelta(days=4), until=NOW - timedelta(days=2))
    assert await search(views, days_ago) == ["很久以前"]


async def test_older_pages_come_by_cursor_until_there_are_none(
    stage: Stage, page: LogsPage, views: LogViews
) -> None:
    await store(stage, *(entry(number) for number in range(2 * PAGE + 5)))
    await search(views, Wish())
    assert page.search.more_button.isVisibleTo(page.search)
    for shown in (2 * PAGE, 2 * PAGE + 5):
        page.search.more_button.click()
        await settle(lambda shown=shown: len(views.search.rows) == shown)  # type: ignore[misc]
    assert not page.search.more_button.isVisibleTo(page.search)
    assert page.search.model.rowCount() == 2 * PAGE + 5
    assert [row.line_number for row in page.search.model.rows] == list(range(2 * PAGE + 4, -1, -1))
    page.deleteLater()


async def test_a_page_of_another_search_is_not_appended(stage: Stage, views: LogViews) -> None:
    await store(stage, *(entry(number) for number in range(2 * PAGE)))
    await search(views, Wish())
    views.search.load_more()
    views.search.search(Wish(text="77"))
    await settle(lambda: not views.search.newest.is_running and not views.search.older.is_running)
    assert [row.message for row in views.search.rows] == ["record 177", "record 77"]


async def test_around_a_record_stand_its_neighbours_of_whatever_kind(
    stage: Stage, page: LogsPage, views: LogViews, ring: LogRing
) -> None:
    entries = [
        entry(number, category=Category.API if number % 2 else Category.UI) for number in range(1, 200)
    ]
    await store(stage, *entries)
    # In the live tail the same record bears another number.
    page.live.record.around_wanted.emit(replace(entries[99], sequence=5000))
    await settle(lambda: len(views.search.rows) == PAGE)
    assert page.tabs.current == SEARCH
    assert page.search.record.entry is not None
    assert page.search.record.entry.message == "record 100"
    assert {row.category for row in views.search.rows} == {Category.API, Category.UI}
    numbers = [row.line_number for row in views.search.rows]
    assert (numbers[0], numbers[-1]) == (150, 51)
    assert page.search.around.text
    page.deleteLater()


async def test_a_record_that_is_not_indexed_yet_is_said_in_one_line(page: LogsPage, views: LogViews) -> None:
    views.search.show_around(entry(1))
    await settle(lambda: bool(page.search.trouble.text))
    assert "\n" not in page.search.trouble.text
    page.deleteLater()


async def test_a_record_is_shown_with_all_its_fields_and_copied(page: LogsPage) -> None:
    page.live.record.show_entry(
        entry(1, instance_id="pc1", facts={"status_code": 502}, exception="Traceback\nValueError: x")
    )
    shown = dict(page.live.record.lines)
    assert shown["实例"] == "pc1"
    assert shown["status_code"] == "502"
    page.live.record.copy_button.click()
    assert "ValueError: x" in QGuiApplication.clipboard().text()
    page.deleteLater()


async def test_levels_and_hours_are_counted(stage: Stage, views: LogViews, page: LogsPage) -> None:
    await store(
        stage,
        entry(1, level=Level.ERROR, category=Category.API),
        entry(2),
        entry(3, timestamp=NOW - timedelta(hours=5)),
    )
    views.statistics.reader.refresh()
    await settle(lambda: views.statistics.shown is not None)
    shown = views.statistics.shown
    assert shown is not None
    assert {word: count for word, count, _ in shown.levels if count} == {"信息": 2, "错误": 1}
    assert shown.categories[0][:2] == ("系统", 2)
    hours = [value for _, value in shown.trends["all"] if value]
    assert sorted(hours) == [1, 2]
    assert len(shown.trends["all"]) == 25
    assert [value for _, value in shown.trends["errors"] if value] == [1]
    page.deleteLater()


async def test_the_level_of_a_category_is_changed_by_a_form(stage: Stage, page: LogsPage) -> None:
    page.open_levels()
    assert page.dialog is not None
    picker = page.dialog.form.editor("API")
    assert isinstance(picker, ChoiceEditor)
    assert picker.value() == "INFO"
    picker.show_value("DEBUG")
    page.dialog.start_saving()
    await settle(lambda: bool(stage.config.edits))
    (edit,) = stage.config.edits
    assert isinstance(edit, Put)
    assert edit.document["levels"] == {"API": "DEBUG"}
    await settle(lambda: page.dialog is None)
    page.deleteLater()


async def test_acts_are_sentences_in_both_languages(stage: Stage, page: LogsPage, views: LogViews) -> None:
    await stage.audit.audit("window", "service.restart", "service message_listener")
    await stage.audit.audit("api:grafana", "message.replay", "message 17")
    await stage.audit.audit("cli", "something.new", "thing 3")
    views.audit.newest.refresh()
    await settle(lambda: len(views.audit.rows) == 4)
    assert [(row.who, row.sentence) for row in views.audit.rows] == [
        ("命令行", "something.new：thing 3"),
        ("接口令牌“grafana”", "重新投递消息 17"),
        ("本窗口", "重启监听服务"),
        ("test", "导入配置（第 1 版）：实例“pc1”、实例“pc2”、平台“kw” 等 2 项"),
    ]
    stage.words.set_language(Language.EN)
    views.audit.newest.refresh()
    await settle(lambda: views.audit.rows[1].sentence == "Tried message 17 again")
    page.show_tab(AUDIT)
    page.audit.table.selectRow(1)
    assert "message.replay" in page.audit.facts.text()
    page.deleteLater()

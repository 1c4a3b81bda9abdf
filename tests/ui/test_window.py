"""The window opens every page, follows language and theme, and lets the service decide about edits."""

from __future__ import annotations

import pytest
from pydantic import Field, SecretStr
from PySide6.QtCore import Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.ui.cast import Cast
from tests.ui.stage import (
    Stage,
    build_stage,
    deduction,
    drop_deleted,
    episode,
    listener,
    make_config,
    quiet_access,
    report,
    score,
    settle,
)
from wxauto_mgt.core.config.form_hints import Widget, hints
from wxauto_mgt.core.config.model import ConfigModel, Put, SettingsGroup
from wxauto_mgt.core.monitoring.health_score import OverallStatus
from wxauto_mgt.storage.database import Database
from wxauto_mgt.texts.language import Language
from wxauto_mgt.ui.config_editing import ConfigEditing
from wxauto_mgt.ui.forms.edit_dialog import EditDialog
from wxauto_mgt.ui.forms.editors import NumberEditor, SecretEditor, TextEditor
from wxauto_mgt.ui.pages.instances.page import InstancesPage
from wxauto_mgt.ui.pages.overview.page import OverviewPage
from wxauto_mgt.ui.pages.platforms.page import PlatformsPage
from wxauto_mgt.ui.pages.rules.page import RulesPage
from wxauto_mgt.ui.pages.settings.group_form import GroupForm
from wxauto_mgt.ui.pages.settings.page import SettingsPage
from wxauto_mgt.ui.pages.settings.view_model import SettingsViewModel
from wxauto_mgt.ui.theme.tokens import Tone
from wxauto_mgt.ui_settings import ThemeChoice


class _Paced(ConfigModel):
    pace_s: int = Field(default=1, json_schema_extra=hints("unit.seconds", group="", order=1))
    count: int = Field(default=2, json_schema_extra=hints("unit.days", group="", order=2))
    token: SecretStr | None = Field(
        default=None, json_schema_extra=hints("unit.minutes", group="", order=3, widget=Widget.SECRET)
    )


def _committed(text: str) -> QInputMethodEvent:
    event = QInputMethodEvent()
    event.setCommitString(text)
    return event


def _type(dialog: EditDialog, path: str, text: str) -> None:
    editor = dialog.form.editor(path)
    assert isinstance(editor, TextEditor | SecretEditor)
    # As an input method does it: QTest's key presses know Latin letters only.
    editor.line.selectAll()
    QApplication.sendEvent(editor.line, _committed(text))


async def test_every_page_opens_and_says_no_raw_code(stage: Stage) -> None:
    cast = Cast(stage)
    for name in cast.window.page_names:
        page = cast.window.show_page(name)
        await settle()
        assert page.isVisible()
    cast.close()


async def test_pages_can_be_reached_by_keyboard(stage: Stage) -> None:
    cast = Cast(stage)
    await settle()
    QTest.keyClick(cast.window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    await settle(lambda: cast.window.current == cast.window.page_names[1])
    cast.close()


async def test_the_overview_shows_score_reasons_and_errors(stage: Stage) -> None:
    cast = Cast(stage)
    cast.monitor.health = score(
        65.0, OverallStatus.WARNING, deduction(15, "score.instances_not_connected", connected=1, total=2)
    )
    cast.monitor.reports = (report("pc1", connected=True), report("pc2", connected=False))
    cast.monitor.errors = (episode(1), episode(2, cleared=True))
    page = cast.window.show_page("overview")
    assert isinstance(page, OverviewPage)
    await settle(lambda: page.gauge.figure == "65")
    assert page.pause_button.isVisible()
    assert not page.resume_button.isVisible()
    cast.close()


async def test_an_empty_console_leads_from_the_overview_to_the_form(bare_stage: Stage) -> None:
    cast = Cast(bare_stage)
    page = cast.window.show_page("overview")
    assert isinstance(page, OverviewPage)
    await settle()
    assert page.empty.isVisible()
    assert page.empty.action is not None
    page.empty.action.click()
    instances = cast.window.show_page("instances")
    assert isinstance(instances, InstancesPage)
    await settle(lambda: instances.editor.dialog is not None)
    assert instances.editor.dialog is not None
    instances.editor.dialog.reject()
    cast.close()


async def test_a_new_instance_goes_to_the_service_as_one_edit(stage: Stage) -> None:
    cast = Cast(stage)
    page = cast.window.show_page("instances")
    assert isinstance(page, InstancesPage)
    page.add()
    dialog = page.editor.dialog
    assert dialog is not None
    _type(dialog, "name", "三号机")
    _type(dialog, "base_url", "http://127.0.0.1:5003")
    _type(dialog, "api_key", "secret-of-pc3")
    dialog.save_button.click()
    await settle(lambda: "pc3" in stage.config.snapshot.objects("instance"))
    (edit,) = stage.config.edits
    assert isinstance(edit, Put)
    assert (edit.kind, edit.id) == ("instance", "pc3")
    assert edit.document["name"] == "三号机"
    await settle(lambda: len(page.model.rows) == 3)
    assert cast.window.toast
    cast.close()


async def test_a_refused_edit_stays_open_with_the_reason_at_its_field(stage: Stage) -> None:
    cast = Cast(stage)
    page = cast.window.show_page("instances")
    assert isinstance(page, InstancesPage)
    page.add()
    dialog = page.editor.dialog
    assert dialog is not None
    _type(dialog, "base_url", "ftp://nowhere")
    dialog.save_button.click()
    await settle(lambda: dialog.form.has_problems)
    assert dialog.form.error_of("base_url")
    assert dialog.form.error_of("api_key") == "必须填写"
    assert dialog.isVisible()
    assert dialog.save_button.isEnabled()
    assert "pc3" not in stage.config.snapshot.objects("instance")
    cast.discard(dialog)
    cast.close()


async def test_unsaved_changes_are_not_lost_by_escape(stage: Stage) -> None:
    cast = Cast(stage)
    page = cast.window.show_page("rules")
    assert isinstance(page, RulesPage)
    page.editor.edit("r1")
    await settle(lambda: page.editor.dialog is not None)
    dialog = page.editor.dialog
    assert dialog is not None
    _type(dialog, "name", "改名")
    assert dialog.is_dirty
    dialog.reject()
    await settle()
    assert dialog.isVisible()
    assert dialog.question is not None
    dialog.question.yes.click()
    await settle(lambda: page.editor.dialog is None)
    assert stage.config.edits == []
    cast.close()


async def test_editing_a_platform_keeps_what_was_not_touched(stage: Stage) -> None:
    cast = Cast(stage)
    page = cast.window.show_page("platforms")
    assert isinstance(page, PlatformsPage)
    before = (await stage.editing.stored("platform", "kw")).document
    page.editor.edit("kw", more=cast.platforms.type_specs("keyword"))
    await settle(lambda: page.editor.dialog is not None)
    dialog = page.editor.dialog
    assert dialog is not None
    concurrency = dialog.form.editor("concurrency")
    assert isinstance(concurrency, NumberEditor)
    concurrency.box.setValue(2)
    dialog.start_saving()
    await settle(lambda: stage.config.snapshot.objects("platform")["kw"].concurrency == 2)
    after = (await stage.editing.stored("platform", "kw")).document
    assert after["config"] == before["config"]
    cast.close()


async def test_deleting_what_others_name_is_refused_in_words(stage: Stage) -> None:
    cast = Cast(stage)
    page = cast.window.show_page("platforms")
    assert isinstance(page, PlatformsPage)
    question = page.editor.delete("kw", "关键词")
    question.yes.click()
    await settle(lambda: bool(cast.window.toast))
    assert "kw" in stage.config.snapshot.objects("platform")
    cast.close()


async def test_language_and_theme_switch_at_once_and_are_remembered(stage: Stage) -> None:
    cast = Cast(stage)
    cast.preferences.switch_language()
    await settle(lambda: cast.window.windowTitle() == "WeChat message console")
    assert stage.config.snapshot.settings("ui").language == Language.EN.value
    cast.preferences.choose_theme(ThemeChoice.DARK)
    await settle(lambda: stage.theme.colours.is_dark)
    assert stage.config.snapshot.settings("ui").theme is ThemeChoice.DARK
    for name in cast.window.page_names:
        cast.window.show_page(name)
        await settle()
    cast.close()


async def test_settings_are_edited_in_forms_and_refused_at_the_field(stage: Stage) -> None:
    cast = Cast(stage)
    page = cast.window.show_page("settings")
    assert isinstance(page, SettingsPage)
    page.activate("listening")
    form = page.current_form
    assert form is not None
    assert not form.save_button.isEnabled()
    editor = form.form.editor("timeout_minutes")
    assert isinstance(editor, NumberEditor)
    editor.box.setValue(0)
    assert form.save_button.isEnabled()
    form.save_button.click()
    await settle(lambda: form.form.has_problems)
    editor.box.setValue(45)
    form.save_button.click()
    await settle(lambda: stage.config.snapshot.settings("listening").timeout_minutes == 45)
    await settle(lambda: not form.is_dirty)
    cast.close()


@pytest.mark.expects_log("out of force")
async def test_secrets_whose_key_is_lost_can_be_given_up_after_a_question(stage: Stage) -> None:
    (stage.db.path.parent / "secret.key").unlink()
    keyless = make_config(stage.db, stage.notifier, stage.clock, types=stage.types)
    await keyless.load()
    editing = ConfigEditing(config=keyless, notifier=stage.notifier)
    page = SettingsPage(stage.desk, SettingsViewModel(stage.backstage, editing=editing), quiet_access(stage))
    panel = page.lost_secrets
    assert "客服一号" in panel.notice.text
    assert panel.notice.action is not None
    panel.notice.action.click()
    assert panel.question is not None
    panel.question.yes.click()
    await settle(lambda: not panel.notice.text)
    assert {problem.reason for problem in keyless.snapshot.unreadable.values()} == {"missing"}
    page.deleteLater()


async def test_closing_asks_for_the_end_and_the_window_stays_until_then(stage: Stage) -> None:
    cast = Cast(stage)
    asked: list[bool] = []
    cast.window.close_wanted.connect(lambda: asked.append(True))
    await settle()
    assert cast.window.close() is False
    assert asked == [True]
    cast.window.say_stopping()
    assert "停止" in cast.window.windowTitle()
    assert cast.window.isVisible()
    cast.window.let_go()
    assert not cast.window.isVisible()
    cast.close()


async def test_listeners_show_who_is_verified(stage: Stage) -> None:
    cast = Cast(stage)
    cast.listeners.shown = (listener("张三"), listener("李四", active=False))
    page = cast.window.show_page("listeners")
    await settle(lambda: len(page.model.rows) == 2)  # type: ignore[attr-defined]  # any page
    tones = [row.tone for row in page.model.rows]  # type: ignore[attr-defined]
    assert sorted(tones) == [Tone.OK, Tone.WARNING]
    cast.close()


@pytest.mark.parametrize("language", list(Language))
async def test_no_page_lacks_a_text(stage: Stage, language: Language) -> None:
    # A missing text is logged as a warning, which fails the test.
    stage.words.set_language(language)
    cast = Cast(stage)
    for name in cast.window.page_names:
        cast.window.show_page(name)
        await settle()
    cast.close()


async def test_what_the_environment_decides_is_shown_but_not_editable(
    db: Database, qapp: QApplication
) -> None:
    group = SettingsGroup(
        name="paced",
        model=_Paced,
        environment={"pace_s": "TEST_PACE_S", "token": "TEST_TOKEN"},
        secret_fields=("token",),
    )
    environment = {"TEST_PACE_S": "7", "TEST_TOKEN": "planted-token-2"}
    stage = await build_stage(db, qapp, environment=environment, groups=(group,))
    view_model = SettingsViewModel(stage.backstage, editing=stage.editing)
    form = GroupForm(stage.desk, view_model, "paced", "Pace")
    editor = form.form.editor("pace_s")
    assert editor.value() == 7
    assert not editor.inner.isEnabled()
    assert "TEST_PACE_S" in form.fixed.text
    assert "TEST_PACE_S" in editor.toolTip()
    assert form.form.document()["token"] is None
    assert not form.form.editor("token").inner.isEnabled()
    view_model.save.start("paced", {**form.form.document(), "count": 4})
    await settle(lambda: stage.config.snapshot.settings("paced").count == 4)
    (edit,) = stage.config.edits
    assert isinstance(edit, Put)
    assert dict(edit.document) == {"count": 4}
    form.deleteLater()
    drop_deleted()
    await stage.close()

"""The form of the heartbeat's settings: what the environment decides is shown and locked."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from tests.ui.stage import build_stage, drop_deleted, settle
from wxauto_mgt.core.recovery.settings import HEARTBEAT, heartbeat_settings_group
from wxauto_mgt.storage.database import Database
from wxauto_mgt.ui.pages.settings.group_form import GroupForm
from wxauto_mgt.ui.pages.settings.view_model import SettingsViewModel


async def test_variables_lock_their_fields_and_the_rest_is_saved(db: Database, qapp: QApplication) -> None:
    stage = await build_stage(
        db, qapp, environment={"HEARTBEAT_CHECK_INTERVAL": "7"}, groups=(heartbeat_settings_group(),)
    )
    view_model = SettingsViewModel(stage.backstage, editing=stage.editing)
    form = GroupForm(stage.desk, view_model, HEARTBEAT, "Heartbeat")
    locked = form.form.editor("check_interval")
    assert (locked.value(), locked.inner.isEnabled()) == (7.0, False)
    assert "HEARTBEAT_CHECK_INTERVAL" in locked.toolTip()
    assert form.form.editor("max_retries").inner.isEnabled()
    form.form.editor("recovery.max_attempts").show_value(5)
    form.form.editor("grace_s").show_value(None)
    view_model.save.start(HEARTBEAT, form.form.document())
    await settle(lambda: stage.config.snapshot.settings(HEARTBEAT).max_attempts == 5)
    stored = await stage.config.document("settings", HEARTBEAT)
    assert stored is not None
    assert "check_interval" not in stored.document
    form.deleteLater()
    drop_deleted()
    await stage.close()

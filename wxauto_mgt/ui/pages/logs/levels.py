"""From which level on each category is logged, as a dialog. Called by the logs page."""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QWidget

from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import JSON, SETTINGS, Put
from wxauto_mgt.core.logs.record import Category, Level
from wxauto_mgt.core.monitoring.settings import LOGS, LogsSettings
from wxauto_mgt.ui.config_editing import WHO, ConfigEditing
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.forms.edit_dialog import EditDialog
from wxauto_mgt.ui.forms.form import SchemaForm
from wxauto_mgt.ui.forms.schema import FieldSpec

_CHOICES: Final = tuple((level.value, f"logs.level_{level}") for level in Level)
_SPECS: Final = tuple(
    FieldSpec(one.value, Widget.CHOICE, label=f"logs.category_{one}", choices=_CHOICES) for one in Category
)


class LevelsEditing:
    """Reads and stores the levels; the pipeline follows by itself."""

    def __init__(self, *, editing: ConfigEditing) -> None:
        self._editing = editing

    def document(self) -> dict[str, JSON]:
        """The level in force of every category."""
        policy = self._settings().policy()
        return {category.value: policy.level_of(category).value for category in Category}

    async def save(self, document: dict[str, JSON]) -> None:
        """Store what differs from the level that holds where none is given.

        Raises:
            ConfigError: a level is not known.
        """
        settings = self._settings()
        usual = LogsSettings().policy()
        levels: dict[str, JSON] = {
            one.value: document[one.value] for one in Category if document[one.value] != usual.level_of(one)
        }
        wanted = {**settings.model_dump(mode="json"), "levels": levels}
        await self._editing.config.apply([Put(SETTINGS, LOGS, wanted)], who=WHO)

    def _settings(self) -> LogsSettings:
        settings: LogsSettings = self._editing.snapshot.settings(LOGS)
        return settings


def open_levels(desk: Desk, page: QWidget, levels: LevelsEditing) -> EditDialog:
    """Let the operator choose."""
    words = desk.words
    form = SchemaForm(desk.theme, words, _SPECS)
    form.show_document(levels.document())
    dialog = EditDialog(
        desk,
        page.window(),
        title=words("logs.levels_title"),
        intro=words("logs.levels_intro"),
        form=form,
        save=levels.save,
    )
    dialog.saved.connect(lambda: desk.done.emit(words("logs.levels_saved")))
    dialog.open()
    return dialog

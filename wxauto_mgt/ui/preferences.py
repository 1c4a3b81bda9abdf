"""Language and theme as the operator chose them: followed where stored, stored where chosen.

Owns the way between the settings and what is shown. Called by the main window.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from wxauto_mgt.core.config.model import SETTINGS, Put
from wxauto_mgt.texts.language import Language
from wxauto_mgt.ui.config_editing import WHO, ConfigEditing
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui_settings import UI_GROUP, LanguageChoice, ThemeChoice, UiSettings


class Preferences(QObject):
    """Presentation settings.

    Args:
        detected: the machine's language, for where the operator chose none.

    Signals:
        theme_chosen: the theme that is to be shown now.
    """

    theme_chosen = Signal(str)

    def __init__(self, backstage: Backstage, *, editing: ConfigEditing, detected: Language) -> None:
        super().__init__()
        self._words = backstage.words
        self._editing = editing
        self._detected = detected
        self._store = backstage.commands.command(self, "preferences", self._keep)
        editing.changes(backstage.bridge, self, SETTINGS).arrived.connect(self.follow)

    def follow(self, _: object = None) -> None:
        """Show what is stored."""
        chosen: UiSettings = self._editing.snapshot.settings(UI_GROUP)
        self._words.set_language(chosen.language.resolve(self._detected))
        self.theme_chosen.emit(chosen.theme.value)

    def switch_language(self) -> None:
        """Chinese to English and back."""
        other = Language.EN if self._words.language is Language.ZH_CN else Language.ZH_CN
        self._store.start("language", LanguageChoice(other.value).value)

    def choose_theme(self, theme: ThemeChoice) -> None:
        """Switch the theme."""
        self._store.start("theme", theme.value)

    async def _keep(self, key: str, value: str) -> None:
        await self._editing.config.apply([Put(SETTINGS, UI_GROUP, {key: value})], who=WHO)

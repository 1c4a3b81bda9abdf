"""How the console presents itself: language and theme, as one group of settings.

Beside the window, not in it: the composition root registers the group without importing Qt.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from pydantic import Field

from wxauto_mgt.core.config.form_hints import hints
from wxauto_mgt.core.config.model import ConfigModel, SettingsGroup
from wxauto_mgt.texts.language import Language

UI_GROUP: Final = "ui"
_GROUP: Final = "settings.ui.group"


class LanguageChoice(StrEnum):
    """What the operator chose; `system` follows the machine."""

    SYSTEM = "system"
    ZH_CN = "zh_CN"
    EN = "en"

    def resolve(self, detected: Language) -> Language:
        """The language to show where the machine speaks `detected`."""
        return detected if self is LanguageChoice.SYSTEM else Language(self.value)


class ThemeChoice(StrEnum):
    """What the operator chose; `system` follows the machine."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class UiSettings(ConfigModel):
    """Presentation of the console."""

    language: LanguageChoice = Field(
        default=LanguageChoice.SYSTEM,
        json_schema_extra=hints(
            "settings.ui.language", group=_GROUP, order=10, choices="settings.ui.language_choice"
        ),
    )
    theme: ThemeChoice = Field(
        default=ThemeChoice.SYSTEM,
        json_schema_extra=hints(
            "settings.ui.theme", group=_GROUP, order=20, choices="settings.ui.theme_choice"
        ),
    )


def ui_settings_group() -> SettingsGroup:
    """What the configuration store needs to know about them."""
    return SettingsGroup(name=UI_GROUP, model=UiSettings)

"""Answers the calls of `MonitorAPI` about settings: read a group, change keys of it.

Owns that no secret leaves; what fits is the configuration's to say. The composition root builds one.
"""

from __future__ import annotations

from wxauto_mgt.api import arguments
from wxauto_mgt.api.answers import Answer, Answers
from wxauto_mgt.api.caller import current_caller
from wxauto_mgt.api.replies import JSON, Fields
from wxauto_mgt.core.config.model import SETTINGS, ConfigModel, Put
from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.errors import PermanentError


class SettingsCalls:
    """The calls, answered by the configuration of one application."""

    def __init__(self, *, config: ConfigService) -> None:
        self._config = config

    def answers(self) -> Answers:
        """Return the answers by the name of the call."""
        return {"get_settings": self._get, "update_settings": self._update}

    async def _get(self, group: JSON) -> Answer:
        return await self._shown(self._known(group))

    async def _update(self, group: JSON, values: JSON) -> Answer:
        name = self._known(group)
        if not isinstance(values, dict):
            raise arguments.refused("values")
        in_force, locked = self._values(name), self._config.snapshot.locked_by(name)
        for key in sorted(values.keys() & locked.keys()):
            if values[key] != in_force[key]:
                raise PermanentError("setting_locked", key=key, variable=locked[key])
        changed = {key: value for key, value in values.items() if key not in locked}
        if changed:
            await self._config.apply([Put(SETTINGS, name, changed)], who=current_caller.get())
        return await self._shown(name)

    def _known(self, group: JSON) -> str:
        if not isinstance(group, str) or group not in self._config.settings_groups:
            raise PermanentError("settings_group_not_found", group=str(group)[:64])
        return group

    def _values(self, group: str) -> Fields:
        """What is in force, secrets null."""
        settings: ConfigModel = self._config.snapshot.settings(group)
        values: Fields = settings.model_dump(mode="json")
        for key in self._config.settings_groups[group].secret_fields:
            values[key] = None
        return values

    async def _shown(self, group: str) -> Answer:
        stored = await self._config.document(SETTINGS, group)
        locked: Fields = dict(self._config.snapshot.locked_by(group))
        has_secret: list[JSON] = [*sorted(stored.has_secret)] if stored is not None else []
        beside: Fields = {
            "group": group,
            "revision": self._config.snapshot.revision,
            "locked_by": locked,
            "has_secret": has_secret,
        }
        return Answer(self._values(group), beside)

"""The kinds of platforms that can be configured: the built-in ones and those of installed packages.

Owns finding and checking plugin classes. The composition root builds it; section, registry and forms ask it.
"""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final

from wxauto_mgt.core.config.model import JSON, ConfigModel
from wxauto_mgt.core.platforms.contract import AnyPlatform, Platform
from wxauto_mgt.errors import ConsoleError, PermanentError

_log = logging.getLogger(__name__)

ENTRY_POINT_GROUP: Final = "wxauto_mgt.platforms"
_TYPE_PATTERN: Final = re.compile(r"[a-z][a-z0-9_]{0,31}\Z")

PlatformClass = type[AnyPlatform]


class PlatformTypes:
    """Plugin classes by their type.

    Args:
        built_in: this product's own plugins; a wrong one is a bug.
        installed: entry points of other packages; a broken one disables itself only.

    Attributes:
        broken: entry point name -> why it is not among the types.
    """

    def __init__(self, built_in: Iterable[PlatformClass], *, installed: Iterable[EntryPoint] = ()) -> None:
        self._classes: dict[str, PlatformClass] = {}
        self.broken: dict[str, ConsoleError] = {}
        for plugin in built_in:
            self._add(plugin)
        for entry_point in installed:
            self._add_installed(entry_point)

    def names(self) -> tuple[str, ...]:
        """All types, built-in ones first."""
        return tuple(self._classes)

    def get(self, name: str) -> PlatformClass | None:
        """The plugin class of a type."""
        return self._classes.get(name)

    def schemas(self) -> Mapping[str, dict[str, JSON]]:
        """JSON Schema, with form hints, of each type's `config`."""
        return {name: plugin.CONFIG.model_json_schema() for name, plugin in self._classes.items()}

    def text_folders(self) -> tuple[Path, ...]:
        """Where the plugins' texts stand, for the catalogue."""
        return tuple(Path(inspect.getfile(plugin)).parent / "texts" for plugin in self._classes.values())

    def _add(self, plugin: object) -> None:
        checked = _check(plugin)
        if checked.TYPE in self._classes:
            raise PermanentError("platform_type_taken", type=checked.TYPE)
        self._classes[checked.TYPE] = checked

    def _add_installed(self, entry_point: EntryPoint) -> None:
        try:
            self._add(entry_point.load())
        except ConsoleError as error:
            self.broken[entry_point.name] = error
        except Exception as error:  # noqa: BLE001 - foreign code; it disables itself only
            self.broken[entry_point.name] = PermanentError(
                "platform_plugin_unloadable", name=entry_point.name, cause=f"{type(error).__name__}: {error}"
            )
        else:
            return
        _log.error("platform plugin left out: %s", self.broken[entry_point.name], exc_info=True)


def installed_plugins() -> tuple[EntryPoint, ...]:
    """The platform plugins that other packages declare."""
    return tuple(entry_points(group=ENTRY_POINT_GROUP))


def _check(plugin: object) -> PlatformClass:
    if not (isinstance(plugin, type) and issubclass(plugin, Platform)) or inspect.isabstract(plugin):
        raise PermanentError("platform_plugin_no_class", name=getattr(plugin, "__name__", str(plugin)))
    name = getattr(plugin, "TYPE", None)
    if not isinstance(name, str) or not _TYPE_PATTERN.match(name):
        raise PermanentError("platform_plugin_bad_type", name=plugin.__name__, type=str(name))
    model = getattr(plugin, "CONFIG", None)
    if not (isinstance(model, type) and issubclass(model, ConfigModel)):
        raise PermanentError("platform_plugin_bad_config", name=plugin.__name__)
    return plugin

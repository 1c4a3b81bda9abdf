"""The types that an object of some kind can have: the built-in plugins and those of installed packages.

Owns finding and checking plugin classes. Slices derive one class each; sections, registries and forms ask it.
"""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import ClassVar, Final, Generic, Protocol, TypeVar, cast

from wxauto_mgt.core.config.model import JSON, ConfigModel
from wxauto_mgt.errors import ConsoleError, PermanentError

_log = logging.getLogger(__name__)

_TYPE_PATTERN: Final = re.compile(r"[a-z][a-z0-9_]{0,31}\Z")


class Plugin(Protocol):
    """What every plugin class declares.

    Attributes:
        TYPE: its name in documents, `[a-z][a-z0-9_]*`.
        CONFIG: model of the fields that it alone has; its schema drives validation and the form.
        SECRET_FIELDS: dotted paths among them that are sealed.
    """

    TYPE: ClassVar[str]
    CONFIG: ClassVar[type[ConfigModel]]
    SECRET_FIELDS: ClassVar[tuple[str, ...]]


P = TypeVar("P", bound=Plugin)


class PluginTypes(Generic[P]):
    """Plugin classes by their type.

    Args:
        built_in: this product's own plugins; a wrong one is a bug.
        installed: entry points of other packages; a broken one disables itself only.

    Attributes:
        KIND: what the plugins are, for error texts.
        BASE: the class that each must derive from.
        GROUP: the group of entry points that other packages declare theirs in.
        broken: entry point name -> why it is not among the types.
    """

    KIND: ClassVar[str]
    BASE: ClassVar[type]
    GROUP: ClassVar[str]

    def __init__(self, built_in: Iterable[type[P]], *, installed: Iterable[EntryPoint] = ()) -> None:
        self._classes: dict[str, type[P]] = {}
        self.broken: dict[str, ConsoleError] = {}
        for plugin in built_in:
            self._add(plugin)
        for entry_point in installed:
            self._add_installed(entry_point)

    @classmethod
    def entry_points(cls) -> tuple[EntryPoint, ...]:
        """What other packages declare."""
        return tuple(entry_points(group=cls.GROUP))

    def names(self) -> tuple[str, ...]:
        """All types, built-in ones first."""
        return tuple(self._classes)

    def get(self, name: str) -> type[P] | None:
        """The plugin class of a type."""
        return self._classes.get(name)

    def schemas(self) -> Mapping[str, dict[str, JSON]]:
        """JSON Schema, with form hints, of each type's own fields."""
        return {name: plugin.CONFIG.model_json_schema() for name, plugin in self._classes.items()}

    def text_folders(self) -> tuple[Path, ...]:
        """Where the plugins' texts may stand, for the catalogue; each folder once."""
        folders = (Path(inspect.getfile(plugin)).parent / "texts" for plugin in self._classes.values())
        return tuple(dict.fromkeys(folders))

    def _add(self, plugin: object) -> None:
        checked = self._check(plugin)
        if checked.TYPE in self._classes:
            raise PermanentError("plugin_type_taken", kind=self.KIND, type=checked.TYPE)
        self._classes[checked.TYPE] = checked

    def _add_installed(self, entry_point: EntryPoint) -> None:
        try:
            self._add(entry_point.load())
        except ConsoleError as error:
            self.broken[entry_point.name] = error
        except Exception as error:  # noqa: BLE001 - foreign code; it disables itself only
            self.broken[entry_point.name] = PermanentError(
                "plugin_unloadable",
                kind=self.KIND,
                name=entry_point.name,
                cause=f"{type(error).__name__}: {error}",
            )
        else:
            return
        _log.error("plugin left out: %s", self.broken[entry_point.name], exc_info=True)

    def _check(self, plugin: object) -> type[P]:
        if not (isinstance(plugin, type) and issubclass(plugin, self.BASE)) or inspect.isabstract(plugin):
            name = getattr(plugin, "__name__", str(plugin))
            raise PermanentError("plugin_no_class", kind=self.KIND, name=name)
        type_name = getattr(plugin, "TYPE", None)
        if not isinstance(type_name, str) or not _TYPE_PATTERN.match(type_name):
            raise PermanentError("plugin_bad_type", kind=self.KIND, name=plugin.__name__, type=str(type_name))
        model = getattr(plugin, "CONFIG", None)
        if not (isinstance(model, type) and issubclass(model, ConfigModel)):
            raise PermanentError("plugin_bad_config", kind=self.KIND, name=plugin.__name__)
        return cast("type[P]", plugin)

"""The kinds of channels that can be configured: the built-in ones and those of installed packages.

Owns finding and checking channel classes. The composition root builds it; section, registry and forms ask it.
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
from wxauto_mgt.core.notifications.contract import AnyChannel, Channel
from wxauto_mgt.errors import ConsoleError, PermanentError

_log = logging.getLogger(__name__)

ENTRY_POINT_GROUP: Final = "wxauto_mgt.channels"
_TYPE_PATTERN: Final = re.compile(r"[a-z][a-z0-9_]{0,31}\Z")

ChannelClass = type[AnyChannel]


class ChannelTypes:
    """Channel classes by their type.

    Args:
        built_in: this product's own channels; a wrong one is a bug.
        installed: entry points of other packages; a broken one disables itself only.

    Attributes:
        broken: entry point name -> why it is not among the types.
    """

    def __init__(self, built_in: Iterable[ChannelClass], *, installed: Iterable[EntryPoint] = ()) -> None:
        self._classes: dict[str, ChannelClass] = {}
        self._folders: list[Path] = []
        self.broken: dict[str, ConsoleError] = {}
        for channel in built_in:
            self._add(channel)
        for entry_point in installed:
            self._add_installed(entry_point)

    def names(self) -> tuple[str, ...]:
        """All types, built-in ones first."""
        return tuple(self._classes)

    def get(self, name: str) -> ChannelClass | None:
        """The channel class of a type."""
        return self._classes.get(name)

    def schemas(self) -> Mapping[str, dict[str, JSON]]:
        """JSON Schema, with form hints, of each type's `config`."""
        return {name: channel.CONFIG.model_json_schema() for name, channel in self._classes.items()}

    def text_folders(self) -> tuple[Path, ...]:
        """Where the texts of installed channels stand; the built-in ones' are in the catalogue."""
        return tuple(self._folders)

    def _add(self, channel: object) -> None:
        checked = _check(channel)
        if checked.TYPE in self._classes:
            raise PermanentError("channel_type_taken", type=checked.TYPE)
        self._classes[checked.TYPE] = checked

    def _add_installed(self, entry_point: EntryPoint) -> None:
        try:
            channel = entry_point.load()
            self._add(channel)
            self._folders.append(Path(inspect.getfile(channel)).parent / "texts")
        except ConsoleError as error:
            self.broken[entry_point.name] = error
        except Exception as error:  # noqa: BLE001 - foreign code; it disables itself only
            self.broken[entry_point.name] = PermanentError(
                "channel_plugin_unloadable", name=entry_point.name, cause=type(error).__name__
            )
        else:
            return
        _log.error("channel left out: %s", self.broken[entry_point.name], exc_info=True)


def installed_channels() -> tuple[EntryPoint, ...]:
    """The channels that other packages declare."""
    return tuple(entry_points(group=ENTRY_POINT_GROUP))


def _check(channel: object) -> ChannelClass:
    if not (isinstance(channel, type) and issubclass(channel, Channel)) or inspect.isabstract(channel):
        raise PermanentError("channel_plugin_no_class", name=getattr(channel, "__name__", str(channel)))
    name = getattr(channel, "TYPE", None)
    if not isinstance(name, str) or not _TYPE_PATTERN.match(name):
        raise PermanentError("channel_plugin_bad_type", name=channel.__name__, type=str(name))
    model = getattr(channel, "CONFIG", None)
    if not (isinstance(model, type) and issubclass(model, ConfigModel)):
        raise PermanentError("channel_plugin_bad_config", name=channel.__name__)
    return channel

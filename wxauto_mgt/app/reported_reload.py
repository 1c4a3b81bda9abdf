"""A reload of the configuration whose failure counts as an error of the console, not only of its caller."""

from __future__ import annotations

from typing import Final

from wxauto_mgt.core.config.model import Snapshot
from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.core.instances.episodes import Episodes
from wxauto_mgt.errors import ConsoleError

RELOAD: Final = "reload"


class ReportedReload:
    """What facade and window reload through."""

    def __init__(self, *, config: ConfigService, episodes: Episodes) -> None:
        self._config = config
        self._episodes = episodes

    @property
    def snapshot(self) -> Snapshot:
        """The configuration in force."""
        return self._config.snapshot

    async def reload(self) -> bool:
        """Read everything again; tell whether anything differs.

        Raises:
            ConsoleError: it could not be read; what was in force stays in force.
        """
        try:
            changed = await self._config.reload()
        except ConsoleError as error:
            self._episodes.failed(RELOAD, error)
            raise
        self._episodes.worked(RELOAD)
        return changed

"""The facade attached to a console in another process: same calls, same replies.

For programs that name a data folder themselves; `monitor_api` attaches by itself to the usual one.
"""

from __future__ import annotations

from wxauto_mgt.api.console_link import ConsoleLink
from wxauto_mgt.api.monitor_api import MonitorAPI, NotificationHandler
from wxauto_mgt.api.replies import JSON, Fields


class RemoteMonitorAPI(MonitorAPI):
    """The calls, answered by the console at the other end of a link."""

    def __init__(self, *, link: ConsoleLink) -> None:
        self._link = link

    async def _call(self, method: str, **arguments: JSON | NotificationHandler) -> Fields:
        return await self._link.call(method, arguments)

"""The listener service as people steer it: what they do stands in the audit log.

One per door (window, facade); the composition root builds them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wxauto_mgt.core.config.audit import AuditLog
from wxauto_mgt.core.listening.listener import MessageListener

SERVICE: Final = "service message_listener"


class AuditedControl:
    """Starts and stops the listener service in somebody's name.

    Args:
        who: asked at each act: the door that they came through, as the audit log names it.
    """

    def __init__(self, *, listener: MessageListener, audit: AuditLog, who: Callable[[], str]) -> None:
        self._listener = listener
        self._audit = audit
        self._who = who

    async def start(self) -> None:
        """Start what is stopped."""
        await self._listener.start()
        await self._note("service.start")

    async def stop(self) -> None:
        """Stop, also what is paused."""
        await self._listener.stop()
        await self._note("service.stop")

    async def pause(self) -> None:
        """Begin no new calls until resumed."""
        await self._listener.pause()
        await self._note("service.pause")

    async def resume(self) -> None:
        """Go on after a pause."""
        await self._listener.resume()
        await self._note("service.resume")

    async def restart(self) -> None:
        """Stop and start."""
        await self._listener.restart()
        await self._note("service.restart")

    async def _note(self, action: str) -> None:
        await self._audit.note(self._who(), action, SERVICE)

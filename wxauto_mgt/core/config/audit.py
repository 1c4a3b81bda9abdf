"""The audit log: who did what, when. It grows only; the database itself refuses to change or delete a line.

Whatever acts for a person (restart, repair, silence, replay, test send, refused token) calls it.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping, Sequence

from wxauto_mgt.core.config import store
from wxauto_mgt.core.config.store import AuditEntry
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.errors import ConsoleError, Fact
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.storage.database import Database

_log = logging.getLogger(__name__)


class AuditLog:
    """Appends and reads. Secrets are masked before anything is stored."""

    def __init__(self, *, db: Database, clock: Clock, redactor: Redactor) -> None:
        self._db = db
        self._clock = clock
        self._redactor = redactor

    async def audit(
        self, who: str, action: str, target: str, params: Mapping[str, Fact] | None = None
    ) -> None:
        """Record one act; returns once it is committed.

        Args:
            who: such as `window`, `cli`, `api:<token name>`.
            action: symbolic, dotted: `service.restart`; the sentence stands in the catalogue.
            target: what it was done to: `instance pc1`.
        """
        at = self._clock.now()
        masked = {
            name: value if isinstance(value, str | int | float | bool | None) else str(value)
            for name, value in self._redactor.redact_mapping(params or {}).items()
        }

        def append(tx: sqlite3.Connection) -> None:
            store.insert_audit(
                tx, at=at, who=who, action=action, target=self._redactor.redact_text(target), params=masked
            )

        await self._db.run(append)

    async def note(
        self, who: str, action: str, target: str, params: Mapping[str, Fact] | None = None
    ) -> None:
        """Record an act that is done; a disk that cannot take the line must not make it look refused."""
        try:
            await self.audit(who, action, target, params)
        except ConsoleError as error:
            _log.warning("not in the audit log: %s by %s: %s", action, who, error)

    async def entries(self, *, before: int | None = None, limit: int = 200) -> Sequence[AuditEntry]:
        """Read lines, newest first; `before` is the number of the last one seen."""
        return await store.read_audit(self._db, before=before, limit=limit)

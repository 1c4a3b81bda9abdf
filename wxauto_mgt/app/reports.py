"""Builds the health reports, and sends one every day through the channels where an operator wants that.

One part of the composition root; the application starts it, and its loop ends with all others.
"""

from __future__ import annotations

import logging
import math
from datetime import datetime, time
from typing import Final

from wxauto_mgt.api.answers import Answers
from wxauto_mgt.api.reports.document import as_text
from wxauto_mgt.api.reports.report_calls import HealthReports
from wxauto_mgt.app.ground import Ground
from wxauto_mgt.core.alerting.engine import AlertEngine
from wxauto_mgt.core.analysis.performance import PerformanceReader
from wxauto_mgt.core.analysis.settings import REPORTS, ReportsSettings
from wxauto_mgt.core.monitoring.checks.board import CheckBoard
from wxauto_mgt.core.monitoring.service_monitor import ServiceMonitor
from wxauto_mgt.core.notifications.model import Notification, NotificationKind, NotificationLevel
from wxauto_mgt.core.notifications.outbox import Outbox
from wxauto_mgt.errors import StorageError, StorageOverloaded
from wxauto_mgt.runtime.supervisor import Beat, Supervisor

_log = logging.getLogger(__name__)

DAILY_REPORT: Final = "daily_report"
_LOOKED_EVERY_S: Final = 20.0


class Reports:
    """The reports of one application.

    Attributes:
        health: writes them, for whoever asks.
    """

    def __init__(
        self,
        *,
        ground: Ground,
        monitor: ServiceMonitor,
        board: CheckBoard,
        engine: AlertEngine,
        performance: PerformanceReader,
        outbox: Outbox,
    ) -> None:
        self._ground = ground
        self._outbox = outbox
        self._told_day = ""
        self.health = HealthReports(
            monitor=monitor,
            services=board.report,
            alerts=engine.history,
            performance=performance,
            texts=ground.catalogue,
        )

    def start(self, supervisor: Supervisor) -> None:
        """Look from now on whether the day's report is due."""
        supervisor.start(DAILY_REPORT, self._run, stalled_after_s=math.inf)

    def answers(self) -> Answers:
        """What `monitor_api` is asked about reports."""
        return self.health.answers()

    async def _run(self, beat: Beat) -> None:
        while True:
            beat()
            try:
                await self.send_if_due()
            except (StorageError, StorageOverloaded) as error:
                _log.warning("the daily report waits: %s", error)
            await self._ground.clock.sleep(_LOOKED_EVERY_S)

    async def send_if_due(self) -> bool:
        """Send the report of today unless it was sent, also when the console did not run at its time.

        Raises:
            StorageError, StorageOverloaded: it could not be read or written; the next look tries again.
        """
        settings: ReportsSettings = self._ground.config.snapshot.settings(REPORTS)
        now = self._ground.clock.now()
        local = now.astimezone()
        day = local.date().isoformat()
        if not settings.daily_enabled or day == self._told_day or local.time() < _time_of(settings):
            return False
        key = f"{DAILY_REPORT}:{day}"
        if not await self._outbox.was_told(key):
            await self._outbox.post(await self._notification(key, now), routes=settings.channels or None)
        self._told_day = day
        return True

    async def _notification(self, key: str, now: datetime) -> Notification:
        document = await self.health.document()
        return Notification(
            key=key,
            kind=NotificationKind.REPORT,
            level=NotificationLevel.INFO,
            title=_literal(document.title),
            message=_literal(as_text(document)),
            at=now,
        )


def _time_of(settings: ReportsSettings) -> time:
    return time.fromisoformat(settings.daily_at)


def _literal(text: str) -> str:
    """Keep braces from being taken for placeholders."""
    return text.replace("{", "{{").replace("}", "}}")

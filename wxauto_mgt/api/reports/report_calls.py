"""Gathers what a report is made of, and answers the call of `MonitorAPI` about reports.

The composition root builds one; the daily report and the window's button ask it too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

from wxauto_mgt.api import arguments
from wxauto_mgt.api.answers import Answer, Answers
from wxauto_mgt.api.replies import JSON
from wxauto_mgt.api.reports.document import Document, as_html, as_markdown, as_text
from wxauto_mgt.api.reports.health_document import Findings, health_document
from wxauto_mgt.core.alerting.model import Alert
from wxauto_mgt.core.analysis.performance import PerformanceReader
from wxauto_mgt.core.monitoring.checks.contract import CheckReport
from wxauto_mgt.core.monitoring.service_monitor import ServiceMonitor
from wxauto_mgt.texts.catalogue import Catalogue

FORMATS: Final = ("markdown", "html", "text")
DAY_HOURS: Final = 24.0
_LONGEST_HOURS: Final = 31 * DAY_HOURS


class HealthReports:
    """Reports of one application, in the operator's language."""

    def __init__(
        self,
        *,
        monitor: ServiceMonitor,
        services: Callable[[], CheckReport],
        alerts: Callable[[float], Awaitable[Sequence[Alert]]],
        performance: PerformanceReader,
        texts: Catalogue,
    ) -> None:
        self._monitor = monitor
        self._services = services
        self._alerts = alerts
        self._performance = performance
        self._texts = texts

    def answers(self) -> Answers:
        """Return the answers by the name of the call."""
        return {"get_report": self._report}

    async def document(self, hours: float = DAY_HOURS) -> Document:
        """Write the report of this moment and the hours before it.

        Raises:
            StorageError: a database cannot be read.
        """
        found = Findings(
            health=await self._monitor.health_report(),
            services=self._services(),
            alerts=await self._alerts(hours),
            performance=await self._performance.read(timedelta(hours=hours)),
            hours=hours,
        )
        return health_document(found, self._texts)

    def render(self, document: Document, format_: str) -> str:
        """Render as one of `FORMATS`."""
        match format_:
            case "html":
                return as_html(document, language=self._texts.language.value.replace("_", "-"))
            case "markdown":
                return as_markdown(document)
            case _:
                return as_text(document)

    async def _report(self, format: JSON, hours: JSON) -> Answer:  # noqa: A002 - the facade's name for it
        if not isinstance(format, str) or format not in FORMATS:
            raise arguments.refused("format")
        reach_h = arguments.number(hours, "hours", above=0, most=_LONGEST_HOURS)
        return Answer(self.render(await self.document(reach_h), format))

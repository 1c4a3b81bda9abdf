"""Tells whether a maintenance window is open for a service.

The windows stand in the settings of alerts. The facade and the recoverer ask.
"""

from __future__ import annotations

from wxauto_mgt.core.alerting.settings import ALERTS, AlertsSettings
from wxauto_mgt.core.alerting.silences import EVERY_RULE
from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.runtime.clock import Clock


class MaintenanceOfServices:
    """The windows in force, as services see them."""

    def __init__(self, *, config: ConfigService, clock: Clock) -> None:
        self._config = config
        self._clock = clock

    def window(self, service: str) -> str | None:
        """Return the name of a window that is open for a service.

        A window about all rules is about all services; with labels, about those that have all of them:
        `service` with the name, and for `instance:ID` and `platform:ID` also `instance` or `platform`.
        """
        settings: AlertsSettings = self._config.snapshot.settings(ALERTS)
        kind, _, object_id = service.partition(":")
        labels = {("service", service), (kind, object_id)}
        now = self._clock.now()
        return next(
            (
                window.name
                for window in settings.maintenance
                if window.rule == EVERY_RULE
                and set(window.labels.items()) <= labels
                and window.is_active(now)
            ),
            None,
        )

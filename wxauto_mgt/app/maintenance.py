"""Tells whether a maintenance window is open for a service.

The windows stand in the settings of alerts. The facade and the recoverer ask.
"""

from __future__ import annotations

from typing import Final

from wxauto_mgt.core.alerting.model import labels_of
from wxauto_mgt.core.alerting.settings import ALERTS, AlertsSettings
from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.runtime.clock import Clock

REPAIRS: Final = "recovery"
"""What a window's `rule` says when it is about repairs only."""


class MaintenanceOfServices:
    """The windows in force, as services see them."""

    def __init__(self, *, config: ConfigService, clock: Clock) -> None:
        self._config = config
        self._clock = clock

    def window(self, service: str) -> str | None:
        """Return the name of a window that is open for a service; None = none is.

        One with labels is about the services that have them all: `service` with the name, and for
        `instance:ID` and `platform:ID` also `instance` or `platform`.
        """
        settings: AlertsSettings = self._config.snapshot.settings(ALERTS)
        kind, colon, object_id = service.partition(":")
        labels = labels_of({"service": service, **({kind: object_id} if colon else {})})
        now = self._clock.now()
        return next(
            (
                window.name
                for window in settings.maintenance
                if window.covers(REPAIRS, labels) and window.is_active(now)
            ),
            None,
        )

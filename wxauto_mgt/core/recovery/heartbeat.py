"""Lets the checks of all services beat, or stand still, while the console runs.

Owns whether they beat and since when; the runner checks, the board judges. The composition root builds one;
the facade steers it, the recoverer asks it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from wxauto_mgt.core.config.model import SETTINGS
from wxauto_mgt.core.config.notifier import ConfigChanged
from wxauto_mgt.core.monitoring.checks.contract import CheckReport, CheckStatus
from wxauto_mgt.core.recovery.settings import HEARTBEAT, HeartbeatSettings
from wxauto_mgt.errors import HeartbeatDisabled
from wxauto_mgt.runtime.clock import Clock

_log = logging.getLogger(__name__)

STOPPED: Final = "heartbeat_stopped"


class Schedule(Protocol):
    """The schedule of the checks; the runner is one."""

    def hold(self, reason_code: str) -> None:
        """Check nothing until `release`; nothing is known of any service meanwhile."""
        ...

    def release(self) -> None:
        """Check again."""
        ...


@dataclass(frozen=True)
class HeartbeatStatus:
    """What is said of the heartbeat.

    Attributes:
        last_check_at: of the newest check of any service; None before the first.
        services: status by name.
    """

    settings: HeartbeatSettings
    is_running: bool
    is_grace: bool
    last_check_at: datetime | None
    services: Mapping[str, CheckStatus]


class Heartbeat:
    """Use it on the loop's thread; `begin` comes before the runner's loop starts."""

    def __init__(
        self,
        *,
        schedule: Schedule,
        report: Callable[[], CheckReport],
        settings: Callable[[], HeartbeatSettings],
        clock: Clock,
    ) -> None:
        self._schedule = schedule
        self._report = report
        self._settings = settings
        self._clock = clock
        self._started_s: float | None = None

    @property
    def is_running(self) -> bool:
        """Whether services are checked."""
        return self._started_s is not None

    @property
    def is_grace(self) -> bool:
        """Whether it began so lately that failures prove nothing yet."""
        if self._started_s is None:
            return False
        return self._clock.monotonic() - self._started_s < self._settings().grace_in_force_s

    def begin(self) -> None:
        """Beat with the console where that is wanted, else wait for somebody to start it."""
        settings = self._settings()
        if settings.enabled and settings.auto_start:
            self._start()
        else:
            self._schedule.hold(STOPPED)

    def start(self) -> None:
        """Check from now on; one that runs goes on as before.

        Raises:
            HeartbeatDisabled: the settings forbid it.
        """
        self._refuse_disabled()
        self._start()

    def stop(self) -> None:
        """Check nothing from now on; all services are unknown until a start.

        Raises:
            HeartbeatDisabled: the settings forbid it, so that it never ran.
        """
        self._refuse_disabled()
        self._stop()

    def follow(self, change: ConfigChanged) -> None:
        """Stop when the settings forbid the heartbeat, beat again when they allow it. A subscriber."""
        before, after = change.before, change.after
        if (change.kind, change.id) != (SETTINGS, HEARTBEAT) or not isinstance(after, HeartbeatSettings):
            return
        was_enabled = isinstance(before, HeartbeatSettings) and before.enabled
        if not after.enabled:
            self._stop()
        elif not was_enabled and after.auto_start:
            self._start()

    def status(self) -> HeartbeatStatus:
        """Tell how it stands."""
        found = self._report().services
        checked_at = [health.last_check_at for health in found.values() if health.last_check_at is not None]
        return HeartbeatStatus(
            settings=self._settings(),
            is_running=self.is_running,
            is_grace=self.is_grace,
            last_check_at=max(checked_at, default=None),
            services={name: health.status for name, health in found.items()},
        )

    def _refuse_disabled(self) -> None:
        if not self._settings().enabled:
            raise HeartbeatDisabled("heartbeat_disabled")

    def _start(self) -> None:
        if self.is_running:
            return
        self._started_s = self._clock.monotonic()
        self._schedule.release()
        _log.info("heartbeat started", extra={"interval_s": self._settings().check_interval})

    def _stop(self) -> None:
        if not self.is_running:
            return
        self._started_s = None
        self._schedule.hold(STOPPED)
        _log.info("heartbeat stopped")

"""What the monitor answers: status, statistics, the whole report, and the event of a changed score.

Owns no behaviour. `ServiceMonitor` makes these; the facade turns them into replies, the window into widgets.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wxauto_mgt.core.listening.model import ListenerStatus
from wxauto_mgt.core.messages.history.figures import DeliveryFigures
from wxauto_mgt.core.metrics.readings import ProcessFigures
from wxauto_mgt.core.monitoring.error_episodes import ErrorEpisode
from wxauto_mgt.core.monitoring.facts import ClientStatus, ServiceState
from wxauto_mgt.core.monitoring.health_score import HealthScore


@dataclass(frozen=True)
class HealthScoreChanged:
    """Score or status became another; published on the bus."""

    before: HealthScore | None
    after: HealthScore


@dataclass(frozen=True)
class ServiceStatus:
    """The listener service and the process that it runs in.

    Attributes:
        uptime_s: since the service started, pauses included; 0 while it is stopped.
        error_count: over the last hour.
        process: None until sampled.
    """

    state: ServiceState
    uptime_s: float
    loop_count: int
    error_count: int
    last_error: ErrorEpisode | None
    process: ProcessFigures | None


@dataclass(frozen=True)
class ClientReport:
    """One enabled instance with its errors of the last hour."""

    status: ClientStatus
    error_count: int
    last_error: ErrorEpisode | None


@dataclass(frozen=True)
class Statistics:
    """What was done since the console started.

    Attributes:
        messages_processed: other people's rows committed.
        error_ratio: failed of all API calls and deliveries of the last hour; 0.0 when there was none.
        delivery: what became of the rows of this run.
    """

    messages_processed: int
    total_errors: int
    api_calls: int
    listeners_added: int
    listeners_removed: int
    config_reloads: int
    uptime_s: float
    started_at: datetime | None
    error_ratio: float
    recent_error_count: int
    delivery: DeliveryFigures


@dataclass(frozen=True)
class HealthReport:
    """Everything about the console's health at one moment."""

    at: datetime
    health: HealthScore
    service: ServiceStatus
    clients: tuple[ClientReport, ...]
    listeners: tuple[ListenerStatus, ...]
    statistics: Statistics
    recent_errors: tuple[ErrorEpisode, ...]

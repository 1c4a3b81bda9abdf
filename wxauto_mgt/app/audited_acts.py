"""Alerts and notices as an operator at the window deals with them: what is done stands in the audit log.

The composition root builds them; calls of the facade are noted by the facade itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from wxauto_mgt.core.alerting.engine import AlertEngine
from wxauto_mgt.core.alerting.model import Alert, AlertRule, Labels
from wxauto_mgt.core.alerting.silences import Silence
from wxauto_mgt.core.config.audit import AuditLog
from wxauto_mgt.core.notifications.model import ChannelFigures, DeliveryRecord, DeliveryState
from wxauto_mgt.core.notifications.outbox import Outbox


class AuditedAlerts:
    """The alerts of one application, for those who come through one door."""

    def __init__(self, *, engine: AlertEngine, audit: AuditLog, who: str) -> None:
        self._engine = engine
        self._audit = audit
        self._who = who

    def rules(self) -> Mapping[str, AlertRule]:
        """The rules in force by id."""
        return self._engine.rules()

    def active(self) -> tuple[Alert, ...]:
        """The alerts that are not resolved, the worst first."""
        return self._engine.active()

    async def history(self, hours: float) -> tuple[Alert, ...]:
        """The alerts of the last hours, newest first."""
        return await self._engine.history(hours)

    def silences(self) -> tuple[Silence, ...]:
        """The silences that have not ended."""
        return self._engine.silences()

    async def acknowledge(self, alert: str, *, owner: str, note: str) -> Alert:
        """Somebody takes care of an alert."""
        taken = await self._engine.acknowledge(alert, owner=owner, note=note)
        await self._audit.note(self._who, "alert.acknowledge", f"alert {alert}", {"owner": owner})
        return taken

    async def silence(self, *, rule: str, labels: Labels, duration_s: float, who: str, note: str) -> Silence:
        """Keep notices back from now on."""
        made = await self._engine.silence(rule=rule, labels=labels, duration_s=duration_s, who=who, note=note)
        await self._audit.note(
            self._who, "alert.silence", f"alert_rule {rule}", {"silence": made.id, "duration_s": duration_s}
        )
        return made

    async def end_silence(self, silence_id: int) -> None:
        """End a silence now."""
        await self._engine.end_silence(silence_id)
        await self._audit.note(self._who, "alert.end_silence", f"silence {silence_id}")


class AuditedOutbox:
    """The notices of one application, for those who come through one door."""

    def __init__(self, *, outbox: Outbox, audit: AuditLog, who: str) -> None:
        self._outbox = outbox
        self._audit = audit
        self._who = who

    async def history(
        self, *, since: datetime, states: Sequence[DeliveryState] = tuple(DeliveryState), limit: int = 200
    ) -> list[DeliveryRecord]:
        """Deliveries, newest first."""
        return await self._outbox.history(since=since, states=states, limit=limit)

    async def figures(self) -> Mapping[str, ChannelFigures]:
        """How the channels have been doing, by id."""
        return await self._outbox.figures()

    async def resend(self, delivery_id: int) -> str:
        """Send a failed delivery again; returns its channel."""
        channel_id = await self._outbox.resend(delivery_id)
        await self._audit.note(self._who, "notification.resend", f"notification {delivery_id}")
        return channel_id

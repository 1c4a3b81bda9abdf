"""What an operator does about alerts and notices stands in the audit log."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.environment import FREE_PORT
from wxauto_mgt.app import Application
from wxauto_mgt.app.audited_acts import AuditedAlerts, AuditedOutbox
from wxauto_mgt.core.config.model import JSON, Put
from wxauto_mgt.errors import PermanentError


async def test_acts_are_noted_and_refused_ones_are_not(tmp_path: Path) -> None:
    console = await Application.open(data_dir=tmp_path, environment=FREE_PORT)
    rule: dict[str, JSON] = {"id": "r", "metric_name": "m", "threshold": 1.0, "for_s": 0.0}
    await console.config.apply([Put("alert_rule", "r", rule)], who="test")
    audit = console.ground.audit
    alerts = AuditedAlerts(engine=console.alerting.engine, audit=audit, who="window")
    outbox = AuditedOutbox(outbox=console.notifications.outbox, audit=audit, who="window")
    console.metering.registry.record("m", 5.0)
    await console.alerting.engine.evaluate()
    [alert] = alerts.active()
    await alerts.acknowledge(alert.id, owner="li", note="")
    silence = await alerts.silence(rule="r", labels=(), duration_s=60.0, who="li", note="")
    await alerts.end_silence(silence.id)
    with pytest.raises(PermanentError):
        await outbox.resend(7)
    noted = [(entry.who, entry.action, entry.target) for entry in await audit.entries(limit=3)]
    assert noted == [
        ("window", "alert.end_silence", f"silence {silence.id}"),
        ("window", "alert.silence", "alert_rule r"),
        ("window", "alert.acknowledge", f"alert {alert.id}"),
    ]
    await console.stop()

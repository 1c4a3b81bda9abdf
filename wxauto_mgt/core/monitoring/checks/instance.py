"""Checks an instance by the evidence that its probe and pollers gathered; makes no call of its own."""

from __future__ import annotations

from wxauto_mgt.core.monitoring.checks.contract import CheckResult, Outcome
from wxauto_mgt.core.monitoring.facts import ClientStatus, MonitoredFacts
from wxauto_mgt.errors import Fact


class InstanceCheck:
    """Reads whether there is proof that a WeChat works behind the server."""

    def __init__(self, *, instance_id: str, facts: MonitoredFacts) -> None:
        self._instance_id = instance_id
        self._facts = facts

    async def run(self) -> CheckResult:
        """Judge what is known."""
        client = next(
            (client for client in self._facts.clients() if client.instance_id == self._instance_id), None
        )
        if client is None or client.connected is None:
            return CheckResult(Outcome.UNKNOWN, "instance_not_measured", {"instance": self._instance_id})
        params: dict[str, Fact] = {"instance": self._instance_id}
        if client.connected:
            return CheckResult(Outcome.OK, "instance_connected", params, _evidence(client))
        return CheckResult(Outcome.FAILED, "instance_not_connected", params, _evidence(client))


def _evidence(client: ClientStatus) -> dict[str, Fact]:
    """Flatten: `sessions.count`, `sessions.at`, ..., the newest of each kind."""
    found: dict[str, Fact] = {
        "initialized": client.initialized,
        "probe_rounds": client.probe_rounds,
        "kinds": ", ".join(dict.fromkeys(str(item.get("kind")) for item in client.evidence)),
    }
    for item in client.evidence:
        for name, value in item.items():
            if name != "kind":
                found.setdefault(f"{item.get('kind')}.{name}", value)
    return found

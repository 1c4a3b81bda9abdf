"""The calls that instance repairs share: through the instance's own gate and budget, told to its liveness."""

from __future__ import annotations

from typing import Final

from wxauto_mgt.core.instances import routes
from wxauto_mgt.core.instances.gate import GateBusy, GateShut
from wxauto_mgt.core.instances.http_errors import may_still_run
from wxauto_mgt.core.instances.instance import Instance
from wxauto_mgt.core.recovery.actions.contract import RepairContext, RepairResult
from wxauto_mgt.errors import Fact, InstanceError

GATE_WAIT_S: Final = 30.0


async def probe(instance: Instance, evidence: dict[str, Fact]) -> None:
    """Ask for the server's health.

    Raises:
        InstanceError: no usable answer.
    """
    await instance.budget.wait(routes.HEALTH)
    health = await instance.client.health()
    evidence["uptime_s"] = health.uptime_s
    evidence["wechat_status"] = health.wechat_status


async def initialize(instance: Instance, evidence: dict[str, Fact]) -> None:
    """Initialise through the gate, and let liveness know.

    Raises:
        InstanceError, GateBusy, GateShut: it was not done, or may still be under way.
    """
    await instance.budget.wait(routes.INITIALIZE)
    async with instance.gate.hold("initialize", timeout_s=GATE_WAIT_S):
        try:
            await instance.client.initialize()
        except InstanceError as error:
            instance.liveness.call_failed(error)
            instance.liveness.initialized(done=False)
            raise
    instance.liveness.initialized(done=True)
    evidence["initialized"] = True


async def list_sessions(instance: Instance, evidence: dict[str, Fact]) -> int:
    """Ask for the session list through the gate; an empty one is no sign of life.

    Raises:
        InstanceError, GateBusy, GateShut: there was none.
    """
    await instance.budget.wait(routes.SESSIONS)
    async with instance.gate.hold("get-session", timeout_s=GATE_WAIT_S):
        names = await instance.client.sessions()
    instance.liveness.sessions_listed(len(names))
    evidence["sessions"] = len(names)
    return len(names)


def verify_again(instance: Instance, context: RepairContext, evidence: dict[str, Fact]) -> None:
    """Take no listener for granted any more."""
    evidence["listeners_verified_again"] = context.listener.verify_listeners(instance.id)


def failure(
    error: InstanceError | GateBusy | GateShut, instance: Instance, evidence: dict[str, Fact]
) -> RepairResult:
    """Say what went wrong."""
    evidence["cause"] = error.code
    if isinstance(error, InstanceError) and may_still_run(error):
        return RepairResult.unknown("instance_call_lost", instance=instance.id, evidence=evidence)
    return RepairResult.failed("instance_call_failed", instance=instance.id, evidence=evidence)

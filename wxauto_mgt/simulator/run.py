"""A simulated server with its scripted chats as one service, ended by cancellation.

Called by `main.py simulate` and by `python -m wxauto_mgt.simulator`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from wxauto_mgt.simulator.config import SimulatorConfig, lifelike
from wxauto_mgt.simulator.control import control_face
from wxauto_mgt.simulator.fault_schedule import FaultSchedule
from wxauto_mgt.simulator.script import DemoScript
from wxauto_mgt.simulator.server import SimulatedServer


async def run(
    *,
    port: int = 5000,
    seed: int = 1,
    host: str = "127.0.0.1",
    messages_per_minute: float = 12.0,
    trouble_every_s: float = 0.0,
    config: SimulatorConfig | None = None,
    control: bool = False,
    on_ready: Callable[[str], None] = lambda base_url: None,
) -> None:
    """Serve until cancelled.

    Args:
        port: 0 takes a free one.
        messages_per_minute: pace of the scripted chats; 0 means silence.
        trouble_every_s: mean pause between faults; 0 means none.
        config: settings of the server; by default lifelike ones with this seed.
        on_ready: called with the base URL once the server listens.

    Raises:
        OSError: the port is taken.
    """
    server = SimulatedServer(config or lifelike(seed=seed), control=control_face if control else None)
    script = DemoScript(seed=seed, messages_per_minute=messages_per_minute or 1.0)
    script.populate(server.world)
    on_ready(await server.start(host, port))
    try:
        async with asyncio.TaskGroup() as group:
            if messages_per_minute:
                group.create_task(script.run(server.world))
            if trouble_every_s:
                schedule = FaultSchedule(seed=seed, mean_pause_s=trouble_every_s)
                group.create_task(schedule.run(server))
            await asyncio.Event().wait()
    finally:
        await server.stop()

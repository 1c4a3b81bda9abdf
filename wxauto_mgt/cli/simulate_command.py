"""`simulate`: a stand-in WXAUTO-HTTP-API server with scripted chats, until Ctrl-C."""

from __future__ import annotations

import asyncio
from typing import Final

from wxauto_mgt.cli.commands import Simulate
from wxauto_mgt.cli.terminal import ExitStatus, Terminal
from wxauto_mgt.runtime.platform import install_stop_signals
from wxauto_mgt.simulator import lifelike
from wxauto_mgt.simulator.run import run

_SEED: Final = 1


async def simulate(command: Simulate, terminal: Terminal) -> ExitStatus:
    """Serve until a request to stop comes; tell the address and the key once it listens."""
    config = lifelike(seed=_SEED)

    def announce(base_url: str) -> None:
        terminal.say("cli.simulator_ready", url=base_url, api_key=config.api_key)
        terminal.out.flush()

    task = asyncio.current_task()

    def stop() -> None:
        if task is not None:
            task.cancel()

    uninstall = install_stop_signals(asyncio.get_running_loop(), stop)
    try:
        await run(port=command.port, seed=_SEED, config=config, on_ready=announce)
    except OSError as error:
        terminal.complain("cli.simulator_failed", port=command.port, reason=error.strerror)
        return ExitStatus.FAILED
    except asyncio.CancelledError:
        # The top of the program: nobody above waits for the cancellation that our own signal made.
        return ExitStatus.OK
    finally:
        uninstall()
    return ExitStatus.OK

"""The console without a window: runs until a signal or the given duration ends it.

Called by the command line.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys

from wxauto_mgt.app.application import Application
from wxauto_mgt.run_options import RunOptions, resolve_data_dir
from wxauto_mgt.runtime.interpreter import keep_started_objects, share_finely
from wxauto_mgt.runtime.platform import install_stop_signals


def run_headless(options: RunOptions) -> int:
    """Run to the end; returns the exit status.

    Raises:
        ConsoleError: it could not start.
    """
    share_finely()
    return asyncio.run(_run(options), debug=options.debug)


async def _run(options: RunOptions) -> int:
    stop_wanted = asyncio.Event()
    restore_signals = install_stop_signals(asyncio.get_running_loop(), stop_wanted.set)
    try:
        data_dir = resolve_data_dir(options, os.environ)
        application = await Application.open(data_dir=data_dir, environment=os.environ, demo=options.demo)
        try:
            application.notifications.use_terminal()
            await application.start()
            keep_started_objects()
            _say(application, "headless.ready", path=str(data_dir))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(options.duration_s):
                    await stop_wanted.wait()
            _say(application, "headless.stopping")
        finally:
            failures = await application.stop(report=options.report)
    finally:
        restore_signals()
    return 1 if failures else 0


def _say(application: Application, key: str, **params: str) -> None:
    sys.stdout.write(application.ground.catalogue.text(key, **params) + "\n")
    sys.stdout.flush()

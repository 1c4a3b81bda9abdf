"""`python -m wxauto_mgt.simulator`: one server per process, for end-to-end tests.

Prints its URL in one line when ready; ends on SIGINT, SIGTERM, or when a piped standard input closes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable

from wxauto_mgt.simulator.config import Family, Library, SimulatorConfig
from wxauto_mgt.simulator.run import run


def main() -> int:
    """Parse arguments, serve, end cleanly."""
    options = _parser().parse_args()
    config = SimulatorConfig(
        seed=options.seed,
        api_key=options.api_key,
        family=Family(options.family),
        library=Library(options.library),
        rate_limit_per_minute=options.rate_limit,
        echo_delay_s=options.echo_delay,
        latency_s=options.latency,
    )
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        asyncio.run(_serve(options, config))
    return 0


async def _serve(options: argparse.Namespace, config: SimulatorConfig) -> None:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is None:
        return
    _end_on_signal(loop, task.cancel)
    _end_with_stdin(loop, task.cancel)
    await run(
        port=options.port,
        seed=options.seed,
        messages_per_minute=options.messages_per_minute,
        trouble_every_s=options.trouble_every,
        config=config,
        control=options.control,
        on_ready=_announce,
    )


def _announce(base_url: str) -> None:
    sys.stdout.write(base_url + "\n")
    sys.stdout.flush()


def _end_on_signal(loop: asyncio.AbstractEventLoop, end: Callable[[], object]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, end)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(end))


def _end_with_stdin(loop: asyncio.AbstractEventLoop, end: Callable[[], object]) -> None:
    # Only a pipe says that a parent process is there; a terminal or /dev/null does not.
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return

    def watch() -> None:
        while os.read(0, 4096):
            pass
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(end)

    threading.Thread(target=watch, name="stdin-watch", daemon=True).start()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m wxauto_mgt.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--api-key", default="test-key-2")
    parser.add_argument("--control", action="store_true", help="answer /__sim__/ commands")
    parser.add_argument("--family", choices=[family.value for family in Family], default="39")
    parser.add_argument("--library", choices=[library.value for library in Library], default="wxauto")
    parser.add_argument("--rate-limit", type=int, default=0, help="calls per minute and route; 0 = off")
    parser.add_argument("--echo-delay", type=float, default=0.05)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--messages-per-minute", type=float, default=0.0, help="scripted chats; 0 = silence")
    parser.add_argument("--trouble-every", type=float, default=0.0, help="mean seconds between faults")
    return parser


if __name__ == "__main__":
    sys.exit(main())

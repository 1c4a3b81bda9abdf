"""Runs what may block for ever (a dead network drive, a foreign program) in a thread of its own.

The loop's shared threads would be used up by a check that hangs at each run. Kinds of checks call it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from wxauto_mgt.errors import TransientError

T = TypeVar("T")


class StillRunning(TransientError):
    """What an earlier run began has not come back."""


class OwnThread:
    """At most one thread at a time; a call that is given up goes on in it and is told so.

    Args:
        name: of the thread, for debugging.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_free = threading.Event()
        self._is_free.set()

    async def call(self, work: Callable[[threading.Event], T]) -> T:
        """Return what `work` returns, or raise what it raises.

        Args:
            work: gets an event that is set when nobody waits for it any more.

        Raises:
            StillRunning: an earlier call has not come back; nothing was begun.
        """
        if not self._is_free.is_set():
            raise StillRunning("check_still_running")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        given_up = threading.Event()

        def tell(value: T | None, error: BaseException | None) -> None:
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(value)  # type: ignore[arg-type]  # None only where T allows it

        def run() -> None:
            value, error = None, None
            try:
                value = work(given_up)
            except BaseException as raised:  # noqa: BLE001 - raised again where it is waited for
                error = raised
            self._is_free.set()
            if not given_up.is_set():
                try:
                    loop.call_soon_threadsafe(tell, value, error)
                except RuntimeError:  # the loop ended meanwhile; nobody waits
                    return

        # A daemon: a thread that never comes back must not keep the console from ending.
        thread = threading.Thread(target=run, name=self._name, daemon=True)
        self._is_free.clear()
        try:
            thread.start()
        except RuntimeError:  # the system allows no more threads
            self._is_free.set()
            raise
        try:
            return await answer
        finally:
            given_up.set()

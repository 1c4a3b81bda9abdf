"""Which calls of an instance are under way, and whether new ones may begin."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from wxauto_mgt.errors import TransientError


class Halted(TransientError):
    """Listening was stopped or paused; no new call begins."""


class Activity:
    """Calls under way, by name. Stopping is: halt, wait until idle, then cut off what is left."""

    def __init__(self) -> None:
        self._under_way: list[str] = []
        self._is_halted = False
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def under_way(self) -> tuple[str, ...]:
        """Calls that have begun and are not dealt with yet, in order of their beginning."""
        return tuple(self._under_way)

    def halt(self) -> None:
        """From now on no call begins."""
        self._is_halted = True

    def resume(self) -> None:
        """Calls may begin again."""
        self._is_halted = False

    @contextmanager
    def call(self, name: str) -> Iterator[None]:
        """Surround a call, and the commit of what it brought.

        Raises:
            Halted: it must not begin.
        """
        if self._is_halted:
            raise Halted("listening_halted", call=name)
        self._under_way.append(name)
        self._idle.clear()
        try:
            yield
        finally:
            self._under_way.remove(name)
            if not self._under_way:
                self._idle.set()

    async def wait_idle(self, timeout_s: float) -> tuple[str, ...]:
        """Wait until nothing is under way; returns what still is after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            pass
        return self.under_way

"""A process that runs, with all that it began: whether it lives, and how it is ended without a rest.

Owns the child and the thread that reads its output. `ManagedProcess` has one while something may live.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final

import psutil

from wxauto_mgt.core.recovery.processes.output import ProcessOutput
from wxauto_mgt.core.recovery.processes.store import Launch
from wxauto_mgt.runtime import process_tree
from wxauto_mgt.runtime.output_pump import OutputPump
from wxauto_mgt.runtime.platform import ask_to_stop
from wxauto_mgt.runtime.process_tree import ProcessIdentity

_LOOK_S: Final = 0.02
_CHILDREN_END_WITHIN_S: Final = 2.0
_READER_ENDS_WITHIN_S: Final = 2.0


class RunningTree:
    """One launch, until nothing of it is left. Use it on the loop's thread.

    Args:
        child: None when an earlier console started it.
    """

    def __init__(self, *, launch: Launch, child: subprocess.Popen[bytes] | None) -> None:
        self.launch = launch
        self._child = child
        self._pump: OutputPump | None = None
        self._known: set[ProcessIdentity] = set()

    @property
    def identity(self) -> ProcessIdentity | None:
        """The process itself; None when nobody knows which it was."""
        return self.launch.identity

    @property
    def is_adopted(self) -> bool:
        """Whether an earlier console started it."""
        return self._child is None

    @property
    def exit_code(self) -> int | None:
        """Of the process itself; None while it lives, and for ever where it is not our child."""
        return self._child.returncode if self._child is not None else None

    def listen(self, output: ProcessOutput, on_end: Callable[[], None]) -> None:
        """Read what it writes from now on.

        Args:
            on_end: called on the loop when nothing more can come.
        """
        if self._child is None or self._child.stdout is None:
            return
        loop = asyncio.get_running_loop()

        def ended() -> None:
            output.end()
            try:
                loop.call_soon_threadsafe(on_end)
            except RuntimeError:  # the loop is closed: nobody waits any more
                return

        output.begin()
        service = self.launch.service
        self._pump = OutputPump(name=service, pipe=self._child.stdout, take=output.take, on_end=ended)
        self._pump.start()

    def remember(self, descendants: Iterable[ProcessIdentity]) -> None:
        """Take note of descendants that were seen: they are ended with it, whoever their parent is then."""
        self._known.update(descendants)

    async def is_alive(self) -> bool:
        """Whether the process itself runs."""
        if self._child is not None:
            return self._child.poll() is None
        if self.identity is None:
            return False
        found = await asyncio.to_thread(process_tree.find, self.identity, marker=self.launch.marker)
        return found is not None

    async def ask_to_end(self, timeout_s: float) -> None:
        """Ask it politely, and give it time."""
        if self.identity is None or not await self.is_alive():
            return
        # Seen while they still have their parent.
        self.remember(await asyncio.to_thread(_identities, await self._family()))
        if ask_to_stop(self.identity.pid):
            await _until(self._has_ended, timeout_s)

    async def clear_up(self) -> int:
        """End what is left at once, and read the last that it wrote.

        Returns:
            The id of what cannot be ended; 0 when nothing is left.
        """
        family = await self._family()
        if family and not await self.is_alive():
            # The process itself is gone: those that it began were not asked yet.
            await asyncio.to_thread(process_tree.terminate, family)
            await _until(lambda: _are_gone(family), _CHILDREN_END_WITHIN_S)
            family = await self._family()
        while family:
            await asyncio.to_thread(process_tree.kill, family)
            await _until(lambda: _are_gone(family), process_tree.KILLED_WITHIN_S)  # noqa: B023 - now
            left = await asyncio.to_thread(process_tree.alive, family)
            if left:
                return left[0].pid
            family = await self._family()  # one may have begun another one meanwhile
        await _until(self._has_ended, process_tree.KILLED_WITHIN_S)
        return 0

    async def close(self) -> bool:
        """End the reader; False when it does not end."""
        pump, self._pump = self._pump, None
        return pump is None or await asyncio.to_thread(pump.stop, _READER_ENDS_WITHIN_S)

    async def _has_ended(self) -> bool:
        return not await self.is_alive()

    async def _family(self) -> list[psutil.Process]:
        return await asyncio.to_thread(
            process_tree.relatives, self.identity, marker=self.launch.marker, known=tuple(self._known)
        )


def _identities(processes: Iterable[psutil.Process]) -> list[ProcessIdentity]:
    found = (process_tree.identity_of(process.pid) for process in processes)
    return [identity for identity in found if identity is not None]


async def _are_gone(processes: list[psutil.Process]) -> bool:
    return not await asyncio.to_thread(process_tree.alive, processes)


async def _until(is_so: Callable[[], Coroutine[Any, Any, bool]], timeout_s: float) -> None:
    """Wait for a condition, `timeout_s` at most."""
    # Real time, not the injected clock: a stop must end even while a test's clock stands still. And no event
    # tells of a process that is not our child.
    try:
        async with asyncio.timeout(timeout_s):
            while not await is_so():  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        return

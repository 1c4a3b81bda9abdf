"""Keeps one instance initialised and its listened windows as they should be; carries out what the set says.

Every call that moves the desktop passes the UI gate.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from wxauto_mgt.core.instances import routes
from wxauto_mgt.core.instances.gate import GateBusy, GateShut
from wxauto_mgt.core.instances.instance import Instance
from wxauto_mgt.core.instances.model import WindowInfo, WindowState
from wxauto_mgt.core.listening.activity import Activity, Halted
from wxauto_mgt.core.listening.listener_book import ListenerBook
from wxauto_mgt.core.listening.listener_entry import Listener, Standing, is_title_of
from wxauto_mgt.core.listening.model import ListenerKind
from wxauto_mgt.errors import InstanceError, InstanceRejected, StorageError, StorageOverloaded, TransientError
from wxauto_mgt.runtime.alarm import Alarm
from wxauto_mgt.runtime.backoff import Backoff
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.supervisor import Beat

INITIALIZE: Final = "initialize"
LISTENER_ADD: Final = "listener_add"
LISTENER_REMOVE: Final = "listener_remove"
LISTENER_SWEEP: Final = "listener_sweep"
LISTENER_STATE: Final = "listener_state"
INITIALIZE_RETRY: Final = Backoff(base_s=2.0, cap_s=30.0)


class ListenerNotVerified(TransientError):
    """A window was asked for and is not there."""


@dataclass(frozen=True)
class KeeperTimings:
    """Judgement calls, in seconds; tests shorten them.

    Attributes:
        sweep_interval_s: from one look at the open windows to the next; well below the life of a proof.
        gate_wait_s: longest wait for the gate before the rest of a round is put off.
        drain_wait_s: longest wait for the rows of a window that is to be closed.
        put_off_s: pause after a round that could not be finished.
    """

    sweep_interval_s: float = 60.0
    gate_wait_s: float = 60.0
    drain_wait_s: float = 10.0
    put_off_s: float = 5.0
    initialize_retry: Backoff = INITIALIZE_RETRY


class ListenerKeeper:
    """The upkeep loop of one instance.

    Args:
        permanent: the configured listeners of this instance; asked each round.
        drain: reads listened windows until empty; False when that did not succeed in time.
        on_initialized: the server is ready to be read.
        on_opened: a window was opened: rows may have come to the main window meanwhile.
    """

    def __init__(
        self,
        *,
        instance: Instance,
        book: ListenerBook,
        activity: Activity,
        clock: Clock,
        permanent: Callable[[], Mapping[str, ListenerKind]],
        drain: Callable[[float], Coroutine[Any, Any, bool]],
        on_initialized: Callable[[], None],
        on_opened: Callable[[], None],
        timings: KeeperTimings,
    ) -> None:
        self._instance = instance
        self._book = book
        self._activity = activity
        self._clock = clock
        self._permanent = permanent
        self._drain = drain
        self._on_initialized = on_initialized
        self._on_opened = on_opened
        self._timings = timings
        self._alarm = Alarm()
        self._rng = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._failed_initializations = 0
        self._titles: frozenset[str] = frozenset()
        self._next_sweep_s = float("-inf")

    def wake(self) -> None:
        """Look now."""
        self._alarm.ring()

    async def run(self, beat: Beat) -> None:
        """Keep until halted or cancelled."""
        while True:
            beat()
            try:
                pause_s = await self._round() if await self._load() else self._timings.put_off_s
            except Halted:
                return
            finally:
                await self._save()
            await self._alarm.wait(pause_s)

    async def _round(self) -> float:
        """Do what is due; returns the pause until the next look."""
        if self._instance.liveness.state().initialized is not True and not await self._initialize():
            return self._timings.initialize_retry.delay_s(self._failed_initializations, self._rng)
        self._book.sync(self._permanent())
        self._book.listeners.expire(self._clock.monotonic())
        try:
            await self._close_windows()
            if self._clock.monotonic() >= self._next_sweep_s:
                await self._sweep()
            await self._check_unclear()
            # While WeChat is gone, opening windows only fails and makes the pauses grow.
            if self._instance.liveness.state().connected is not False:
                await self._open_wanted()
        except Halted:
            raise
        except (GateBusy, GateShut):
            return self._timings.put_off_s
        except InstanceError as error:
            self._instance.liveness.call_failed(error)
            self._instance.episodes.failed(LISTENER_SWEEP, error)
            return self._timings.put_off_s
        self._instance.episodes.worked(LISTENER_SWEEP)
        # What is due was done; what still is could not be, and waits a little.
        due_s = min(self._next_sweep_s, self._book.listeners.next_due_s())
        return max(due_s - self._clock.monotonic(), self._timings.put_off_s)

    async def _initialize(self) -> bool:
        try:
            async with self._on_desktop(routes.INITIALIZE):
                await self._instance.client.initialize()
        except (GateBusy, GateShut):
            self._failed_initializations += 1
            return False
        except InstanceError as error:
            self._failed_initializations += 1
            self._instance.liveness.call_failed(error)
            self._instance.liveness.initialized(done=False)
            self._instance.episodes.failed(INITIALIZE, error)
            return False
        self._failed_initializations = 0
        self._instance.episodes.worked(INITIALIZE)
        self._instance.liveness.initialized(done=True)
        self._on_initialized()
        self._next_sweep_s = float("-inf")
        return True

    async def _close_windows(self) -> None:
        """Close the windows of listeners that leave, and those that belong to other chats."""
        for entry in (*self._book.listeners.leaving(), *self._book.listeners.wrong()):
            if entry.may_have_window:
                self._instance.windows.gone(entry.who)
                # Closing discards rows that nobody read yet. While reading fails, nothing is closed.
                if not await self._drain(self._timings.drain_wait_s):
                    return
                if not await self._close(entry):
                    continue
            if entry.leaving is not None:
                self._book.removed(entry)
            else:
                self._book.wrong_closed(entry)
                self._report_not_verified(entry, "title_differs")

    async def _close(self, entry: Listener) -> bool:
        """Close one window; False when the server refused."""
        try:
            async with self._on_desktop(routes.LISTEN_REMOVE):
                # By title: by the requested name the server reports success and removes nothing.
                await self._instance.client.listen_remove(entry.title or entry.who)
        except InstanceRejected as error:
            self._instance.episodes.failed(LISTENER_REMOVE, error, subject=entry.who)
            return False
        self._instance.episodes.worked(LISTENER_REMOVE, subject=entry.who)
        return True

    async def _check_unclear(self) -> None:
        """Ask about listeners of which nobody knows whether they are listened."""
        for entry in self._book.listeners.to_check(self._clock.monotonic()):
            title = entry.title or entry.who
            info = await self._ask(title)
            match info.state:
                case WindowState.LISTENED:
                    self._book.proved(entry, title, info)
                case WindowState.NOT_LISTENED:
                    self._book.missing(entry, "not_listened")
                case WindowState.UNKNOWN:
                    self._book.failed(entry, "unclear")
        for entry in self._book.listeners.untitled(self._clock.monotonic()):
            await self._learn_title(entry)

    async def _learn_title(self, entry: Listener) -> None:
        """Rows come from its window, so there is one: under its own name, or the only one left over."""
        claimed = {other.title for other in self._book.listeners.all()}
        left_over = [title for title in self._titles if title not in claimed and title != entry.who]
        for title in (entry.who, *(left_over if len(left_over) == 1 else ())):
            info = await self._ask(title)
            if info.state is WindowState.LISTENED:
                self._book.proved(entry, title, info)
                return
        self._book.listeners.put_off(entry.who, self._clock.monotonic())

    async def _sweep(self) -> None:
        """Look at the open windows once, and ask about those that are missing."""
        await self._look()
        for entry in self._book.listeners.all():
            if entry.standing is not Standing.LISTENED or entry.leaving is not None or entry.title is None:
                continue
            if entry.title in self._titles:
                self._book.proved(entry, entry.title)
                continue
            info = await self._ask(entry.title)
            if info.state is WindowState.LISTENED:
                self._book.proved(entry, entry.title, info)
            elif info.state is WindowState.NOT_LISTENED:
                self._book.missing(entry, "window_closed")

    async def _open_wanted(self) -> None:
        for entry in self._book.listeners.to_add(self._clock.monotonic()):
            await self._open(entry)

    async def _open(self, entry: Listener) -> None:
        before = self._titles
        try:
            async with self._on_desktop(routes.LISTEN_ADD):
                await self._instance.client.listen_add(entry.who)
        except InstanceRejected as error:
            self._book.failed(entry, "add_refused")
            self._instance.episodes.failed(LISTENER_ADD, error, subject=entry.who)
            return
        info = await self._ask(entry.who)
        if info.state is WindowState.LISTENED:
            self._titles |= {entry.who}
            self._opened(entry, entry.who, info)
        elif info.state is WindowState.UNKNOWN:
            self._book.failed(entry, "unclear")
        else:
            await self._find_title(entry, before)

    async def _find_title(self, entry: Listener, before: frozenset[str]) -> None:
        """The search went by remark or number, or found a part of another name: see what was opened."""
        await self._look()
        claimed = {other.title for other in self._book.listeners.all() if other is not entry}
        candidates = [title for title in self._titles - before if title not in claimed]
        if len(candidates) != 1:
            self._not_verified(entry, "no_window" if not candidates else "title_unclear")
            return
        title = candidates[0]
        info = await self._ask(title)
        if info.state is not WindowState.LISTENED:
            self._not_verified(entry, "no_window")
        elif entry.kind.is_permanent or is_title_of(entry.who, title):
            self._opened(entry, title, info)
        else:
            # An automatic listener has the chat's own name: this window is another chat's.
            self._book.mistaken(entry, title)
            self._alarm.ring()  # the next round closes it

    def _opened(self, entry: Listener, title: str, info: WindowInfo) -> None:
        self._instance.episodes.worked(LISTENER_ADD, subject=entry.who)
        self._book.proved(entry, title, info)
        self._on_opened()

    def _not_verified(self, entry: Listener, reason: str) -> None:
        self._book.failed(entry, reason)
        self._report_not_verified(entry, reason)

    def _report_not_verified(self, entry: Listener, reason: str) -> None:
        error = ListenerNotVerified(f"listener_{reason}", who=entry.who)
        self._instance.episodes.failed(LISTENER_ADD, error, subject=entry.who)

    async def _look(self) -> None:
        async with self._on_desktop(routes.SUB_WINDOWS):
            self._titles = frozenset(await self._instance.client.sub_windows())
        self._next_sweep_s = self._clock.monotonic() + self._timings.sweep_interval_s

    async def _ask(self, title: str) -> WindowInfo:
        await self._instance.budget.wait(routes.WINDOW_INFO)
        with self._activity.call(f"{self._instance.id}: {routes.WINDOW_INFO}"):
            return await self._instance.client.window_info(title)

    @asynccontextmanager
    async def _on_desktop(self, route: str) -> AsyncIterator[None]:
        await self._instance.budget.wait(route)
        async with self._instance.gate.hold(route.rpartition("/")[2], timeout_s=self._timings.gate_wait_s):
            with self._activity.call(f"{self._instance.id}: {route}"):
                yield

    async def _load(self) -> bool:
        try:
            await self._book.load(self._permanent())
        except StorageError as error:
            self._instance.episodes.failed(LISTENER_STATE, error)
            return False
        return True

    async def _save(self) -> None:
        if not self._book.is_loaded:
            return
        try:
            await self._book.save()
        except (StorageError, StorageOverloaded) as error:
            self._instance.episodes.failed(LISTENER_STATE, error)
        else:
            self._instance.episodes.worked(LISTENER_STATE)

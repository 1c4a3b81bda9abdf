"""Runs what a button asks for as a supervised task, and what a page wants to read.

Owns the life of one action at a time and its outcome as signals; the only place in the window that starts
tasks. Called by view-models and pages.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

import shiboken6
from PySide6.QtCore import QObject, Signal

from wxauto_mgt.errors import ConsoleError
from wxauto_mgt.ui.words import Words

_log = logging.getLogger(__name__)


class Spawn(Protocol):
    """Starts a tracked one-shot task, as the supervisor does."""

    def __call__(self, name: str, coro: Coroutine[Any, Any, None], /) -> object:
        """Start the task."""


class Commands:
    """Makes commands that share one supervisor and one language."""

    def __init__(self, *, spawn: Spawn, words: Words) -> None:
        self.spawn = spawn
        self.words = words

    def command(self, owner: QObject, name: str, action: Callable[..., Awaitable[object]]) -> AsyncCommand:
        """A command that dies with `owner`; the task itself runs on to its end."""
        return AsyncCommand(owner, name=name, action=action, spawn=self.spawn, words=self.words)

    def reader(self, owner: QObject, name: str, read: Callable[[], Awaitable[object]]) -> Reader:
        """A repeated read whose results go to `owner`."""
        return Reader(owner, name=name, read=read, spawn=self.spawn, words=self.words)


class AsyncCommand(QObject):
    """One action that does not overlap itself.

    Signals:
        running_changed: whether it runs now.
        succeeded: with what the action returned.
        failed: with one line for the operator.
        refused: with the `ConsoleError` itself, before `failed`, for those who can show it in place.
    """

    running_changed = Signal(bool)
    succeeded = Signal(object)
    failed = Signal(str)
    refused = Signal(object)

    def __init__(
        self,
        owner: QObject,
        *,
        name: str,
        action: Callable[..., Awaitable[object]],
        spawn: Spawn,
        words: Words,
    ) -> None:
        super().__init__(owner)
        self._name = name
        self._action = action
        self._spawn = spawn
        self._words = words
        self.is_running = False

    def start(self, *arguments: object) -> bool:
        """Begin the action unless it runs already; whether it began."""
        if self.is_running:
            return False
        self._set_running(running=True)
        self._spawn(f"ui:{self._name}", self._run(arguments))
        return True

    async def _run(self, arguments: tuple[object, ...]) -> None:
        try:
            result = await self._action(*arguments)
        except ConsoleError as error:
            if is_alive(self):
                self._set_running(running=False)
                self.refused.emit(error)
                self.failed.emit(self._words.error(error))
        except Exception:  # noqa: BLE001 - a slot boundary: nothing above this could tell the operator
            _log.exception("window command failed", extra={"command": self._name})
            if is_alive(self):
                self._set_running(running=False)
                self.failed.emit(self._words("ui.command_failed"))
        else:
            if is_alive(self):
                self._set_running(running=False)
                self.succeeded.emit(result)
        finally:
            # A cancelled task (shutdown) must leave no button grey for good.
            if is_alive(self) and self.is_running:
                self._set_running(running=False)

    def _set_running(self, *, running: bool) -> None:
        self.is_running = running
        self.running_changed.emit(running)


class Reader(AsyncCommand):
    """A read that pages repeat: asked for while one runs, it runs once more afterwards."""

    def __init__(
        self,
        owner: QObject,
        *,
        name: str,
        read: Callable[[], Awaitable[object]],
        spawn: Spawn,
        words: Words,
    ) -> None:
        super().__init__(owner, name=name, action=read, spawn=spawn, words=words)
        self._is_wanted_again = False
        self.running_changed.connect(self._run_again)

    def refresh(self) -> None:
        """Read soon; several wishes during one read make one more read."""
        if not self.start():
            self._is_wanted_again = True

    def _run_again(self, running: bool) -> None:
        if not running and self._is_wanted_again:
            self._is_wanted_again = False
            self.start()


def is_alive(thing: QObject) -> bool:
    """Whether Qt still has the object behind this name."""
    return shiboken6.isValid(thing)

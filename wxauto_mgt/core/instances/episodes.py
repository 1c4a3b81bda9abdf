"""Which operations of an instance fail at present: one episode per operation and cause, until it clears.

Owns the counting and the two log lines (begin, end); what an episode costs is for the monitor to say.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from wxauto_mgt.core.wire import ErrorCleared, ErrorReport
from wxauto_mgt.errors import ConsoleError
from wxauto_mgt.runtime.clock import Clock

_log = logging.getLogger(__name__)

REPEAT_AFTER_S: Final = 60.0

ErrorSink = Callable[[ErrorReport | ErrorCleared], None]


@dataclass
class _Episode:
    cause_code: str
    reported_s: float


class Episodes:
    """Failures of one instance, or of what all of them share (`instance_id` None), by operation.

    Args:
        on_error: told at the start of an episode, at most once a minute while it lasts, and at its end.
    """

    def __init__(self, *, instance_id: str | None, clock: Clock, on_error: ErrorSink) -> None:
        self._instance_id = instance_id
        self._clock = clock
        self._on_error = on_error
        self._open: dict[tuple[str, str], _Episode] = {}

    @property
    def open(self) -> tuple[tuple[str, str], ...]:
        """Operations that fail at present, each with its cause."""
        return tuple((operation, episode.cause_code) for (operation, _), episode in self._open.items())

    def failed(self, operation: str, error: ConsoleError, *, subject: str = "") -> None:
        """An operation failed. Another cause than before ends that one's episode.

        Args:
            subject: what the operation was about (a chat), where several can fail on their own.
        """
        episode = self._open.get((operation, subject))
        if episode is not None and episode.cause_code != error.code:
            self._end(operation, subject)
            episode = None
        now_s = self._clock.monotonic()
        if episode is None:
            self._open[operation, subject] = _Episode(error.code, now_s)
            _log.warning("%s fails: %s", operation, error.code, extra=self._facts())
        elif now_s - episode.reported_s < REPEAT_AFTER_S:
            return
        else:
            episode.reported_s = now_s
        params = {name: value for name, value in error.facts.items() if name != "instance_id"}
        self._on_error(ErrorReport(operation, error.code, self._instance_id, params))

    def worked(self, operation: str, *, subject: str = "") -> None:
        """An operation succeeded; ends its episode."""
        if (operation, subject) in self._open:
            self._end(operation, subject)

    def close(self) -> None:
        """The instance goes away: what failed there is no longer of interest."""
        for operation, subject in list(self._open):
            self._end(operation, subject)

    def _end(self, operation: str, subject: str) -> None:
        episode = self._open.pop((operation, subject))
        if (operation, episode.cause_code) not in self.open:  # the last subject with this cause
            _log.info("%s works again", operation, extra=self._facts())
            self._on_error(ErrorCleared(operation, episode.cause_code, self._instance_id))

    def _facts(self) -> dict[str, str]:
        return {} if self._instance_id is None else {"instance_id": self._instance_id}

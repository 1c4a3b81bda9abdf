"""What a process writes: the newest lines for a page, and as many as are bearable into the logs.

Owns the bounds and how bytes become readable text. The pump's thread writes, the loop reads.
"""

from __future__ import annotations

import locale
import logging
import re
import threading
import unicodedata
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.output_pump import LONGEST_LINE_BYTES

_log = logging.getLogger(__name__)

LINES_KEPT: Final = 200
# Judgement calls: a start that writes a page is logged whole, a flood is not.
LOGGED_AT_ONCE: Final = 200
LOGGED_PER_S: Final = 20.0
_CUT: Final = " …"
_COLOURS: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class ProcessOutput:
    """The output of one service's process, over its restarts.

    Args:
        redact: takes secrets out of what is shown; the log pipeline does so by itself.
        encoding: of programs that do not write UTF-8; that of the machine unless given.
    """

    def __init__(
        self, *, service: str, clock: Clock, redact: Callable[[str], str], encoding: str | None = None
    ) -> None:
        self._service = service
        self._clock = clock
        self._redact = redact
        self._encoding = encoding or locale.getpreferredencoding(False)
        self._lock = threading.Lock()
        self._newest: deque[bytes] = deque(maxlen=LINES_KEPT)
        self._count = 0
        self._may_log = float(LOGGED_AT_ONCE)
        self._looked_at_s = clock.monotonic()
        self._unlogged = 0

    @property
    def count(self) -> int:
        """Lines written since the last start."""
        return self._count

    def begin(self) -> None:
        """A new process starts to write; what the one before wrote stays until it is pushed out."""
        with self._lock:
            self._count = 0

    def take(self, lines: Sequence[bytes]) -> None:
        """Keep and log lines; on any thread."""
        with self._lock:
            self._count += len(lines)
            self._newest.extend(lines[-LINES_KEPT:])
            loggable = self._loggable(len(lines))
            self._unlogged += len(lines) - loggable
        for line in lines[:loggable]:
            self._say(self.readable(line))

    def end(self) -> None:
        """Nothing more comes: say what was left out of the logs."""
        with self._lock:
            unlogged, self._unlogged = self._unlogged, 0
        if unlogged:
            self._say(f"… {unlogged} further lines were not logged")

    def newest(self, limit: int = LINES_KEPT) -> tuple[str, ...]:
        """Return the newest lines, oldest first, secrets masked."""
        with self._lock:
            lines = list(self._newest)[-limit:] if limit > 0 else []
        return tuple(self._redact(self.readable(line)) for line in lines)

    def readable(self, line: bytes) -> str:
        """Make text of any bytes: no colours, no control characters, nothing undecodable lost."""
        is_cut = len(line) > LONGEST_LINE_BYTES
        text = self._decode(line[:LONGEST_LINE_BYTES].rstrip(b"\r"), is_cut=is_cut)
        text = _COLOURS.sub("", text)
        # A progress bar draws over its own line: the last state is the one that counts.
        text = text.rpartition("\r")[2].replace("\t", "    ")
        text = "".join(char if _is_plain(char) else char.encode("unicode_escape").decode() for char in text)
        return text + _CUT if is_cut else text

    def _decode(self, line: bytes, *, is_cut: bool) -> str:
        for encoding in ("utf-8", self._encoding):
            # The cut may have gone through a character; at most three bytes of it are left then.
            for dropped in range(4 if is_cut else 1):
                try:
                    return line[: len(line) - dropped].decode(encoding)
                except UnicodeDecodeError:
                    continue
        return line.decode("utf-8", "backslashreplace")

    def _loggable(self, count: int) -> int:
        now_s = self._clock.monotonic()
        self._may_log = min(LOGGED_AT_ONCE, self._may_log + LOGGED_PER_S * (now_s - self._looked_at_s))
        self._looked_at_s = now_s
        loggable = min(count, int(self._may_log))
        self._may_log -= loggable
        return loggable

    def _say(self, text: str) -> None:
        _log.info("%s: %s", self._service, text, extra={"service": self._service})


def _is_plain(char: str) -> bool:
    return char.isprintable() or unicodedata.category(char) == "Zs"  # Chinese text has spaces of its own

"""Reads what a child process writes, on a thread of its own, line by line and in bounded memory.

Owns the thread and the cutting into lines; not what becomes of them. It keeps up with a flood, so that the
child never waits for us, and ends when asked even while a grandchild holds the pipe.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import IO, Final

from wxauto_mgt.runtime.platform import wait_readable

LONGEST_LINE_BYTES: Final = 2_000
_CHUNK_BYTES: Final = 1 << 16
_LOOKS_EVERY_S: Final = 0.2
_LAST_CHUNKS: Final = 16
"""Read at most after the end was asked for: more than any pipe holds, so only a living writer is cut off."""


class LineCutter:
    """Cuts a stream of bytes into lines; what is longer than the longest line loses its end."""

    def __init__(self, *, longest_bytes: int = LONGEST_LINE_BYTES) -> None:
        self._longest_bytes = longest_bytes
        self._begun = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that are complete now, without their ends."""
        first, *rest = chunk.split(b"\n")
        begun = self._cut(self._begun + first[: self._longest_bytes + 1])
        if not rest:
            self._begun = begun
            return []
        *whole, last = rest
        self._begun = self._cut(last)
        return [begun, *map(self._cut, whole)]

    def rest(self) -> list[bytes]:
        """Return the line that never ended, if any."""
        begun, self._begun = self._begun, b""
        return [begun] if begun else []

    def _cut(self, line: bytes) -> bytes:
        if len(line) <= self._longest_bytes:
            return line
        return line[: self._longest_bytes + 1]  # one more tells that it was cut


class OutputPump:
    """The thread of one child's output.

    Args:
        take: gets complete lines, on the thread; must not raise.
        on_end: called once on the thread after the last line.
    """

    def __init__(
        self,
        *,
        name: str,
        pipe: IO[bytes],
        take: Callable[[Sequence[bytes]], None],
        on_end: Callable[[], None],
    ) -> None:
        self._pipe = pipe
        self._take = take
        self._on_end = on_end
        self._is_stopping = threading.Event()
        self._last_chunks = _LAST_CHUNKS
        self._thread = threading.Thread(target=self._read_on, name=f"output:{name}", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """End the thread after what stands in the pipe now; False when it does not end in time. Blocks."""
        self._is_stopping.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _read_on(self) -> None:
        cutter = LineCutter()
        with self._pipe as pipe:
            fd = pipe.fileno()
            while self._has_more(fd):
                chunk = os.read(fd, _CHUNK_BYTES)
                if not chunk:
                    break
                if lines := cutter.feed(chunk):
                    self._take(lines)
        if lines := cutter.rest():
            self._take(lines)
        self._on_end()

    def _has_more(self, fd: int) -> bool:
        while not self._is_stopping.is_set():
            if wait_readable(fd, _LOOKS_EVERY_S):
                return True
        self._last_chunks -= 1
        return self._last_chunks >= 0 and wait_readable(fd, 0.0)

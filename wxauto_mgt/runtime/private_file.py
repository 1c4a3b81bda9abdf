"""Writing files that hold names, texts or tokens: whole or not at all, readable by their owner only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.platform import restrict_to_owner


@contextmanager
def replacing(file: Path) -> Iterator[TextIO]:
    """Yield a UTF-8 stream; the file gets its name when the block ends well, and stays as it was otherwise.

    Blocks. The stream is its owner's alone from its creation, and never a file or link that was there before.

    Raises:
        PermanentError: it cannot be written.
    """
    draft = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        draft.unlink(missing_ok=True)
        with open(draft, "x", encoding="utf-8", newline="", opener=_closed_to_others) as opened:
            restrict_to_owner(draft)
            yield opened
        draft.replace(file)
    except OSError as error:
        raise PermanentError("file_unwritable", path=str(file), reason=error.strerror) from error
    finally:
        draft.unlink(missing_ok=True)


def _closed_to_others(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)

"""A rig per test, opened and closed; what trouble logs is looked at here instead of by the outer fixtures."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from wxauto_mgt.errors import StorageError


class _Tracebacks(logging.Handler):
    """Keeps records with a traceback that a full disk does not explain."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, StorageError):
            self.found.append(f"{record.name}: {record.getMessage()}: {error!r}")


@pytest.fixture(autouse=True)
def _no_unexplained_traceback(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Which warnings come is a matter of chance here; a traceback never is."""
    caplog.handler.setLevel(logging.CRITICAL + 1)
    tracebacks = _Tracebacks()
    logging.getLogger().addHandler(tracebacks)
    yield
    logging.getLogger().removeHandler(tracebacks)
    caplog.handler.setLevel(0)
    assert tracebacks.found == []

"""One console that listens on a free port, with a token for each scope, and a client without manners."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.http.served import Served, serve
from wxauto_mgt.app import Application


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A whole console, started."""
    async with serve(tmp_path / "data") as console:
        yield console


@pytest.fixture
def console(served: Served) -> Application:
    """Its services."""
    return served.application

"""A delivery to work with, stopped at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.core.delivery.desk import Desk
from tests.fakes.clock import FakeClock
from wxauto_mgt.storage.database import Database


@pytest.fixture
async def desk(db: Database, fake_clock: FakeClock) -> AsyncIterator[Desk]:
    built = Desk(db, fake_clock)
    yield built
    await built.supervisor.stop("")

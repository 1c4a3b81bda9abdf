"""A post room for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.core.notifications.post_room import PostRoom, parsed
from tests.core.notifications.receivers import Receiver, running
from tests.fakes.clock import FakeClock
from wxauto_mgt.storage.database import Database


@pytest.fixture
async def hook(fake_clock: FakeClock) -> AsyncIterator[Receiver]:
    async with running(Receiver(fake_clock)) as receiver:
        yield receiver


@pytest.fixture
async def room(db: Database, fake_clock: FakeClock, hook: Receiver) -> AsyncIterator[PostRoom]:
    """One webhook channel, `hook`."""
    post_room = PostRoom(db, fake_clock)
    post_room.add(parsed("hook", "webhook", {"webhook_url": hook.url}))
    yield await post_room.open()
    await post_room.close()

"""What may block for ever blocks only itself."""

from __future__ import annotations

import asyncio
import threading

import pytest

from wxauto_mgt.core.monitoring.checks.own_thread import OwnThread, StillRunning


async def test_it_answers_and_raises_as_the_work_does() -> None:
    own = OwnThread("tested")
    assert await own.call(lambda _given_up: 7) == 7
    with pytest.raises(LookupError, match="what"):
        await own.call(_fail)


async def test_while_one_hangs_no_other_begins() -> None:
    own, release = OwnThread("tested"), threading.Event()
    for expected in (TimeoutError, StillRunning, StillRunning):
        with pytest.raises(expected):
            async with asyncio.timeout(0.05):
                await own.call(lambda _given_up: release.wait())
    release.set()
    while True:
        try:
            assert await own.call(lambda _given_up: 7) == 7
        except StillRunning:
            await asyncio.sleep(0.01)
        else:
            break


async def test_one_that_is_given_up_is_told_so() -> None:
    own, told = OwnThread("tested"), threading.Event()

    def work(given_up: threading.Event) -> None:
        if given_up.wait(10.0):
            told.set()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await own.call(work)
    assert await asyncio.to_thread(told.wait, 10.0)


def _fail(_given_up: threading.Event) -> int:
    raise LookupError("what")

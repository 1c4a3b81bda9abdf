"""Qt offscreen, and a stage with the real configuration service for every test of the window."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import pytest
from PySide6.QtWidgets import QApplication

from tests.ui.stage import Stage, build_stage, drop_deleted, fill
from wxauto_mgt.storage.database import Database
from wxauto_mgt.ui.main_window import MainWindow

WINDOW_BUILT_S = 5.0

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture
async def bare_stage(db: Database, qapp: QApplication) -> AsyncIterator[Stage]:
    """A console without objects."""
    # A test builds the whole window in one step; on a busy machine that is no sign of a blocking call.
    asyncio.get_running_loop().slow_callback_duration = WINDOW_BUILT_S
    stage = await build_stage(db, qapp)
    yield stage
    await stage.close()
    for window in [found for found in QApplication.topLevelWidgets() if isinstance(found, MainWindow)]:
        # Only of a test that failed half-way: the others took their window away.
        window.let_go()
        window.deleteLater()
    drop_deleted()


@pytest.fixture
async def stage(bare_stage: Stage) -> Stage:
    """A console with two instances, a platform and two rules."""
    await fill(bare_stage)
    return bare_stage

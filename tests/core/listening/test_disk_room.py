"""The room on a disk is known before it is needed."""

from __future__ import annotations

from pathlib import Path

from wxauto_mgt.core.listening.disk_room import DiskRoom


async def test_a_disk_without_room_is_an_obstacle(tmp_path: Path) -> None:
    assert await DiskRoom(folder=tmp_path).obstacle() is None
    assert await DiskRoom(folder=tmp_path, least_bytes=1 << 62).obstacle() == "disk_full"


async def test_a_disk_that_cannot_be_asked_is_none(tmp_path: Path) -> None:
    assert await DiskRoom(folder=tmp_path / "gone", least_bytes=1 << 62).obstacle() is None

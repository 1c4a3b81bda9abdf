"""A running console says where it takes calls for as long as it takes any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.environment import FREE_PORT
from tests.waiting import eventually
from wxauto_mgt.api.attach import RemoteMonitorAPI
from wxauto_mgt.api.attach_point import AttachPoint, attach_file, read_attach_point
from wxauto_mgt.api.console_link import ConsoleLink
from wxauto_mgt.app import Application
from wxauto_mgt.app import http as http_area
from wxauto_mgt.app.attach_file import AttachFile
from wxauto_mgt.core.wire import ErrorCleared
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

CATALOGUE = Catalogue(Language.EN)


def remote(data_dir: Path) -> RemoteMonitorAPI:
    return RemoteMonitorAPI(link=ConsoleLink(data_dir=data_dir, texts=lambda: CATALOGUE, clock=SystemClock()))


async def set_enabled(application: Application, *, enabled: bool) -> None:
    reply = await application.api.update_settings("http", {"enabled": enabled})
    assert reply["success"] is True, reply


async def test_calls_are_taken_from_start_to_stop_and_not_while_the_api_is_off(tmp_path: Path) -> None:
    application = await Application.open(data_dir=tmp_path, environment=FREE_PORT)
    api = remote(tmp_path)
    try:
        await application.start()
        point = read_attach_point(tmp_path)
        assert point is not None
        assert point.run_id == application.run_id
        assert (await api.get_service_status())["success"] is True

        await set_enabled(application, enabled=False)
        await eventually(lambda: not attach_file(tmp_path).exists())
        assert "takes no calls" in str((await api.get_service_status())["error"])

        await set_enabled(application, enabled=True)
        await eventually(lambda: attach_file(tmp_path).exists())
        assert (await api.get_service_status())["success"] is True
    finally:
        await application.stop()
    assert not attach_file(tmp_path).exists()
    # The lock names this process, which still runs; only its file tells no more where.
    assert (await api.get_service_status())["success"] is False


async def test_what_a_killed_console_left_does_not_hide_that_the_api_is_off(tmp_path: Path) -> None:
    first = await Application.open(data_dir=tmp_path, environment=FREE_PORT)
    await set_enabled(first, enabled=False)
    await first.stop()
    stale: Any = {"url": "http://127.0.0.1:9", "token": "t", "pid": 1, "run_id": "r", "version": "1"}
    await AttachFile(data_dir=tmp_path).write(AttachPoint(**stale))
    application = await Application.open(data_dir=tmp_path, environment=FREE_PORT)
    try:
        await application.start()
        assert "takes no calls" in str((await remote(tmp_path).get_statistics())["error"])
    finally:
        await application.stop()


@pytest.mark.expects_log("http_listen fails: file_unwritable")
async def test_what_a_full_disk_keeps_from_being_told_is_told_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_full = True
    write = AttachFile.write

    async def refusing(file: AttachFile, point: AttachPoint) -> None:
        if is_full:
            raise PermanentError("file_unwritable", path="attach.json", reason="No space left on device")
        await write(file, point)

    monkeypatch.setattr(AttachFile, "write", refusing)
    monkeypatch.setattr(http_area, "_RETRY_S", 0.01)
    application = await Application.open(data_dir=tmp_path, environment=FREE_PORT)
    cleared: list[ErrorCleared] = []
    application.bus.subscribe(ErrorCleared, cleared.append)
    try:
        await application.start()
        assert not attach_file(tmp_path).exists()
        is_full = False
        await eventually(lambda: attach_file(tmp_path).exists())
        assert (await remote(tmp_path).get_service_status())["success"] is True
        assert [error.cause_code for error in cleared] == ["file_unwritable"]
    finally:
        await application.stop()

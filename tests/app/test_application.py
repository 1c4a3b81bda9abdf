"""One console in this process: opening, starting, stopping, and two of them side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.environment import FREE_PORT
from tests.waiting import eventually
from wxauto_mgt.api.monitor_api import monitor_api
from wxauto_mgt.app import Application
from wxauto_mgt.core.config.model import Put
from wxauto_mgt.core.messages.model import ReplyState, ReplyStateChanged
from wxauto_mgt.errors import BugError, DatabaseCorrupt, DataFolderInUse, PermanentError, StorageError


async def opened(folder: Path, *, demo: bool = False) -> Application:
    return await Application.open(data_dir=folder, environment=FREE_PORT, demo=demo)


async def test_demo_answers_and_its_report_adds_up(tmp_path: Path) -> None:
    console = await opened(tmp_path / "demo", demo=True)
    await console.start()

    answered: set[str] = set()
    unsubscribe = console.bus.subscribe(ReplyStateChanged, lambda change: answered.add(change.state))
    await eventually(lambda: ReplyState.CONFIRMED in answered, timeout_s=30)
    unsubscribe()
    report = tmp_path / "report.json"
    assert await console.stop(report=report) == ()

    delivery = json.loads(report.read_text(encoding="utf-8"))["delivery"]
    ends = ("confirmed", "unconfirmed", "unknown", "failed")
    assert sum(delivery[end] for end in ends) == delivery["replied"]
    assert (await monitor_api.get_statistics())["success"] is False


async def test_demo_refuses_a_folder_with_other_objects(tmp_path: Path) -> None:
    own = await opened(tmp_path)
    instance = {"id": "pc1", "name": "本机", "base_url": "http://127.0.0.1:1", "api_key": "k"}
    await own.config.apply([Put("instance", "pc1", instance)], who="test")
    await own.stop()

    with pytest.raises(PermanentError, match="demo_folder_in_use"):
        await opened(tmp_path, demo=True)
    # The refusal let go of the folder: it opens again.
    await (await opened(tmp_path)).stop()


async def test_folder_holds_one_console_at_a_time(tmp_path: Path) -> None:
    first = await opened(tmp_path)
    with pytest.raises(DataFolderInUse):
        await opened(tmp_path)
    await first.stop()


async def test_damaged_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    damaged = tmp_path / "console.db"
    damaged.write_bytes(b"not a database" * 1000)
    with pytest.raises(DatabaseCorrupt):
        await opened(tmp_path)
    assert damaged.read_bytes() == b"not a database" * 1000


async def test_two_consoles_live_in_one_process_but_one_answers_the_proxy(tmp_path: Path) -> None:
    one, two = await opened(tmp_path / "one"), await opened(tmp_path / "two")
    await one.start()
    with pytest.raises(BugError, match="monitor_api_already_bound"):
        await two.start()
    assert two.listener.status.running
    await two.stop()
    assert (await monitor_api.get_service_status())["success"] is True
    await one.stop()


@pytest.mark.expects_log("reload fails")
async def test_failed_reload_is_an_error_of_the_console(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = await opened(tmp_path)
    await console.start()

    async def unreadable() -> bool:
        raise StorageError("database_failed")

    # The one thing that cannot be had on demand from a healthy disk.
    monkeypatch.setattr(console.config, "reload", unreadable)
    assert (await console.api.reload_config())["success"] is False
    assert [error.cause_code for error in console.monitor.recent_errors(10)] == ["database_failed"]
    await console.stop()


async def test_what_people_do_to_the_service_stands_in_the_audit_log(tmp_path: Path) -> None:
    console = await opened(tmp_path)
    await console.start()
    assert (await console.api.restart_service())["success"] is True
    await console.control("window").pause()
    entries = await console.ground.audit.entries()
    assert [(entry.who, entry.action) for entry in entries] == [
        ("window", "service.pause"),
        ("api", "service.restart"),
    ]
    await console.stop()

"""Notifications in a whole console: from a document to a receiver, through the facade."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.core.notifications.receivers import Receiver, running
from tests.environment import FREE_PORT
from tests.waiting import eventually
from wxauto_mgt.app import Application
from wxauto_mgt.core.config.model import Delete, Put
from wxauto_mgt.core.notifications.model import Notification, NotificationKind, NotificationLevel
from wxauto_mgt.runtime.clock import SystemClock


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    async with running(Receiver(SystemClock())) as receiver:
        yield receiver


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[Application]:
    application = await Application.open(data_dir=tmp_path, environment=FREE_PORT)
    try:
        await application.start()
        yield application
    finally:
        assert await application.stop() == ()


def notification(console: Application, key: str = "r:1") -> Notification:
    return Notification(
        key,
        NotificationKind.FIRING,
        NotificationLevel.CRITICAL,
        "微信掉线",
        "{instance} 掉线了",
        console.clock.now(),
        labels={"instance": "pc1"},
    )


async def put_channel(console: Application, channel_id: str = "hook", **fields: Any) -> None:
    document = {"id": channel_id, "name": "机房", "type": "webhook", **fields}
    await console.config.apply([Put("channel", channel_id, document)], who="test")


async def records_of(console: Application, state: str, *, count: int) -> Any:
    """The deliveries in a state, once there are so many."""

    async def found() -> Any:
        reply: Any = await console.api.get_notifications(state=state)
        return reply["data"] if len(reply["data"]) == count else None

    asked: Callable[[], Awaitable[Any]] = found
    return await eventually(asked)


async def test_a_channel_works_from_its_edit_on(console: Application, hook: Receiver) -> None:
    heard: list[Any] = []
    assert (await console.api.add_notification_handler(heard.append))["success"]
    await put_channel(console, config={"webhook_url": hook.url}, language="zh_CN")
    await console.notifications.outbox.post(notification(console))
    await eventually(lambda: hook.received)
    assert hook.received[0].document["title"] == "【严重】微信掉线"
    assert hook.received[0].document["message"].startswith("pc1 掉线了\n时间：")
    await eventually(lambda: heard)
    assert (heard[0]["level"], heard[0]["labels"]) == ("critical", {"instance": "pc1"})

    records = await records_of(console, "sent", count=2)
    assert {record["channel"] for record in records} == {"hook", "in_app"}
    await console.config.apply([Delete("channel", "hook")], who="test")
    reply: Any = await console.api.test_notification("hook")
    assert reply["success"] is False
    assert "hook" in reply["error"]


@pytest.mark.expects_log("channel fails")
async def test_failed_notices_are_seen_and_sent_again_through_the_facade(
    console: Application, hook: Receiver
) -> None:
    await put_channel(console, config={"webhook_url": hook.url})
    hook.will_answer(400)
    await console.notifications.outbox.post(notification(console), routes=("hook",))
    (record,) = await records_of(console, "failed", count=1)
    assert "400" in record["error"]
    status: Any = await console.api.get_channels_status()
    assert {row["id"]: row["failed_count"] for row in status["data"]} == {"hook": 1, "in_app": 0}
    assert (await console.api.resend_notification(record["id"]))["data"] == {"channel": "hook"}
    await eventually(lambda: len(hook.received) == 2)
    tested: Any = await console.api.test_notification("hook", "hello")
    assert tested["data"] == {"channel": "hook"}
    for wrong in (
        console.api.get_notifications(state="lost"),
        console.api.get_notifications(limit=-1),
        console.api.resend_notification(record["id"]),
        console.api.test_notification("no_such"),
    ):
        assert (await wrong)["success"] is False


async def test_an_address_is_a_secret_everywhere(
    console: Application, hook: Receiver, tmp_path: Path
) -> None:
    secret = "access_token=planted-0123456789"
    await put_channel(console, config={"webhook_url": f"{hook.url}?{secret}"})
    shown = [json.dumps(await console.config.export(with_secrets=False))]
    reply: Any = await console.api.test_notification("hook")
    shown += [json.dumps(reply), json.dumps(await console.api.get_channels_status())]
    assert hook.received[0].query == {"access_token": "planted-0123456789"}
    stored = (tmp_path / "console.db").read_bytes() + (tmp_path / "console.db-wal").read_bytes()
    assert secret.encode() not in stored
    assert secret not in "".join(shown)


async def test_what_was_not_sent_when_a_console_ended_goes_out_by_the_next(
    tmp_path: Path, hook: Receiver
) -> None:
    first = await Application.open(data_dir=tmp_path, environment=FREE_PORT)
    await put_channel(first, config={"webhook_url": hook.url})
    await first.notifications.outbox.post(notification(first))
    await first.stop()
    second = await Application.open(data_dir=tmp_path, environment=FREE_PORT)
    try:
        await second.start()
        await eventually(lambda: hook.received)
    finally:
        await second.stop()
    assert len(hook.received) == 1


async def test_without_a_window_notices_go_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    console = await Application.open(data_dir=tmp_path, environment={**FREE_PORT, "LANG": "en_US.UTF-8"})
    try:
        console.notifications.use_terminal()
        await console.start()
        await console.notifications.outbox.post(notification(console))
        assert "[Critical] 微信掉线\npc1 掉线了" in await eventually(lambda: capsys.readouterr().out)
    finally:
        await console.stop()

"""What goes by apprise: mails, and any other service."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.core.notifications.post_room import PostRoom, parsed
from tests.core.notifications.receivers import Receiver
from tests.core.notifications.smtp import FakeSmtp
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.errors import ChannelPermanent, ChannelTransient

# Apprise imports it for a library of its own.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@pytest.fixture
async def smtp() -> AsyncIterator[FakeSmtp]:
    async with FakeSmtp().running() as server:
        yield server


async def send_mail(room: PostRoom, smtp: FakeSmtp, **changed: JSON) -> None:
    config: dict[str, JSON] = {
        "host": "127.0.0.1",
        "port": smtp.port,
        "security": "insecure",
        "username": "ops",
        "password": "pass-0123456789",
        "sender": "console@example.org",
        "recipients": ["a@example.org", "b@example.org"],
    }
    by = room.registry.make(parsed("mail", "email", config | changed, language="zh_CN"))
    await room.sender.send_by(by, "d1", [room.notification()])


async def test_a_mail_goes_to_each_recipient(room: PostRoom, smtp: FakeSmtp) -> None:
    await send_mail(room, smtp)
    assert sorted(mail.recipients[0] for mail in smtp.mails) == ["a@example.org", "b@example.org"]
    mail = smtp.mails[0]
    assert mail.sender == "console@example.org"
    assert mail.message["Subject"] == "【警告】CPU 告警"
    assert mail.text.startswith("CPU 超过 80\n时间：")


@pytest.mark.expects_log("mail")
async def test_a_wrong_password_sends_nothing(room: PostRoom, smtp: FakeSmtp) -> None:
    with pytest.raises(ChannelTransient, match="channel_service_failed"):
        await send_mail(room, smtp, password="wrong-0123456789")
    assert smtp.mails == []


@pytest.mark.expects_log("mail")
async def test_a_refused_recipient_is_a_failure(room: PostRoom, smtp: FakeSmtp) -> None:
    smtp.refused.add("b@example.org")
    with pytest.raises(ChannelTransient, match="channel_service_failed"):
        await send_mail(room, smtp)


@pytest.mark.expects_log("mail")
async def test_a_server_that_is_not_there_is_a_failure(room: PostRoom, smtp: FakeSmtp) -> None:
    with pytest.raises(ChannelTransient, match="channel_service_failed"):
        await send_mail(room, smtp, port=9)


async def test_any_service_of_apprise_carries_notices(room: PostRoom, hook: Receiver) -> None:
    url = hook.url.replace("http://", "json://")
    by = room.registry.make(parsed("any", "apprise", {"url": url}))
    await room.sender.send_by(by, "d1", [room.notification()])
    (got,) = hook.received
    assert (got.document["title"], got.document["type"]) == ("[Warning] CPU 告警", "info")


@pytest.mark.expects_log(".")
async def test_a_service_that_apprise_does_not_know_is_refused(room: PostRoom) -> None:
    by = room.registry.make(parsed("any", "apprise", {"url": "no-such-service://x/y"}))
    with pytest.raises(ChannelPermanent, match="channel_service_unknown"):
        await room.sender.send_by(by, "d1", [room.notification()])

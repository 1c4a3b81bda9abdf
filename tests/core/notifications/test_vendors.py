"""Each vendor's receiver gets what its documentation asks for, and its refusals are understood."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.core.notifications.post_room import PostRoom, parsed
from tests.core.notifications.receivers import (
    FakeDingTalk,
    FakeFeishu,
    FakeSlack,
    FakeWeCom,
    Receiver,
    running,
)
from tests.fakes.clock import FakeClock
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.notifications.channels.hook_fields import cut
from wxauto_mgt.errors import ChannelPermanent, ChannelTransient
from wxauto_mgt.storage.database import Database

SECRET = "SEC0123456789abcdef+/="


@asynccontextmanager
async def channel_to(
    db: Database, clock: FakeClock, receiver: Receiver, type_name: str, query: str = "", **config: JSON
) -> AsyncIterator[PostRoom]:
    async with running(receiver):
        room = PostRoom(db, clock)
        room.add(parsed("c", type_name, {"webhook_url": receiver.url + query, **config}, language="zh_CN"))
        await room.open()
        try:
            yield room
        finally:
            await room.close()


async def sent(room: PostRoom, **changed: Any) -> None:
    await room.sender.send("c", "d1", [room.notification(**changed)])


async def test_slack_gets_text_without_control_characters(db: Database, fake_clock: FakeClock) -> None:
    async with channel_to(db, fake_clock, slack := FakeSlack(fake_clock), "slack") as room:
        await sent(room, title="a < b & <!channel>")
        assert slack.received[0].document["text"].startswith("*【警告】a &lt; b &amp; &lt;!channel&gt;*\n")


@pytest.mark.parametrize(
    ("status", "text", "headers", "code", "retry_after_s"),
    [
        (403, "action_prohibited", {}, "channel_refused", None),
        (410, "channel_is_archived", {}, "channel_refused", None),
        (429, "", {"Retry-After": "30"}, "channel_rate_limited", 30.0),
        (500, "rollup_error", {}, "channel_server_failed", None),
        (200, "<html>a proxy</html>", {}, "channel_answer_unreadable", None),
    ],
)
async def test_answers_of_slack_are_understood(
    db: Database,
    fake_clock: FakeClock,
    status: int,
    text: str,
    headers: dict[str, str],
    code: str,
    retry_after_s: float | None,
) -> None:
    async with channel_to(db, fake_clock, slack := FakeSlack(fake_clock), "slack") as room:
        slack.will_answer(status, text, headers=headers)
        with pytest.raises((ChannelTransient, ChannelPermanent)) as caught:
            await sent(room)
    assert caught.value.code == code
    assert getattr(caught.value, "retry_after_s", None) == retry_after_s


TOKEN = "?access_token=token-0123456789"


@pytest.mark.parametrize("secret", ["", SECRET])
async def test_dingtalk_gets_text_signed_where_it_asks_for_that(
    db: Database, fake_clock: FakeClock, secret: str
) -> None:
    ding = FakeDingTalk(fake_clock, secret=secret)
    async with channel_to(db, fake_clock, ding, "dingtalk", TOKEN, secret=secret) as room:
        await sent(room, title="很长" * 20_000)
        await sent(room)
    (_, got) = ding.received
    assert got.document["text"]["content"].startswith("【警告】CPU 告警\nCPU 超过 80\n时间：")
    assert ("sign" in got.query) is bool(secret)


async def test_dingtalk_refuses_a_wrong_signature_for_good(db: Database, fake_clock: FakeClock) -> None:
    ding = FakeDingTalk(fake_clock, secret="another")
    async with channel_to(db, fake_clock, ding, "dingtalk", TOKEN, secret=SECRET) as room:
        with pytest.raises(ChannelPermanent, match="channel_security_refused"):
            await sent(room)


async def test_dingtalk_with_a_wrong_token_or_too_fast(db: Database, fake_clock: FakeClock) -> None:
    ding = FakeDingTalk(fake_clock)
    async with channel_to(db, fake_clock, ding, "dingtalk", "?access_token=wrong") as room:
        with pytest.raises(ChannelPermanent, match="channel_refused: status=300005"):
            await sent(room)
        ding.will_answer(200, '{"errcode":130101,"errmsg":"send too fast"}')
        with pytest.raises(ChannelTransient, match="channel_rate_limited"):
            await sent(room)
        ding.will_answer(200, "<html>")
        with pytest.raises(ChannelTransient, match="channel_answer_unreadable"):
            await sent(room)


async def test_wecom_gets_text_that_is_not_too_long(db: Database, fake_clock: FakeClock) -> None:
    wecom = FakeWeCom(fake_clock)
    async with channel_to(db, fake_clock, wecom, "wecom", "?key=key-0123456789") as room:
        await sent(room, message="很长" * 3_000)
        assert len(wecom.received[0].document["text"]["content"].encode()) <= 2048
        wecom.will_answer(200, '{"errcode":45009,"errmsg":"api freq out of limit"}')
        with pytest.raises(ChannelTransient, match="channel_rate_limited"):
            await sent(room)
    async with channel_to(db, fake_clock, FakeWeCom(fake_clock), "wecom", "?key=wrong") as room:
        with pytest.raises(ChannelPermanent, match="93000"):
            await sent(room)


@pytest.mark.parametrize("secret", ["", SECRET])
async def test_feishu_gets_text_signed_where_it_asks_for_that(
    db: Database, fake_clock: FakeClock, secret: str
) -> None:
    feishu = FakeFeishu(fake_clock, secret=secret)
    async with channel_to(db, fake_clock, feishu, "feishu", secret=secret) as room:
        await sent(room)
    assert feishu.received[0].document["content"]["text"].startswith("【警告】CPU 告警\n")
    assert ("sign" in feishu.received[0].document) is bool(secret)


async def test_refusals_of_feishu_are_understood(db: Database, fake_clock: FakeClock) -> None:
    feishu = FakeFeishu(fake_clock, secret="another")
    async with channel_to(db, fake_clock, feishu, "feishu", secret=SECRET) as room:
        with pytest.raises(ChannelPermanent, match="channel_security_refused"):
            await sent(room)
        feishu.will_answer(200, '{"code":11232,"msg":"frequency limited"}')
        with pytest.raises(ChannelTransient, match="channel_rate_limited"):
            await sent(room)
        feishu.will_answer(200, '{"StatusCode":0,"StatusMessage":"success"}')
        await sent(room)


def test_a_cut_text_fits_and_breaks_no_character() -> None:
    for limit in range(4, 40):
        shortened = cut("很长的文字abc" * 5, limit)
        assert len(shortened.encode()) <= limit
        assert shortened.endswith("…")
    assert cut("短", 3) == "短"

"""Scripted chats for demonstrations: friends and groups who greet, ask and thank, from a seed.

Makes traffic only; faults are `fault_schedule`'s. Run by the demonstration and by `simulate`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from wxauto_mgt.simulator.chats import ChatType
from wxauto_mgt.simulator.world import World

_LONG_LINE = (
    "是这样的，我们公司下个月要办年会，大概一百二十人，想提前订一批伴手礼，预算每份八十到一百块，"
    "最好能印上公司的名字，快递到三个不同的城市。请问你们那边最晚什么时候要定下来，价格能不能再优惠一点？"
)


@dataclass(frozen=True)
class ScriptedLine:
    """What somebody says next, and how long it takes until then."""

    pause_s: float
    chat: str
    sender: str
    text: str
    kind: str = "text"


@dataclass(frozen=True)
class _Cast:
    """One scripted chat. A friend chat has one member, named like the chat."""

    chat: str
    type: ChatType
    members: tuple[str, ...]
    conversations: tuple[tuple[str, ...], ...]


_CAST = (
    _Cast(
        "林小雨",
        ChatType.FRIEND,
        ("林小雨",),
        (
            ("你好", "在吗？想问一下周末还营业吗", "好的，谢谢"),
            ("你好呀😀", "上次那款茶叶的价格是多少？", "image:", "谢谢啦"),
        ),
    ),
    _Cast(
        "王建国",
        ChatType.FRIEND,
        ("王建国",),
        (("在吗", _LONG_LINE, "谢谢，等你消息"), ("你好，发票什么时候能开？", "谢谢")),
    ),
    _Cast(
        "陈医生",
        ChatType.FRIEND,
        ("陈医生",),
        (("你好，下午三点的预约还在吗", "谢谢"), ("价格表能再发我一份吗？", "emotion:", "谢谢！")),
    ),
    _Cast(
        "阿哲",
        ChatType.FRIEND,
        ("阿哲",),
        (("在吗在吗", "voice:", "你好，刚才那条听到了吗？"), ("这个价格包邮吗", "行，谢谢老板")),
    ),
    _Cast(
        "读书会",
        ChatType.GROUP,
        ("周敏", "何老师", "小陆"),
        (
            ("大家晚上好", "@{account}\u2005在吗？这周读到第几章了", "谢谢"),
            ("书的团购价格出来了吗", "我也想知道", "@{account}\u2005你好，帮忙统计一下人数吧"),
        ),
    ),
    _Cast(
        "三号楼邻里群",
        ChatType.GROUP,
        ("赵阿姨", "刘伟", "Time"),
        (
            ("谁家的快递放错了？image:", "好像是我的，谢谢", "不客气👍"),
            ("@{account}\u2005你好，物业费价格有变化吗？", "谢谢管家"),
        ),
    ),
)


class DemoScript:
    """An endless, repeatable stream of lines.

    Args:
        messages_per_minute: over all chats together; pauses vary around it.
    """

    def __init__(self, *, seed: int, messages_per_minute: float = 12.0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable by design
        self._mean_pause_s = 60.0 / messages_per_minute
        self._under_way: dict[str, list[str]] = {}

    def populate(self, world: World) -> None:
        """Put the scripted people into a world, with a little history so that no window is empty."""
        for cast in _CAST:
            world.add_chat(cast.chat, cast.type, members=cast.members)
            world.add_history(cast.chat, [(cast.members[0], "（更早的消息）")])

    def next_line(self, account: str) -> ScriptedLine:
        """The next line; a conversation goes on where its chat left off."""
        cast = self._random.choice(_CAST)
        lines = self._under_way.get(cast.chat)
        if not lines:
            lines = list(self._random.choice(cast.conversations))
            self._under_way[cast.chat] = lines
        kind, text = _kind_and_text(lines.pop(0).replace("{account}", account))
        pause_s = self._mean_pause_s * self._random.uniform(0.4, 1.6)
        return ScriptedLine(pause_s, cast.chat, self._random.choice(cast.members), text, kind)

    async def run(
        self,
        world: World,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """Let people talk until cancelled; `beat` is called with every line."""
        while True:
            line = self.next_line(world.config.account)
            await sleep(line.pause_s)
            world.receive(line.chat, line.sender, line.text, line.kind)
            beat()


def _kind_and_text(line: str) -> tuple[str, str]:
    prefix, colon, _ = line.rpartition(":")
    if colon and prefix in ("image", "voice", "emotion"):
        return prefix, ""
    return "text", line.replace("image:", "")

"""The scripted chats and the schedule of trouble are repeatable and do what they say."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.simulator.conftest import Client, HandClock
from wxauto_mgt.simulator import SimulatedServer, SimulatorConfig, World
from wxauto_mgt.simulator.fault_schedule import LOSING, FaultSchedule, Trouble, begin, end
from wxauto_mgt.simulator.script import DemoScript


def test_the_same_seed_tells_the_same_story() -> None:
    def story(seed: int) -> list[object]:
        script = DemoScript(seed=seed)
        return [script.next_line("测试账号") for _ in range(50)]

    assert story(7) == story(7)
    assert story(7) != story(8)


def test_people_say_what_keyword_rules_answer_and_more() -> None:
    script = DemoScript(seed=1)
    lines = [script.next_line("测试账号") for _ in range(400)]
    texts = " ".join(line.text for line in lines)

    for keyword in ("你好", "在吗", "价格", "谢谢", "@测试账号\u2005", "😀"):
        assert keyword in texts
    assert any(line.kind == "image" for line in lines)
    assert max(len(line.text) for line in lines) > 80
    assert "{account}" not in texts
    assert "image:" not in texts


def test_the_pace_is_adjustable() -> None:
    script = DemoScript(seed=1, messages_per_minute=600)
    pauses = [script.next_line("x").pause_s for _ in range(300)]

    assert 0.08 < sum(pauses) / len(pauses) < 0.12


def test_populating_leaves_no_news_behind(clock: HandClock) -> None:
    world = World(SimulatorConfig(), monotonic=clock)
    DemoScript(seed=1).populate(world)
    world.initialize()

    assert world.next_new() is None
    assert all(chat.rows for chat in world.chats if chat.title != "文件传输助手")


async def test_a_running_script_writes_until_cancelled(clock: HandClock) -> None:
    world = World(SimulatorConfig(), monotonic=clock)
    script = DemoScript(seed=1)
    script.populate(world)
    world.initialize()
    beats = 0

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)
        await asyncio.sleep(0)

    def beat() -> None:
        nonlocal beats
        beats += 1
        if beats == 20:
            raise asyncio.CancelledError

    with contextlib.suppress(asyncio.CancelledError):
        await script.run(world, sleep=sleep, beat=beat)

    assert beats == 20
    assert world.next_new() is not None


def test_the_same_seed_brings_the_same_trouble_and_losses_only_on_demand() -> None:
    def trouble(*, with_losses: bool) -> list[Trouble]:
        schedule = FaultSchedule(seed=3, mean_pause_s=1, with_losses=with_losses)
        return [schedule.next_trouble().trouble for _ in range(200)]

    assert trouble(with_losses=True) == trouble(with_losses=True)
    assert not LOSING & set(trouble(with_losses=False))
    assert set(trouble(with_losses=True)) == set(Trouble)


@pytest.mark.parametrize("trouble", list(Trouble))
async def test_each_trouble_ends(client: Client, trouble: Trouble) -> None:
    server: SimulatedServer = client.server
    server.world.receive("张三", text="一")
    begin(server, trouble)
    end(server, trouble)

    assert (await client.get("/api/message/listen/get")).status == 200
    assert server.world.is_alive

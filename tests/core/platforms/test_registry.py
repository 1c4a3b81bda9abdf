"""The open platforms follow the configuration: added, edited under load, disabled, removed, broken."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from tests.core.platforms.surroundings import Calls, ToyConfig, ToyPlatform, request, toy_config
from tests.fakes.clock import FakeClock
from tests.waiting import eventually
from wxauto_mgt.core.config.notifier import ConfigChanged, ConfigChangeType, ConfigNotifier
from wxauto_mgt.core.platforms.contract import PluginContext
from wxauto_mgt.core.platforms.open_platform import OpenPlatform
from wxauto_mgt.core.platforms.registry import PlatformRegistry
from wxauto_mgt.core.platforms.section import PLATFORM, PlatformConfig
from wxauto_mgt.core.platforms.types import PlatformTypes
from wxauto_mgt.errors import PlatformError, PlatformPermanent
from wxauto_mgt.runtime.supervisor import LoopFailure, Supervisor


class Moody(ToyPlatform):
    """Opens according to its answer's text."""

    TYPE = "toy"

    async def open(self) -> None:
        if self.config.answer == "broken":
            raise KeyError("nothing to see")
        if self.config.answer == "refused":
            raise PlatformPermanent("platform_refused", status=400)
        if self.config.answer.startswith("slow"):
            await self.context.clock.sleep(10)


class NeverMade(ToyPlatform):
    TYPE = "never"

    def __init__(self, *, config: ToyConfig, context: PluginContext) -> None:
        raise KeyError("constructor")


@dataclasses.dataclass
class House:
    """A registry and what moves it."""

    registry: PlatformRegistry
    notifier: ConfigNotifier
    clock: FakeClock
    crashes: list[LoopFailure]

    def change(self, after: PlatformConfig | None, platform_id: str = "p1") -> None:
        kind = ConfigChangeType.PLATFORM_UPDATED
        now = datetime(2026, 1, 1, tzinfo=UTC)
        self.notifier.publish([ConfigChanged(kind, PLATFORM, platform_id, None, after, 1, now)])

    async def opened(self, answer: str) -> OpenPlatform:
        """Wait until the platform that gives this answer is in force."""

        def found() -> OpenPlatform | None:
            platform = self.registry.get("p1")
            is_it = platform is not None and platform.plugin.config.answer == answer
            return platform if is_it else None

        platform = await eventually(found)
        assert platform is not None
        return platform


@asynccontextmanager
async def house(*configs: PlatformConfig) -> AsyncIterator[House]:
    clock = FakeClock()
    crashes: list[LoopFailure] = []
    supervisor = Supervisor(clock=clock, on_failure=crashes.append)
    notifier = ConfigNotifier()
    registry = PlatformRegistry(
        types=PlatformTypes([Moody, NeverMade]),
        notifier=notifier,
        supervisor=supervisor,
        clock=clock,
        on_call=Calls(),
        rng=random.Random(1),
    )
    await registry.start(configs)
    yield House(registry, notifier, clock, crashes)
    await registry.close(timeout_s=1)
    assert await supervisor.stop() == ()
    assert crashes == []


def toy_of(platform: OpenPlatform | None) -> ToyPlatform:
    assert platform is not None
    assert isinstance(platform.plugin, ToyPlatform)
    return platform.plugin


def absence(registry: PlatformRegistry, platform_id: str = "p1") -> str:
    with pytest.raises(PlatformError) as caught:
        registry.require(platform_id)
    return caught.value.code


async def test_enabled_platforms_are_open_after_the_start() -> None:
    disabled = dataclasses.replace(toy_config("off"), enabled=False)
    async with house(toy_config("p1"), disabled) as its:
        assert (await its.registry.require("p1").call(request(), "a")).texts == ("ok",)
        assert [platform.config.id for platform in its.registry.all()] == ["p1"]
        assert absence(its.registry, "off") == "platform_disabled"
        assert absence(its.registry, "gone") == "platform_missing"


async def test_an_edit_takes_over_while_the_old_one_finishes_its_calls() -> None:
    async with house(toy_config(answer="old")) as its:
        old = its.registry.require("p1")
        toy_of(old).gate.clear()
        async with asyncio.TaskGroup() as group:
            under_way = group.create_task(old.call(request(), "a"))
            await eventually(lambda: toy_of(old).running == 1)
            its.change(toy_config(answer="new"))
            new = await its.opened("new")
            assert (await new.call(request(), "a")).texts == ("new",)
            assert toy_of(old).closed == 0
            toy_of(old).gate.set()
        assert under_way.result().texts == ("old",)
        await eventually(lambda: toy_of(old).closed == 1)


async def test_the_old_one_serves_until_the_new_one_is_open() -> None:
    async with house(toy_config(answer="old")) as its:
        its.change(toy_config(answer="slow"))
        await eventually(lambda: its.clock.sleepers == 1)
        assert (await its.registry.require("p1").call(request(), "a")).texts == ("old",)
        await its.clock.advance(10)
        await its.opened("slow")


async def test_of_two_quick_edits_the_later_one_stays() -> None:
    async with house(toy_config(answer="old")) as its:
        its.change(toy_config(answer="slow"))
        await eventually(lambda: its.clock.sleepers == 1)
        its.change(toy_config(answer="newest"))
        newest = await its.opened("newest")
        await its.clock.advance(10)
        assert its.registry.get("p1") is newest


async def test_a_platform_disabled_while_it_opens_stays_closed() -> None:
    async with house() as its:
        its.change(toy_config(answer="slow"))
        await eventually(lambda: its.clock.sleepers == 1)
        assert absence(its.registry) == "platform_opening"
        its.change(dataclasses.replace(toy_config(), enabled=False))
        await its.clock.advance(10)
        assert absence(its.registry) == "platform_disabled"


async def test_disabled_and_removed_platforms_are_closed() -> None:
    async with house(toy_config()) as its:
        first = toy_of(its.registry.get("p1"))
        its.change(dataclasses.replace(toy_config(), enabled=False))
        assert absence(its.registry) == "platform_disabled"
        await eventually(lambda: first.closed == 1)
        its.change(toy_config(answer="again"))
        second = toy_of(await its.opened("again"))
        its.change(None)
        assert absence(its.registry) == "platform_missing"
        await eventually(lambda: second.closed == 1)


@pytest.mark.expects_log("platform did not open")
async def test_a_platform_that_does_not_open_says_why_and_leaves_the_others_alone() -> None:
    async with house(toy_config("p1", answer="refused"), toy_config("p2")) as its:
        assert absence(its.registry) == "platform_refused"
        assert its.registry.get("p2") is not None
        its.change(toy_config(answer="mended"))
        await its.opened("mended")


@pytest.mark.expects_log("platform did not open")
@pytest.mark.expects_log("platform plugin failed to open")
async def test_a_plugins_mistake_while_opening_closes_what_it_made() -> None:
    never = dataclasses.replace(toy_config("p2"), type="never")
    async with house(toy_config(answer="old"), never) as its:
        assert absence(its.registry, "p2") == "platform_plugin_failed"
        its.change(toy_config(answer="broken"))
        await eventually(lambda: its.registry.get("p1") is None)
        assert absence(its.registry) == "platform_plugin_failed"


@pytest.mark.expects_log("platform did not open")
async def test_a_type_whose_plugin_is_gone_says_so() -> None:
    async with house(dataclasses.replace(toy_config(), type="vanished")) as its:
        assert absence(its.registry) == "platform_type_missing"


@pytest.mark.expects_log("platform plugin failed to open")
async def test_an_unsaved_configuration_can_be_tested_beside_the_open_one() -> None:
    async with house(toy_config(answer="old")) as its:
        assert (await its.registry.test(toy_config(answer="new"))).ok
        assert not (await its.registry.test(toy_config(answer="broken"))).ok
        assert (await its.registry.require("p1").call(request(), "a")).texts == ("old",)


async def test_closing_ends_openings_and_calls_that_hang() -> None:
    async with house(toy_config("p1"), toy_config("p2")) as its:
        its.change(toy_config("p3", answer="slow"), "p3")
        await eventually(lambda: its.clock.sleepers == 1)
        plugins = [toy_of(platform) for platform in its.registry.all()]
    assert [plugin.closed for plugin in plugins] == [1, 1]
    assert its.registry.all() == ()

"""Stand-ins around delivery: a server that records what truly went out, platforms that answer by script."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, cast

from tests.fakes.clock import FakeClock
from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.instances.budget import CallBudget
from wxauto_mgt.core.instances.client import WxautoClient
from wxauto_mgt.core.instances.episodes import Episodes
from wxauto_mgt.core.instances.gate import UiGate
from wxauto_mgt.core.instances.instance import Instance
from wxauto_mgt.core.instances.liveness import Liveness
from wxauto_mgt.core.instances.model import InstanceConfig, SendAnswer, SendOutcome, SendReason
from wxauto_mgt.core.instances.windows import VerifiedWindows
from wxauto_mgt.core.platforms.contract import (
    Platform,
    PlatformReply,
    PlatformRequest,
    PluginContext,
    TestResult,
)
from wxauto_mgt.core.platforms.open_platform import OpenPlatform
from wxauto_mgt.core.platforms.section import PlatformConfig
from wxauto_mgt.core.wire import Channel, ErrorCleared, ErrorReport
from wxauto_mgt.errors import PlatformError, PlatformPermanent
from wxauto_mgt.runtime.fault_points import FaultPoints

ACCEPTED = SendAnswer(SendOutcome.ACCEPTED, SendReason.ACCEPTED)
REFUSED_CONNECTION = SendAnswer(SendOutcome.NOT_SENT, SendReason.CONNECT_FAILED, retryable=True)
MISMATCH = SendAnswer(SendOutcome.NOT_SENT, SendReason.CONTACT_MISMATCH)
TIMED_OUT = SendAnswer(SendOutcome.UNKNOWN, SendReason.TIMED_OUT, may_still_run=True)
SERVER_ERROR = SendAnswer(SendOutcome.UNKNOWN, SendReason.SERVER_ERROR)


class Crash(Exception):
    """The process dies here."""


class CrashingFaults(FaultPoints):
    """Fault points that raise instead of killing the test's own process."""

    def __init__(self) -> None:
        super().__init__(None)
        self.armed: str | None = None
        self.reached: list[str] = []

    def reach(self, name: str) -> None:
        self.reached.append(name)
        if name == self.armed:
            self.armed = None
            raise Crash(name)


@dataclass(frozen=True)
class Sent:
    """One text that a server was asked to send."""

    channel: Channel
    target: str
    text: str
    at_list: tuple[str, ...] = ()
    really: bool = True


@dataclass
class FakeClient:
    """The sending side of `WxautoClient`; `answers` are used up one by one, then everything is accepted."""

    answers: deque[SendAnswer] = field(default_factory=deque)
    sent: list[Sent] = field(default_factory=list)
    hold: asyncio.Event | None = None
    entered: int = 0

    async def send_window(self, who: str, text: str, at_list: tuple[str, ...] = ()) -> SendAnswer:
        return await self._send(Channel.WINDOW, who, text, at_list)

    async def send_main(self, receiver: str, text: str) -> SendAnswer:
        return await self._send(Channel.MAIN, receiver, text, ())

    async def _send(self, channel: Channel, target: str, text: str, at_list: tuple[str, ...]) -> SendAnswer:
        self.entered += 1
        if self.hold is not None:
            await self.hold.wait()
        answer = self.answers.popleft() if self.answers else ACCEPTED
        really = answer.outcome is not SendOutcome.NOT_SENT
        self.sent.append(Sent(channel, target, text, at_list, really))
        return answer


def fake_instance(instance_id: str, client: FakeClient, clock: FakeClock) -> Instance:
    """An instance whose parts are real, save its client."""
    config = InstanceConfig.model_validate(
        {"id": instance_id, "base_url": "http://127.0.0.1:1", "api_key": "secret-key"}, strict=False
    )
    errors: list[ErrorReport | ErrorCleared] = []
    return Instance(
        config=config,
        client=cast("WxautoClient", client),
        gate=UiGate(clock=clock),
        budget=CallBudget(per_minute=0, clock=clock),
        liveness=Liveness(
            instance_id=instance_id, clock=clock, probe_interval_s=lambda: 5.0, on_change=lambda _: None
        ),
        windows=VerifiedWindows(clock=clock),
        episodes=Episodes(instance_id=instance_id, clock=clock, on_error=errors.append),
    )


class FakeInstances:
    """Instances in use, as a registry shows them."""

    def __init__(self, *instances: Instance) -> None:
        self._instances = {instance.id: instance for instance in instances}

    def get(self, instance_id: str) -> Instance | None:
        return self._instances.get(instance_id)

    def all(self) -> tuple[Instance, ...]:
        return tuple(self._instances.values())

    def replace(self, instance: Instance) -> None:
        self._instances[instance.id] = instance

    def remove(self, instance_id: str) -> None:
        del self._instances[instance_id]


class EmptyConfig(ConfigModel):
    """A platform without settings."""


Script = Callable[[PlatformRequest], PlatformReply]


class ScriptedPlatform(Platform[EmptyConfig]):
    """Answers by a function, which may raise; remembers what it was asked."""

    TYPE: ClassVar[str] = "scripted"
    CONFIG: ClassVar[type[ConfigModel]] = EmptyConfig

    def __init__(self, *, script: Script, turns: int, context: PluginContext) -> None:
        super().__init__(config=EmptyConfig(), context=context)
        self._script = script
        self._turns = turns
        self.hold: asyncio.Event | None = None
        self.asked: list[PlatformRequest] = []

    @property
    def history_turns(self) -> int:
        return self._turns

    async def reply(self, request: PlatformRequest) -> PlatformReply:
        self.asked.append(request)
        if self.hold is not None:
            await self.hold.wait()
        return self._script(request)

    async def test(self) -> TestResult:
        return TestResult(True, "platform_test.ok", {}, 0.0)


class OnceOnlyPlatform(ScriptedPlatform):
    """One that must not be asked twice."""

    REPEATABLE: ClassVar[bool] = False


def echo_script(request: PlatformRequest) -> PlatformReply:
    """Answer with what was said."""
    return PlatformReply((f"re: {request.content}",))


class FakePlatforms:
    """Open platforms by id."""

    def __init__(self) -> None:
        self.opened: dict[str, OpenPlatform] = {}

    def get(self, platform_id: str) -> OpenPlatform | None:
        return self.opened.get(platform_id)

    def why_absent(self, platform_id: str) -> PlatformError:
        return PlatformPermanent("platform_missing", platform=platform_id)

    def open(self, platform_id: str, plugin: ScriptedPlatform, clock: FakeClock) -> None:
        config = PlatformConfig(
            id=platform_id, name="", type="scripted", enabled=True, concurrency=4, config=EmptyConfig()
        )
        self.opened[platform_id] = OpenPlatform(config=config, plugin=plugin, clock=clock)

"""A platform that takes a fixed time and always answers; installed the way other packages install theirs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Final

from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.platforms.contract import Platform, PlatformReply, PlatformRequest, TestResult
from wxauto_mgt.core.platforms.types import PlatformTypes

TYPE: Final = "bench_sleep"


class SleepingConfig(ConfigModel):
    """How long one answer takes."""

    answer_s: float = 0.2


class SleepingPlatform(Platform[SleepingConfig]):
    """Answers each message with one text after `answer_s`."""

    TYPE: ClassVar[str] = TYPE
    CONFIG: ClassVar[type[ConfigModel]] = SleepingConfig

    async def reply(self, request: PlatformRequest) -> PlatformReply:
        await self.context.clock.sleep(self.config.answer_s)
        return PlatformReply(texts=(f"已收到第 {request.message_id} 条消息，正在为您处理。",))

    async def test(self) -> TestResult:
        return TestResult(True, "platform_test.ok", {}, 0.0)


@contextmanager
def installed_in(folder: Path) -> Iterator[None]:
    """Make the platform an installed plugin for the time of the block."""
    info = folder / "bench_sleep-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-sleep\nVersion: 1.0\n")
    entry = f"{TYPE} = {__name__}:{SleepingPlatform.__name__}"
    (info / "entry_points.txt").write_text(f"[{PlatformTypes.GROUP}]\n{entry}\n")
    sys.path.append(str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))

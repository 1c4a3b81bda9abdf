"""Opens a platform anew: new connections, a closed breaker, and a second chance where it failed to open."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.platforms.section import PLATFORM
from wxauto_mgt.core.recovery.actions.contract import RepairAction, RepairResult
from wxauto_mgt.core.recovery.actions.form_fields import shown
from wxauto_mgt.errors import PlatformError


class ReopenPlatformConfig(ConfigModel):
    """Which platform.

    Attributes:
        platform: its id; empty = the service itself, which is one then.
    """

    platform: str = Field(
        default="",
        max_length=64,
        json_schema_extra=shown("platform.platform", 10, widget=Widget.REFERENCE, refers_to=PLATFORM),
    )


class ReopenPlatform(RepairAction[ReopenPlatformConfig]):
    """Calls under way finish on the old connections."""

    TYPE: ClassVar[str] = "reopen_platform"
    CONFIG: ClassVar[type[ConfigModel]] = ReopenPlatformConfig
    PROVED_WITHIN_S: ClassVar[float] = 0.0  # its check waits for the answer by itself

    async def precondition(self) -> RepairResult | None:
        """A platform must be named."""
        return None if self._platform_id() else RepairResult.not_applicable("no_platform_named")

    async def run(self) -> RepairResult:
        """Act."""
        platform_id = self._platform_id()
        try:
            await self.context.platforms.reopen(platform_id)
        except PlatformError as error:
            return RepairResult.failed(
                "platform_not_opened", platform=platform_id, evidence={"cause": error.code}
            )
        return RepairResult.done("platform_reopened", platform=platform_id)

    def _platform_id(self) -> str:
        kind, _, object_id = self.context.service.partition(":")
        return self.config.platform or (object_id if kind == PLATFORM else "")

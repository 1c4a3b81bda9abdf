"""Tells a person that a service needs them. The end of a failed run is told anyway; this is for sooner."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.notifications.model import Notification, NotificationKind, NotificationLevel
from wxauto_mgt.core.recovery.actions.contract import RepairAction, RepairResult
from wxauto_mgt.core.recovery.actions.form_fields import shown


class NotifyPersonConfig(ConfigModel):
    """What to say.

    Attributes:
        message: empty = a sentence of the console's own.
    """

    message: str = Field(
        default="",
        max_length=1000,
        json_schema_extra=shown("notify.message", 10, widget=Widget.MULTILINE),
    )
    level: NotificationLevel = Field(
        default=NotificationLevel.ERROR, json_schema_extra=shown("notify.level", 20)
    )


class NotifyPerson(RepairAction[NotifyPersonConfig]):
    """Writes a notice; channels and quiet hours decide where it goes."""

    TYPE: ClassVar[str] = "notify_person"
    CONFIG: ClassVar[type[ConfigModel]] = NotifyPersonConfig
    TIMEOUT_S: ClassVar[float] = 10.0
    PROVED_WITHIN_S: ClassVar[float] = 0.0
    ACTS: ClassVar[bool] = False

    async def run(self) -> RepairResult:
        """Act."""
        await self.context.notify(
            Notification(
                key=f"recovery:{self.context.service}",
                kind=NotificationKind.FIRING,
                level=self.config.level,
                title="recovery.notice.needs_person.title",
                message=self.config.message or "recovery.notice.needs_person.message",
                at=self.context.clock.now(),
                labels={"service": self.context.service},
                params={"service": self.context.service},
            )
        )
        return RepairResult.done("person_told")

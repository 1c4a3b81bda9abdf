"""Checks that the volume of a folder has room: without it no message can be committed."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Final, Self

from pydantic import AfterValidator, Field, model_validator

from wxauto_mgt.core.config.model import ConfigModel, refuse
from wxauto_mgt.core.monitoring.checks.addresses import absolute_path
from wxauto_mgt.core.monitoring.checks.contract import CheckContext, CheckKind, CheckResult, Outcome
from wxauto_mgt.core.monitoring.checks.form_fields import shown
from wxauto_mgt.core.monitoring.checks.own_thread import OwnThread, StillRunning
from wxauto_mgt.errors import Fact

_MB: Final = 1 << 20
_GB: Final = 1 << 30


@dataclass(frozen=True)
class DiskLimits:
    """From where on a disk is too full; whichever is reached first. 100 % and 0 bytes limit nothing.

    Attributes:
        warn_percent, fail_percent: of what this account may use, 0-100.
        warn_free_bytes, fail_free_bytes: at least so much must be free.
    """

    warn_percent: float = 100.0
    fail_percent: float = 100.0
    warn_free_bytes: float = 0.0
    fail_free_bytes: float = 0.0

    def judge(self, *, used_percent: float, free_bytes: int) -> Outcome:
        """Tell what so much use and room is."""
        if free_bytes < self.fail_free_bytes or used_percent > self.fail_percent:
            return Outcome.FAILED
        if free_bytes < self.warn_free_bytes or used_percent > self.warn_percent:
            return Outcome.DEGRADED
        return Outcome.OK


# Judgement call: some days of messages, and room for the copy made before a migration.
DATA_FOLDER_LIMITS: Final = DiskLimits(fail_free_bytes=256 * _MB)


class DiskCheck:
    """Reads the free space of a folder's volume."""

    def __init__(self, *, folder: Path, limits: DiskLimits = DATA_FOLDER_LIMITS) -> None:
        self._folder = folder
        self._limits = limits
        self._thread = OwnThread(f"check:disk {folder}")

    async def run(self) -> CheckResult:
        """Measure."""
        folder = str(self._folder)
        try:
            free_bytes, used_percent, total_bytes = await self._thread.call(self._measure)
        except StillRunning:
            return CheckResult(Outcome.FAILED, "earlier_check_hangs")
        except OSError as error:
            params: dict[str, Fact] = {"folder": folder, "cause": type(error).__name__}
            return CheckResult(Outcome.FAILED, "disk_unreadable", params)
        evidence: dict[str, Fact] = {
            "free_bytes": free_bytes,
            "total_bytes": total_bytes,
            "used_percent": used_percent,
        }
        params = {"folder": folder, "free_mb": free_bytes // _MB, "used_percent": used_percent}
        outcome = self._limits.judge(used_percent=used_percent, free_bytes=free_bytes)
        reason = "disk_has_room" if outcome is Outcome.OK else "disk_nearly_full"
        return CheckResult(outcome, reason, params, evidence)

    def _measure(self, _given_up: threading.Event) -> tuple[int, float, int]:
        usage = shutil.disk_usage(self._folder)
        # As `df` does: what the system keeps for itself is nobody's room.
        usable = usage.used + usage.free
        return usage.free, round(100 * usage.used / usable, 1) if usable else 100.0, usage.total


def _folder_or_none(value: str) -> str:
    return absolute_path(value) if value else value


class FolderConfig(ConfigModel):
    """Which folder, and from where on its disk is too full."""

    path: Annotated[str, AfterValidator(_folder_or_none)] = Field(
        default="",
        max_length=1000,
        json_schema_extra=shown("folder", 100, help_key="check_kind.help.disk_folder"),
    )
    warn_percent: float = Field(
        default=90.0, gt=0.0, le=100.0, json_schema_extra=shown("warn_percent", 110, unit="unit.percent")
    )
    fail_percent: float = Field(
        default=95.0, gt=0.0, le=100.0, json_schema_extra=shown("fail_percent", 120, unit="unit.percent")
    )
    warn_free_gb: float = Field(
        default=0.0, ge=0.0, le=1_000_000.0, json_schema_extra=shown("warn_free_gb", 130)
    )
    fail_free_gb: float = Field(
        default=0.0, ge=0.0, le=1_000_000.0, json_schema_extra=shown("fail_free_gb", 140)
    )

    @model_validator(mode="after")
    def _warns_first(self) -> Self:
        if self.warn_percent > self.fail_percent or 0 < self.warn_free_gb < self.fail_free_gb:
            raise refuse("disk_limits")
        return self

    def limits(self) -> DiskLimits:
        """Return what the check judges by."""
        return DiskLimits(
            self.warn_percent, self.fail_percent, self.warn_free_gb * _GB, self.fail_free_gb * _GB
        )


class FolderCheck(CheckKind[FolderConfig]):
    """Checks the disk of any folder; of the data folder where none is named."""

    TYPE = "disk"
    CONFIG: ClassVar[type[FolderConfig]] = FolderConfig

    def __init__(self, config: FolderConfig, context: CheckContext) -> None:
        super().__init__(config, context)
        folder = Path(config.path) if config.path else context.data_dir
        self._check = DiskCheck(folder=folder, limits=config.limits())

    async def run(self) -> CheckResult:
        return await self._check.run()

"""A service that an operator wants to be watched, as configured. Owns the words; the section parses."""

from __future__ import annotations

from dataclasses import dataclass

from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.monitoring.services.process_config import ManagedProcessConfig


@dataclass(frozen=True)
class CheckSpec:
    """Which kind of check, and that kind's own fields."""

    type: str
    config: ConfigModel


@dataclass(frozen=True)
class RepairSpec:
    """One step of a service's repair ladder.

    Attributes:
        action: type of the repair.
        timeout_s: None = that of the action.
    """

    action: str
    config: ConfigModel
    timeout_s: float | None = None


@dataclass(frozen=True)
class ServiceConfig:
    """One service as configured.

    Attributes:
        port: stands for `{port}` in addresses and arguments.
        depends_on: names of services without which it cannot work.
        repairs: steps in order, presets already taken apart.
        process: None where the console does not run it.
        interval_s, timeout_s, failure_threshold: None = that of the settings.
    """

    name: str
    check: CheckSpec
    description: str = ""
    enabled: bool = True
    critical: bool = False
    port: int | None = None
    depends_on: tuple[str, ...] = ()
    repairs: tuple[RepairSpec, ...] = ()
    process: ManagedProcessConfig | None = None
    interval_s: float | None = None
    timeout_s: float | None = None
    failure_threshold: int | None = None

    @property
    def label(self) -> str:
        """What people call it."""
        return self.description or self.name

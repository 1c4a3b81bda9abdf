"""One instance at run time: its client and all that guards and judges the calls through it."""

from __future__ import annotations

from dataclasses import dataclass

from wxauto_mgt.core.instances.budget import CallBudget
from wxauto_mgt.core.instances.client import WxautoClient
from wxauto_mgt.core.instances.episodes import Episodes
from wxauto_mgt.core.instances.gate import UiGate
from wxauto_mgt.core.instances.liveness import Liveness
from wxauto_mgt.core.instances.model import InstanceConfig
from wxauto_mgt.core.instances.windows import VerifiedWindows


@dataclass(eq=False)
class Instance:
    """The parts of one instance. `config` and `client` are replaced by the registry only.

    Ask for `client` at each call: after an edit of the key it is another one.
    """

    config: InstanceConfig
    client: WxautoClient
    gate: UiGate
    budget: CallBudget
    liveness: Liveness
    windows: VerifiedWindows
    episodes: Episodes

    @property
    def id(self) -> str:
        """The id of its configuration; never changes."""
        return self.config.id


@dataclass(frozen=True)
class InstanceAdded:
    """An enabled instance is there: at start, when it was added or enabled, or in place of another."""

    instance: Instance


@dataclass(frozen=True)
class InstanceRemoved:
    """An instance is out of use: removed, disabled, unreadable, or replaced by another object."""

    instance: Instance


@dataclass(frozen=True)
class InstanceAdjusted:
    """Name, key or rate limit changed; the same object goes on."""

    instance: Instance

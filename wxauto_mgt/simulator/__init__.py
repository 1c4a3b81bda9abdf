"""A stand-in WXAUTO-HTTP-API server for demonstrations and tests; imports nothing else of ours."""

from wxauto_mgt.simulator.config import Family, Library, SimulatorConfig, WindowShape, lifelike
from wxauto_mgt.simulator.faults import Effect, FaultPlan
from wxauto_mgt.simulator.runner import UiOverlap
from wxauto_mgt.simulator.server import SimulatedServer
from wxauto_mgt.simulator.world import SentMessage, World

__all__ = [
    "Effect",
    "Family",
    "FaultPlan",
    "Library",
    "SentMessage",
    "SimulatedServer",
    "SimulatorConfig",
    "UiOverlap",
    "WindowShape",
    "World",
    "lifelike",
]

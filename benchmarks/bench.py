"""What every benchmark is handed: how thorough to be, where to write, where heartbeats are collected."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.heartbeat import Heartbeat


@dataclass
class Bench:
    """One run.

    Attributes:
        is_quick: fewer and smaller repetitions; the shape of the result, not a figure to quote.
        heartbeats: gaps of the headless loop while each benchmark put load on it.
    """

    scratch: Path
    is_quick: bool
    heartbeats: dict[str, Heartbeat] = field(default_factory=dict)

    @property
    def repetitions(self) -> int:
        """How often a quantity is measured."""
        return 1 if self.is_quick else 3

    def folder(self, name: str) -> Path:
        """A new folder on the disk that is measured."""
        made = self.scratch / name
        made.mkdir(parents=True)
        return made

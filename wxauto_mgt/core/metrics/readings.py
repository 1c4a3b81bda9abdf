"""Reads what this process and its host use. Blocking: the sampler calls it off the loop.

Owns the translation of psutil; a figure that cannot be had is None, never zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import psutil

from wxauto_mgt.runtime.platform import count_descriptors

T = TypeVar("T")


@dataclass(frozen=True)
class ProcessFigures:
    """This process; `cpu_percent` 100 is one core, None until measured over some time."""

    cpu_percent: float | None
    memory_mb: float | None
    thread_count: int | None
    descriptor_count: int | None


@dataclass(frozen=True)
class HostFigures:
    """The machine; disk is the volume of the data folder, network counters are since its start."""

    cpu_percent: float | None
    memory_percent: float | None
    disk_percent: float | None
    network_bytes_sent: int | None
    network_bytes_recv: int | None
    process_count: int | None


class NicCounters(Protocol):
    """What one network card counted since it came up."""

    @property
    def bytes_sent(self) -> int:
        """Bytes sent."""
        ...

    @property
    def bytes_recv(self) -> int:
        """Bytes received."""
        ...


class NetworkTotals:
    """Adds up what all network cards counted. A card that goes away takes nothing back, one that comes
    counts from where it stands: neither is traffic.
    """

    def __init__(self) -> None:
        self._before: dict[str, tuple[int, int]] | None = None
        self._sent = 0
        self._received = 0

    def add(self, counters: Mapping[str, NicCounters]) -> tuple[int, int]:
        """Return bytes sent and received since the machine's start, as far as they were seen."""
        now = {name: (nic.bytes_sent, nic.bytes_recv) for name, nic in counters.items()}
        nothing = (0, 0)
        before = dict.fromkeys(now, nothing) if self._before is None else self._before
        for name, (sent, received) in now.items():
            sent_before, received_before = before.get(name, (sent, received))
            self._sent += max(0, sent - sent_before)
            self._received += max(0, received - received_before)
        self._before = now
        return self._sent, self._received


class BusyShare:
    """How busy all cores together were since the last look, in percent.

    psutil's own `cpu_percent` remembers the last look for each thread apart, and answers 0 to a new one.
    """

    def __init__(self) -> None:
        self._before: tuple[float, float] | None = None

    def look(self) -> float | None:
        """Return the share since the last look; None the first time, or when no time has passed."""
        times = psutil.cpu_times()
        # `guest` times are part of `user` and `nice` already.
        total_s = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        idle_s = times.idle + getattr(times, "iowait", 0.0)
        before = self._before
        if before is not None and total_s <= before[0]:
            return None  # the machine counts in ticks of a hundredth of a second
        self._before = (total_s, idle_s)
        if before is None:
            return None
        share = 1 - (idle_s - before[1]) / (total_s - before[0])
        return 100 * min(1.0, max(0.0, share))


class HostReader:
    """Reads both; one caller at a time, since CPU shares are measured from call to call."""

    def __init__(self, *, data_folder: Path) -> None:
        self._data_folder = data_folder
        self._process = psutil.Process()
        self._network = NetworkTotals()
        self._busy = BusyShare()
        self._is_first = True

    def read(self) -> tuple[ProcessFigures, HostFigures]:
        """Read all figures; takes milliseconds."""
        app_cpu = _or_none(lambda: self._process.cpu_percent(None))
        host_cpu = _or_none(self._busy.look)
        if self._is_first:
            # psutil answers the first question with a meaningless 0.
            app_cpu = None
            self._is_first = False
        memory_bytes = _or_none(lambda: self._process.memory_info().rss)
        network = _or_none(lambda: self._network.add(psutil.net_io_counters(pernic=True)))
        return ProcessFigures(
            cpu_percent=app_cpu,
            memory_mb=None if memory_bytes is None else memory_bytes / 2**20,
            thread_count=_or_none(self._process.num_threads),
            descriptor_count=_or_none(lambda: count_descriptors(self._process)),
        ), HostFigures(
            cpu_percent=host_cpu,
            memory_percent=_or_none(lambda: psutil.virtual_memory().percent),
            disk_percent=_or_none(lambda: psutil.disk_usage(str(self._data_folder)).percent),
            network_bytes_sent=network[0] if network else None,
            network_bytes_recv=network[1] if network else None,
            process_count=_or_none(lambda: len(psutil.pids())),
        )


def _or_none(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except (psutil.Error, OSError):
        return None

"""Reads series wherever they are: on disk with earlier runs, else the points in memory.

Owns that a database that fails costs the older points only. The facade and analysis read through it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import numpy as np

from wxauto_mgt.core.metrics.history import SeriesHistory
from wxauto_mgt.core.metrics.model import Labels, MetricType, Series
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.core.metrics.rollup import rises_of
from wxauto_mgt.core.metrics.sampler import Sampler
from wxauto_mgt.errors import StorageError

_log = logging.getLogger(__name__)

T = TypeVar("T")


class MetricReader:
    """Points and rises of any series since an instant."""

    def __init__(self, *, registry: MetricRegistry, sampler: Sampler) -> None:
        self._registry = registry
        self._sampler = sampler

    @property
    def raw_reach(self) -> timedelta:
        """How far back points are kept as they were measured."""
        return timedelta(seconds=self._sampler.policy.kept_s)

    async def label_sets(self, name: str) -> tuple[Labels, ...]:
        """Labels of all series of a metric, those of earlier runs first."""
        here = self._registry.label_sets(name)
        stored = await self._read(lambda history: history.label_sets(name), here)
        return tuple(dict.fromkeys((*stored, *here)))

    async def type_of(self, name: str) -> MetricType:
        """What a metric is, or was in an earlier run."""
        here = self._registry.type_of(name)
        if self._registry.label_sets(name):
            return here
        stored = await self._read(lambda history: history.type_of(name), None)
        return stored or here

    async def history(self, name: str, since: datetime, *, labels: Labels = ()) -> Series:
        """Return the points since an instant; of older ones means, of counters totals, per bucket."""
        return await self._read(
            lambda history: history.points(name, labels, since), self._registry.window(name, labels, since)
        )

    async def rises(self, name: str, since: datetime, *, labels: Labels = ()) -> Series:
        """Return by how much a counter rose up to each point since an instant."""
        here = self._registry.window(name, labels, since)
        if here.values:
            risen = rises_of(np.asarray(here.values), None)
            here = Series(name, here.at_s, tuple(risen.tolist()), labels)
        return await self._read(lambda history: history.rises(name, labels, since), here)

    async def _read(self, read: Callable[[SeriesHistory], Awaitable[T]], otherwise: T) -> T:
        history = self._sampler.stored
        if history is None:
            return otherwise
        await self._sampler.flush()
        if self._sampler.is_store_failing:
            return otherwise  # the newest points are in memory only; that was said once
        try:
            return await read(history)
        except StorageError as error:
            _log.info("Stored samples cannot be read: %s", error)
            return otherwise

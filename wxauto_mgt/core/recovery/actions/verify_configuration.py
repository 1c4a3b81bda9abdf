"""Looks whether what is configured can work at all: a repair cannot help a service that is set up wrongly."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import urlsplit

from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.instances.model import INSTANCE
from wxauto_mgt.core.platforms.section import PLATFORM
from wxauto_mgt.core.recovery.actions.contract import RepairAction, RepairResult
from wxauto_mgt.errors import Fact


class VerifyConfigurationConfig(ConfigModel):
    """Nothing to choose."""


class VerifyConfiguration(RepairAction[VerifyConfigurationConfig]):
    """Judges the stored object and resolves its host; changes nothing, so a failure ends in the next step."""

    TYPE: ClassVar[str] = "verify_configuration"
    CONFIG: ClassVar[type[ConfigModel]] = VerifyConfigurationConfig
    TIMEOUT_S: ClassVar[float] = 10.0
    PROVED_WITHIN_S: ClassVar[float] = 0.0
    ACTS: ClassVar[bool] = False

    async def run(self) -> RepairResult:
        """Look."""
        kind, _, object_id = self.context.service.partition(":")
        if kind in (INSTANCE, PLATFORM):
            return await self._object(kind, object_id)
        unreadable = [
            problem
            for key, problem in self.context.config().unreadable.items()
            if key[1] == self.context.service
        ]
        if unreadable:
            return RepairResult.failed("configuration_unreadable", problem=unreadable[0].reason)
        return RepairResult.done("configuration_readable")

    async def _object(self, kind: str, object_id: str) -> RepairResult:
        snapshot = self.context.config()
        problem = snapshot.unreadable.get((kind, object_id))
        if problem is not None:
            return RepairResult.failed("configuration_unreadable", problem=problem.reason)
        found = snapshot.objects(kind).get(object_id)
        if found is None:
            return RepairResult.failed("configuration_missing", object=self.context.service)
        if not found.enabled:
            return RepairResult.failed("configuration_disabled", object=self.context.service)
        evidence: dict[str, Fact] = {"enabled": True}
        for host in _hosts(found):
            try:
                await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
            except OSError:
                return RepairResult.failed("host_not_found", host=host, evidence=evidence)
            evidence["host"] = host
        return RepairResult.done("configuration_readable", evidence=evidence)


def _hosts(found: object) -> Iterator[str]:
    """The host of the object's address, wherever its model keeps it."""
    for owner in (found, getattr(found, "config", None)):
        address = getattr(owner, "base_url", None)
        host = urlsplit(address).hostname if isinstance(address, str) else None
        if host:
            yield host

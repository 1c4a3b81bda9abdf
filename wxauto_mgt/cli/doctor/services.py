"""Looks whether configured services could be started and repaired, without doing either."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from wxauto_mgt.api.monitor_api import MonitorAPI
from wxauto_mgt.api.replies import Fields
from wxauto_mgt.cli.asking import CallRefused, data_of, fields_of, rows_of
from wxauto_mgt.cli.doctor.findings import Finding, Findings, note, ok, problem
from wxauto_mgt.core.config.model import Snapshot
from wxauto_mgt.core.monitoring.services.model import ServiceConfig
from wxauto_mgt.core.monitoring.services.process_config import ManagedProcessConfig
from wxauto_mgt.core.monitoring.services.section import SERVICE

_MOST_SERVICES: Final = 100


def examine_programs(snapshot: Snapshot) -> Findings:
    """Look for the programs of the services that the console runs itself. Blocks shortly."""
    services = [found for found in snapshot.objects(SERVICE).values() if isinstance(found, ServiceConfig)]
    return [
        finding
        for service in services
        if service.enabled and service.process is not None
        for finding in _program(service.name, service.process)
    ]


async def examine_repairs(api: MonitorAPI) -> Findings:
    """Have the running console try all repairs without acting: it is the one that needs the rights."""
    try:
        status = fields_of(data_of(await api.get_recovery_status()))
        services = fields_of(status.get("services"))
        repairable = [name for name, found in services.items() if fields_of(found).get("has_repairs")]
        found: list[Finding] = []
        for name in repairable[:_MOST_SERVICES]:
            plan = fields_of(data_of(await api.trigger_recovery(name, dry_run=True)))
            found += _steps(name, rows_of(plan.get("steps")))
    except CallRefused as error:
        return [problem("repairs_unknown", reason=error.sentence)]
    return found


def _program(service: str, process: ManagedProcessConfig) -> Iterator[Finding]:
    program = process.command[0]
    folder = Path(process.cwd) if process.cwd else None
    if folder is not None and not folder.is_dir():
        yield problem("program_folder_missing", service=service, path=str(folder))
        return
    where = shutil.which(program)
    if where is None and folder is not None:
        where = shutil.which(os.path.join(folder, program))
    if where is None:
        yield problem("program_missing", service=service, program=program)
    else:
        yield ok("program", service=service, program=where)


def _steps(service: str, steps: Sequence[Fields]) -> Iterator[Finding]:
    blocked = [step for step in steps if not step["would_act"]]
    for step in blocked:
        yield note("repair_blocked", service=service, step=str(step["title"]), reason=str(step["obstacle"]))
    if len(blocked) < len(steps):
        yield ok("repairs", service=service, count=len(steps) - len(blocked))
    elif steps:
        yield note("repairs_all_blocked", service=service)

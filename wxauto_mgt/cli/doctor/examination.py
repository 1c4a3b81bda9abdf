"""`doctor`: has everything examined, bounded in time, and tells what was found and what to do.

The command line runs it, with a console or without.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from wxauto_mgt.api.attach import RemoteMonitorAPI
from wxauto_mgt.api.console_link import ConsoleLink
from wxauto_mgt.api.replies import Fields
from wxauto_mgt.app.data_folder import console_database
from wxauto_mgt.cli.commands import Doctor
from wxauto_mgt.cli.doctor.configuration import examine_configuration, read_configuration
from wxauto_mgt.cli.doctor.console import examine_address, examine_console, examine_port, is_running
from wxauto_mgt.cli.doctor.data_folder import examine_data_folder
from wxauto_mgt.cli.doctor.findings import (
    Area,
    Examine,
    Finding,
    Findings,
    Verdict,
    advice,
    problem,
    sentence,
)
from wxauto_mgt.cli.doctor.installation import examine_installation
from wxauto_mgt.cli.doctor.live import examine_live
from wxauto_mgt.cli.doctor.network import examine_network
from wxauto_mgt.cli.doctor.services import examine_programs, examine_repairs
from wxauto_mgt.cli.doctor.system_services import examine_system_services
from wxauto_mgt.cli.tables import Cell, Colour
from wxauto_mgt.cli.terminal import ExitStatus, Terminal
from wxauto_mgt.core.config.model import Snapshot
from wxauto_mgt.errors import ConsoleError, PermanentError
from wxauto_mgt.runtime.clock import Clock

ANSWER_WITHIN_S: Final = 10.0
AREA_WITHIN_S: Final = 60.0
LIVE_WITHIN_S: Final = 240.0
_MARKS: Final = {
    Verdict.OK: ("✓", Colour.GOOD),
    Verdict.NOTE: ("·", Colour.WARNING),
    Verdict.PROBLEM: ("✗", Colour.BAD),
}


class Examination:
    """One examination of a data folder and all that belongs to it."""

    def __init__(
        self, *, data_dir: Path, environment: Mapping[str, str], clock: Clock, terminal: Terminal
    ) -> None:
        self._data_dir = data_dir
        self._environment = environment
        self._clock = clock
        self._terminal = terminal
        self._link = ConsoleLink(
            data_dir=data_dir,
            texts=lambda: terminal.catalogue,
            clock=clock,
            answer_within_s=ANSWER_WITHIN_S,
        )
        self._api = RemoteMonitorAPI(link=self._link)

    async def run(self, command: Doctor) -> ExitStatus:
        """Examine everything and print it; fails when something is wrong."""
        snapshot = await self._configuration()
        areas: dict[Area, Examine] = {
            Area.INSTALLATION: lambda: asyncio.to_thread(examine_installation),
            Area.DATA_FOLDER: lambda: self._data_folder(snapshot),
            Area.CONSOLE: lambda: self._console(snapshot),
            Area.NETWORK: lambda: self._network(snapshot),
            Area.SERVICES: lambda: self._services(snapshot),
        }
        async with asyncio.TaskGroup() as group:
            tasks = {
                area: group.create_task(_bounded(examine, AREA_WITHIN_S)) for area, examine in areas.items()
            }
        found = {area: task.result() for area, task in tasks.items()}
        if command.live:
            # Alone, because it acts: nothing else should be disturbed by it.
            found[Area.LIVE] = await _bounded(self._live, LIVE_WITHIN_S)
        self._tell(found)
        is_well = all(one.verdict is not Verdict.PROBLEM for many in found.values() for one in many)
        return ExitStatus.OK if is_well else ExitStatus.FAILED

    async def _configuration(self) -> Snapshot | ConsoleError:
        if not await asyncio.to_thread(console_database(self._data_dir).exists):
            return PermanentError("database_missing")
        try:
            async with asyncio.timeout(AREA_WITHIN_S):
                return await read_configuration(self._data_dir, self._environment, clock=self._clock)
        except ConsoleError as error:
            return error
        except TimeoutError:
            return PermanentError("configuration_slow", waited_s=AREA_WITHIN_S)

    async def _data_folder(self, snapshot: Snapshot | ConsoleError) -> Findings:
        folder = await asyncio.to_thread(examine_data_folder, self._data_dir, clock=self._clock)
        return [*folder, *examine_configuration(snapshot)]

    async def _console(self, snapshot: Snapshot | ConsoleError) -> Findings:
        found = [*await examine_console(self._link)]
        if not isinstance(snapshot, Snapshot):
            return found
        for finding in tuple(found):
            if finding.code == "console_absent":
                found.append(await asyncio.to_thread(examine_port, snapshot))
            elif finding.code == "console":
                found += examine_address(str(finding.params["url"]), snapshot)
        return found

    async def _network(self, snapshot: Snapshot | ConsoleError) -> Findings:
        return await examine_network(snapshot, clock=self._clock) if isinstance(snapshot, Snapshot) else []

    async def _services(self, snapshot: Snapshot | ConsoleError) -> Findings:
        found: list[Finding] = []
        if isinstance(snapshot, Snapshot):
            found += await asyncio.to_thread(examine_programs, snapshot)
            found += await asyncio.to_thread(examine_system_services, snapshot)
        if await is_running(self._api):
            found += await examine_repairs(self._api)
        return found

    async def _live(self) -> Findings:
        if not await is_running(self._api):
            return [problem("live_needs_console")]
        return await examine_live(self._api, clock=self._clock)

    def _tell(self, found: Mapping[Area, Findings]) -> None:
        if self._terminal.as_json:
            self._terminal.print_json(
                [self._as_json(area, one) for area, findings in found.items() for one in findings]
            )
            return
        for area, findings in found.items():
            if findings:
                self._terminal.say(f"doctor_area.{area}")
                self._tell_area(findings)
        problems = sum(one.verdict is Verdict.PROBLEM for many in found.values() for one in many)
        self._terminal.say("cli.doctor_well" if problems == 0 else "cli.doctor_problems", count=problems)

    def _as_json(self, area: Area, finding: Finding) -> Fields:
        return {
            "area": area.value,
            "verdict": finding.verdict.value,
            "code": finding.code,
            "params": dict(finding.params),
            "message": sentence(finding, self._terminal.catalogue),
            "advice": advice(finding, self._terminal.catalogue),
        }

    def _tell_area(self, findings: Findings) -> None:
        catalogue = self._terminal.catalogue
        for finding in findings:
            mark, colour = _MARKS[finding.verdict]
            self._terminal.print_wrapped(Cell(f"  {mark} ", colour), sentence(finding, catalogue))
            what_to_do = advice(finding, catalogue)
            if what_to_do is not None:
                self._terminal.print_wrapped(Cell("      → ", colour), what_to_do)


async def _bounded(examine: Examine, within_s: float) -> Findings:
    try:
        async with asyncio.timeout(within_s):
            return await examine()
    except TimeoutError:
        return [problem("too_slow", waited_s=within_s)]
    except ConsoleError as error:
        return [problem("not_examined", error=error)]

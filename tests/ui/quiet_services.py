"""Services as the window sees them where a test is about something else: never repaired, no process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.ui.stage import NOW, Stage
from wxauto_mgt.core.monitoring.checks.board import CheckBoard
from wxauto_mgt.core.monitoring.checks.contract import CheckResult, Outcome, WatchedService
from wxauto_mgt.core.monitoring.checks.streak import Thresholds
from wxauto_mgt.core.monitoring.services.history import ServiceHistory
from wxauto_mgt.core.monitoring.services.outcomes import ServiceOutcomes
from wxauto_mgt.core.recovery.heartbeat import HeartbeatStatus
from wxauto_mgt.core.recovery.ladder import LadderLimits
from wxauto_mgt.core.recovery.model import (
    DryRun,
    Reason,
    RecoveryState,
    RunRecord,
    ServiceRecovery,
)
from wxauto_mgt.core.recovery.presets import BuiltInPresets
from wxauto_mgt.core.recovery.processes.model import ProcessStatus
from wxauto_mgt.core.recovery.settings import HeartbeatSettings
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.ui.pages.services.detail_view_model import ServiceDetailViewModel
from wxauto_mgt.ui.pages.services.form import ServiceForms
from wxauto_mgt.ui.pages.services.page import ServiceViews
from wxauto_mgt.ui.pages.services.process_view_model import ProcessViewModel
from wxauto_mgt.ui.pages.services.repair_view_model import RepairViewModel
from wxauto_mgt.ui.pages.services.view_model import ServicesViewModel


class FineCheck:
    """Nothing is ever wrong."""

    async def run(self) -> CheckResult:
        return CheckResult(Outcome.OK, "database_works", {}, {"write_ms": 1.5}, 1.5)


class QuietHeart:
    """Beats, or does not."""

    def __init__(self, board: CheckBoard) -> None:
        self._board = board
        self.is_running = True

    def status(self) -> HeartbeatStatus:
        services = {name: health.status for name, health in self._board.report().services.items()}
        return HeartbeatStatus(HeartbeatSettings(), self.is_running, False, NOW, services)

    async def start(self) -> None:
        self.is_running = True

    async def stop(self) -> None:
        self.is_running = False


class NoRepairs:
    """There are no ladders."""

    limits = LadderLimits()

    def __init__(self, board: CheckBoard) -> None:
        self._board = board

    def status(self) -> Mapping[str, ServiceRecovery]:
        idle = ServiceRecovery(RecoveryState.IDLE, 0, Reason("no_repairs"), None, False)
        return dict.fromkeys(self._board.report().services, idle)

    async def dry_run(self, service: str) -> DryRun:
        return DryRun(service, RecoveryState.IDLE, Reason("no_repairs"), ())

    async def trigger(self, service: str, *, who: str) -> RunRecord:
        raise PermanentError("recovery_closed", service=service)

    async def cancel(self, service: str, *, who: str) -> bool:
        return False

    async def runs(self, service: str | None = None, *, limit: int = 50) -> Sequence[RunRecord]:
        return ()


class NoProcesses:
    """The console runs nothing."""

    def status(self) -> tuple[ProcessStatus, ...]:
        return ()

    def output(self, service: str, limit: int = 200) -> tuple[str, ...]:
        raise PermanentError("process_unknown", service=service)

    async def start(self, service: str) -> ProcessStatus:
        raise PermanentError("process_unknown", service=service)

    async def stop(self, service: str) -> ProcessStatus:
        raise PermanentError("process_unknown", service=service)

    async def restart(self, service: str) -> ProcessStatus:
        raise PermanentError("process_unknown", service=service)


class Checker:
    """Records what its check finds."""

    def __init__(self, board: CheckBoard) -> None:
        self._board = board

    async def check_service(self, service_id: str) -> CheckResult:
        result = await FineCheck().run()
        self._board.record(service_id, result)
        return result


class QuietServices:
    """Two services over real boards and histories."""

    def __init__(self, stage: Stage) -> None:
        back = stage.backstage
        self.board = CheckBoard(clock=stage.clock, bus=stage.bus, thresholds=Thresholds)
        self.board.watch(WatchedService("console_database", FineCheck(), critical=True, kind="database"))
        self.board.watch(WatchedService("instance:pc1", FineCheck(), kind="instance", description="客服一号"))
        self.outcomes = ServiceOutcomes(
            clock=stage.clock, known=lambda: self.board.names, on_pushed=lambda _: None
        )
        self.history = ServiceHistory(telemetry=stage.telemetry, clock=stage.clock, outcomes=self.outcomes)
        self.heart = QuietHeart(self.board)
        repairs = NoRepairs(self.board)
        self.views = ServiceViews(
            services=ServicesViewModel(
                back,
                board=self.board,
                checker=Checker(self.board),
                heart=self.heart,
                recoveries=repairs,
                hours=self.history,
                editing=stage.editing,
            ),
            detail=ServiceDetailViewModel(
                back, board=self.board, history=self.history, outcomes=self.outcomes
            ),
            repair=RepairViewModel(back, recoverer=repairs),
            process=ProcessViewModel(back, processes=NoProcesses()),
            forms=ServiceForms(words=stage.words, editing=stage.editing, presets=BuiltInPresets().schemas()),
        )

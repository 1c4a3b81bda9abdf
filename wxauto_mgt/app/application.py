"""One console: all services over one data folder, built in the order of a message's way.

Window, headless run and benchmarks open an `Application`; nothing else constructs services.
"""

from __future__ import annotations

import logging
import math
import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, Self

from wxauto_mgt.api.caller import current_caller
from wxauto_mgt.api.local_monitor_api import LocalMonitorAPI
from wxauto_mgt.api.monitor_api import monitor_api
from wxauto_mgt.app.alerting import ALERTING, Alerting
from wxauto_mgt.app.audited_control import AuditedControl
from wxauto_mgt.app.checks import CHECKS, HealthChecks
from wxauto_mgt.app.demo import Demo, open_demo
from wxauto_mgt.app.final_report import write_final_report
from wxauto_mgt.app.ground import Ground, open_ground
from wxauto_mgt.app.health_sample import HealthSample
from wxauto_mgt.app.http import HttpApi
from wxauto_mgt.app.log_keeping import LogKeeping
from wxauto_mgt.app.maintenance import MaintenanceOfServices
from wxauto_mgt.app.message_path import DRAIN_S, MessagePath
from wxauto_mgt.app.metering import Metering
from wxauto_mgt.app.monitored import MonitoredApplication
from wxauto_mgt.app.notifications import Notifications
from wxauto_mgt.app.processes import Processes
from wxauto_mgt.app.recovery import Recovery
from wxauto_mgt.app.reported_reload import ReportedReload
from wxauto_mgt.app.reports import Reports
from wxauto_mgt.app.service_records import ServiceRecords
from wxauto_mgt.core.config.model import SETTINGS
from wxauto_mgt.core.config.notifier import ConfigChanged
from wxauto_mgt.core.delivery.recovery import close_run
from wxauto_mgt.core.instances.episodes import Episodes
from wxauto_mgt.core.metrics.calls import CallMetrics
from wxauto_mgt.core.monitoring.checks.runner import LOOPS as CHECK_LOOPS
from wxauto_mgt.core.monitoring.service_monitor import ServiceMonitor
from wxauto_mgt.core.monitoring.services.names import MAIN_SERVICE
from wxauto_mgt.core.monitoring.settings import LOGS, METRICS, LogsSettings, MetricsSettings
from wxauto_mgt.core.monitoring.store import MonitoringStore
from wxauto_mgt.core.wire import CallRecord, ErrorReport
from wxauto_mgt.errors import LoopStalled
from wxauto_mgt.runtime.clock import Clock, SystemClock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.runtime.shutdown import CloseFailure, Stage
from wxauto_mgt.runtime.supervisor import WATCHDOG, LoopFailure, Supervisor
from wxauto_mgt.texts.language import Language, detect_language

_log = logging.getLogger(__name__)

FAULT_POINT_VARIABLE: Final = "WXAUTO_MGT_FAULT_POINT"
LISTENER_STOP_S: Final = 8.0
LOOPS_STOP_S: Final = 3.0
JUDGING_STOP_S: Final = 1.5
RECOVERY_STOP_S: Final = 8.0


class Application:
    """One console over one data folder. Build it with `open`, run it with `start`, end it with `stop`.

    The attributes are the services; window, facade and benchmarks take what they need from here.
    """

    def __init__(self, *, ground: Ground, demo: Demo | None) -> None:
        self.ground = ground
        self.clock = ground.clock
        self.db = ground.db
        self.logs = ground.logs
        self.config = ground.config
        self.notifier = ground.notifier
        self.platform_types = ground.plugins.platforms
        self.run_id = uuid.uuid4().hex
        self.bus = EventBus()
        self.supervisor = Supervisor(clock=self.clock, on_failure=self._loop_failed)
        self.calls = CallMetrics(clock=self.clock)
        self.records = ServiceRecords(ground=ground, bus=self.bus, known=lambda: self.checks.board.names)
        self._demo = demo
        self._unsubscribe: tuple[Callable[[], None], ...] = ()
        self._faults = FaultPoints(ground.environment.get(FAULT_POINT_VARIABLE))
        self._rng = random.Random()  # noqa: S311 - spreads retries, picks replies; guards nothing
        self.message_path = MessagePath(
            ground=ground,
            run_id=self.run_id,
            bus=self.bus,
            supervisor=self.supervisor,
            faults=self._faults,
            on_call=self._called,
            rng=self._rng,
        )
        self.registry = self.message_path.registry
        self.listener = self.message_path.listener
        self.platforms = self.message_path.platforms
        self.browser = self.message_path.browser
        self._build_watching()
        self._build_interfaces()

    def _build_watching(self) -> None:
        """What measures and tells: it reads the message path and never acts on it."""
        self.metering = Metering(
            clock=self.clock,
            bus=self.bus,
            telemetry=self.ground.telemetry,
            data_dir=self.ground.data_dir,
            calls=self.calls,
            gauges=self._gauges,
            policy=self._metrics().policy(),
        )
        self.sampler = self.metering.sampler
        facts = MonitoredApplication(
            listener=self.listener,
            registry=self.registry,
            supervisor=self.supervisor,
            delivery=self.message_path.delivery_figures,
        )
        self.metering.watch(facts)
        self.records.measure(self.metering.registry)
        self.monitor = ServiceMonitor(
            clock=self.clock,
            bus=self.bus,
            notifier=self.notifier,
            facts=facts,
            calls=self.calls,
            store=MonitoringStore(db=self.db),
            process=lambda: self.sampler.process,
        )
        self.checks = HealthChecks(
            ground=self.ground,
            bus=self.bus,
            supervisor=self.supervisor,
            metering=self.metering,
            facts=facts,
            listening_loops=self.message_path.listening_loops,
            instances=self.registry,
            platforms=self.platforms,
            calls=self.calls,
            maintenance=MaintenanceOfServices(config=self.config, clock=self.clock).window,
            pushed=self.records.outcomes.latest,
            may_send=lambda: self.listener.may_call,
            login_url=lambda: self.http.login_url(),
            rng=self._rng,
        )
        self.notifications = Notifications(
            ground=self.ground,
            run_id=self.run_id,
            bus=self.bus,
            supervisor=self.supervisor,
            faults=self._faults,
            rng=self._rng,
        )
        self.alerting = Alerting(
            ground=self.ground,
            bus=self.bus,
            registry=self.metering.registry,
            facts=facts,
            services=lambda: self.checks.board.report().services.values(),
            requests=self.calls,
            outbox=self.notifications.outbox,
            faults=self._faults,
        )
        self.processes = Processes(
            ground=self.ground,
            bus=self.bus,
            supervisor=self.supervisor,
            registry=self.metering.registry,
            rng=self._rng,
        )
        self.recovery = Recovery(
            ground=self.ground,
            bus=self.bus,
            supervisor=self.supervisor,
            faults=self._faults,
            checks=self.checks,
            instances=self.registry,
            platforms=self.platforms,
            listener=self.listener,
            control=self.control("recovery"),
            processes=self.processes.managed,
            outbox=self.notifications.outbox,
        )
        self.log_keeping = LogKeeping(
            ground=self.ground,
            sampler=self.sampler,
            calls=self.calls,
            registry=self.metering.registry,
        )
        self.reports = Reports(
            ground=self.ground,
            monitor=self.monitor,
            board=self.checks.board,
            engine=self.alerting.engine,
            performance=self.metering.performance(self.db),
            outbox=self.notifications.outbox,
        )

    def _build_interfaces(self) -> None:
        """What other programs ask: the facade, its answers by part, and the HTTP API in front of it."""
        episodes = Episodes(instance_id=None, clock=self.clock, on_error=self.bus.publish)
        self.reloading = ReportedReload(config=self.config, episodes=episodes)
        self.http = HttpApi(
            ground=self.ground,
            run_id=self.run_id,
            bus=self.bus,
            supervisor=self.supervisor,
            registry=self.metering.registry,
            episodes=episodes,
            process_status=self._process_status,
            alerts=self.alerting.engine.active,
            on_moved=self.checks.runner.refresh,
        )
        self.health_sample = HealthSample(api=lambda: self.api, logs=self.ground.data_dir / "logs")
        self.api = LocalMonitorAPI(
            monitor=self.monitor,
            control=self._control(current_caller.get),
            listening_loops=self.message_path.listening_loops,
            config=self.reloading,
            clock=self.clock,
            texts=self.ground.catalogue,
            audit=self.ground.audit.note,
            groups=(
                self.notifications.calls.answers(),
                self.alerting.calls.answers(),
                self.log_keeping.answers(),
                self.http.answers(),
                self.processes.calls.answers(),
                self.recovery.calls.answers(),
                self.records.answers(board=self.checks.board, heartbeat=self.checks.heartbeat),
                self.reports.answers(),
                self.health_sample.answers(),
                self.metering.answers(
                    db=self.db,
                    active_alerts=self.alerting.calls.active_records,
                    texts=self.ground.catalogue,
                ),
            ),
        )

    @classmethod
    async def open(
        cls,
        *,
        data_dir: Path,
        environment: Mapping[str, str],
        demo: bool = False,
        language: Language | None = None,
        clock: Clock | None = None,
    ) -> Self:
        """Take the folder, open what is stored there, build everything; nothing runs yet.

        Raises:
            DataFolderInUse: another console holds the folder.
            ConsoleError: the folder, a database or the configuration cannot be used; all is closed again.
        """
        ground = await open_ground(
            data_dir=data_dir,
            environment=environment,
            language=language or detect_language(environment),
            clock=clock or SystemClock(),
        )
        try:
            demonstration = await open_demo(ground) if demo else None
            application = cls(ground=ground, demo=demonstration)
        except BaseException:
            await ground.closing.close()
            raise
        # Made with the application, so closed with it, also when it never starts.
        ground.closing.push(Stage.CONNECTIONS, "instances", application.registry.close)
        ground.closing.push(Stage.CONNECTIONS, "platforms", application.platforms.close)
        return application

    async def start(self) -> None:
        """Recover what an earlier run left, then begin: platforms, delivery, watching, listening."""
        await self.message_path.recover()
        closing = self.ground.closing
        # Ends after the other writes, so that what they log can be found.
        closing.push(Stage.FINAL_WRITES, "log_keeping", self.log_keeping.close)
        closing.push(Stage.FINAL_WRITES, "run", lambda: close_run(self.db, clock=self.clock))
        closing.push(Stage.FINAL_WRITES, "monitor", self.monitor.close)
        closing.push(Stage.FINAL_WRITES, "metering", self.metering.close)
        closing.push(Stage.FINAL_WRITES, "alerting", self.alerting.close)
        closing.push(Stage.FINAL_WRITES, "records", self.records.close)
        closing.push(Stage.FINAL_WRITES, "loops", self._stop_loops)
        closing.push(Stage.FINAL_WRITES, "checks", self.checks.close)
        closing.push(Stage.DRAIN, "delivery", self.message_path.drain, budget_s=2 * DRAIN_S)
        closing.push(Stage.INTAKE, "listener", self.listener.close, budget_s=LISTENER_STOP_S)
        closing.push(Stage.INTAKE, "recovery", self.recovery.close, budget_s=RECOVERY_STOP_S)
        await self.log_keeping.start(self.supervisor)
        await self.monitor.open()
        self._unsubscribe = (self.notifier.subscribe(self._settings_changed, kinds=(SETTINGS,)),)
        self.sampler.apply(self._metrics().policy())  # edited since it was made, perhaps
        await self.message_path.open_platforms()
        await self.notifications.start()
        await self.alerting.start(self.supervisor)
        start = self.supervisor.start
        start(WATCHDOG, self.supervisor.watch)
        start("config_watch", self.config.watch)
        self.metering.start(self.supervisor)
        start("monitor", self.monitor.run)
        await self.records.start(self.supervisor)
        self.processes.start()
        await self.recovery.start()
        self.checks.start()
        self.reports.start(self.supervisor)
        self.message_path.start_delivery()
        if self._demo is not None:
            start("demo", self._demo.run, stalled_after_s=math.inf)
        await self.listener.start()
        monitor_api.bind(self.api)
        closing.push(Stage.INTAKE, "monitor_api", self._unbind)
        await self.http.start(self.api)
        closing.push(Stage.INTAKE, "judging", self._stop_judging)  # pushed last, so it runs first
        _log.info("console ready", extra={"run_id": self.run_id})

    async def stop(self, *, report: Path | None = None) -> tuple[CloseFailure, ...]:
        """Stop in stages: reading, deliveries under way, last writes, connections. Always ends.

        Args:
            report: gets the health as it is now, and the run's delivery figures as they are after the drain.

        Returns:
            The steps that did not end well; the rest was done all the same.
        """
        if report is not None:
            health = await self.api.get_health_report()

            async def write() -> None:
                await write_final_report(
                    report, health=health, delivery=await self.message_path.delivery_figures()
                )

            # Pushed last, so it runs first among the connections: the database is still open.
            self.ground.closing.push(Stage.CONNECTIONS, "report", write)
        failures = await self.ground.closing.close()
        for failure in failures:
            _log.warning("did not stop cleanly: %s", failure.name)
        return failures

    def control(self, who: str) -> AuditedControl:
        """The listener service for those who come through one door, such as `window`."""
        return self._control(lambda: who)

    def _control(self, who: Callable[[], str]) -> AuditedControl:
        return AuditedControl(listener=self.listener, audit=self.ground.audit, who=who)

    def _metrics(self) -> MetricsSettings:
        settings: MetricsSettings = self.config.snapshot.settings(METRICS)
        return settings

    def _called(self, call: CallRecord) -> None:
        self.calls.record(call)
        self.records.outcomes.called(call)

    def _gauges(self) -> Iterator[tuple[str, float | None]]:
        clients = self.monitor.clients()
        yield "health_score", self.monitor.score
        yield "error_count", float(self.monitor.service_status().error_count)
        yield "instances_total", float(len(clients))
        yield "instances_connected", float(sum(1 for client in clients if client.status.connected))

    def _settings_changed(self, change: ConfigChanged) -> None:
        if change.id == LOGS and isinstance(change.after, LogsSettings):
            self.logs.apply(change.after.policy())
        elif change.id == METRICS and isinstance(change.after, MetricsSettings):
            self.sampler.apply(change.after.policy())

    def _process_status(self) -> str:
        return self.checks.board.status(MAIN_SERVICE).value

    def _loop_failed(self, failure: LoopFailure) -> None:
        if isinstance(failure.error, LoopStalled):
            report = ErrorReport("loop", failure.error.code, params=failure.error.facts)
        else:
            params = {"loop": failure.name, "kind": type(failure.error).__name__}
            report = ErrorReport("loop", "loop_crashed", params=params)
        self.bus.publish(report)

    async def _stop_judging(self) -> None:
        """From now on things end because they are to: no check may count that, no alert may tell it."""
        for loops in (CHECKS, CHECK_LOOPS, ALERTING):
            await self.supervisor.stop(loops, timeout_s=JUDGING_STOP_S)

    async def _unbind(self) -> None:
        monitor_api.unbind(self.api)

    async def _stop_loops(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        alive = await self.supervisor.stop(timeout_s=LOOPS_STOP_S)
        if alive:
            _log.error("still running: %s", ", ".join(alive))

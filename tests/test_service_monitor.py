"""The service monitor over a small console: the score follows what happens, and never flatters.

Runs under pytest, and as a plain script: `python tests/test_service_monitor.py`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.core.monitoring.fakes import FakeConsole, client_status, listener_status
from tests.fakes.clock import FakeClock
from tests.waiting import eventually
from wxauto_mgt.core.config.notifier import ConfigChanged, ConfigChangeType, ConfigNotifier
from wxauto_mgt.core.listening.model import (
    ListenerAdded,
    ListenerKind,
    ListenerRemoved,
    ListenerServiceChanged,
)
from wxauto_mgt.core.messages.history.figures import DeliveryFigures
from wxauto_mgt.core.messages.model import MessageState, MessageStateChanged
from wxauto_mgt.core.metrics.calls import CallMetrics
from wxauto_mgt.core.metrics.readings import ProcessFigures
from wxauto_mgt.core.monitoring.health_score import OverallStatus
from wxauto_mgt.core.monitoring.model import HealthScoreChanged
from wxauto_mgt.core.monitoring.service_monitor import ServiceMonitor
from wxauto_mgt.core.monitoring.store import MonitoringStore
from wxauto_mgt.core.wire import CallRecord, ErrorCleared, ErrorReport
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.storage.database import Database

STATE_CHANGED = ListenerServiceChanged(running=True, paused=False, blocked_by=None)


@dataclass
class Watched:
    """A monitor and everything that a test moves under it."""

    clock: FakeClock
    bus: EventBus
    notifier: ConfigNotifier
    console: FakeConsole
    calls: CallMetrics
    monitor: ServiceMonitor
    events: list[HealthScoreChanged]

    async def settle(self) -> None:
        """Let the evaluation that an event asked for happen."""
        await asyncio.sleep(0)


async def open_watched(db: Database, clock: FakeClock) -> Watched:
    bus, notifier, calls = EventBus(), ConfigNotifier(), CallMetrics(clock=clock)
    console = FakeConsole(started_at=clock.now())
    monitor = ServiceMonitor(
        clock=clock,
        bus=bus,
        notifier=notifier,
        facts=console,
        calls=calls,
        store=MonitoringStore(db=db),
        process=lambda: ProcessFigures(
            cpu_percent=12.5, memory_mb=150.0, thread_count=9, descriptor_count=40
        ),
    )
    await monitor.open()
    events: list[HealthScoreChanged] = []
    bus.subscribe(HealthScoreChanged, events.append)
    return Watched(clock, bus, notifier, console, calls, monitor, events)


@pytest.fixture
async def watched(db: Database, fake_clock: FakeClock) -> AsyncIterator[Watched]:
    watched = await open_watched(db, fake_clock)
    yield watched
    await watched.monitor.close()


async def test_nothing_configured_is_unknown_and_never_100(watched: Watched) -> None:
    report = await watched.monitor.health_report()
    assert report.health.score is None
    assert report.health.status is OverallStatus.UNKNOWN
    assert report.health.deductions[0].reason_code == "score.nothing_configured"


async def test_score_waits_for_two_probe_rounds_of_every_instance(watched: Watched) -> None:
    watched.console.client_list = [client_status("pc1"), client_status("pc2", connected=None, rounds=1)]
    assert watched.monitor.evaluate().score is None
    watched.console.client_list[1] = client_status("pc2", rounds=2)
    assert watched.monitor.evaluate().score == 100.0


async def test_score_falls_when_an_instance_dies_and_returns_when_it_recovers(watched: Watched) -> None:
    watched.console.client_list = [client_status("pc1"), client_status("pc2")]
    watched.bus.publish(STATE_CHANGED)
    await watched.settle()
    watched.console.client_list[1] = client_status("pc2", connected=False)
    watched.bus.publish(STATE_CHANGED)
    await watched.settle()
    watched.console.client_list[1] = client_status("pc2")
    watched.bus.publish(STATE_CHANGED)
    await watched.settle()
    assert [event.after.score for event in watched.events] == [100.0, 85.0, 100.0]
    assert watched.events[1].after.deductions[0].evidence == ("pc2",)
    assert watched.monitor.score == 100.0


async def test_never_healthy_while_every_server_is_down(watched: Watched) -> None:
    watched.console.client_list = [client_status(f"pc{n}", connected=False) for n in range(3)]
    result = watched.monitor.evaluate()
    assert result.score == 70.0
    assert result.status is OverallStatus.CRITICAL


async def test_events_of_one_turn_cost_one_evaluation(watched: Watched) -> None:
    watched.console.client_list = [client_status("pc1")]
    for number in range(600):
        watched.bus.publish(ListenerAdded("pc1", f"chat{number}", ListenerKind.AUTO))
    assert watched.events == []
    await watched.settle()
    assert len(watched.events) == 1


async def test_errors_take_points_and_the_score_recovers_within_the_hour_that_they_leave(
    watched: Watched,
) -> None:
    watched.console.client_list = [client_status("pc1")]
    for number in range(11):
        watched.bus.publish(ErrorReport("send", f"cause{number}", "pc1"))
    await watched.settle()
    assert watched.monitor.score == 80.0
    await watched.clock.advance(3600)
    assert watched.monitor.evaluate().score == 100.0
    assert (await watched.monitor.statistics()).total_errors == 11


async def test_a_cleared_error_that_comes_back_is_counted_again(watched: Watched) -> None:
    watched.bus.publish(ErrorReport("probe", "unreachable", "pc1"))
    watched.bus.publish(ErrorReport("probe", "unreachable", "pc1"))
    watched.bus.publish(ErrorCleared("probe", "unreachable", "pc1"))
    watched.bus.publish(ErrorReport("probe", "unreachable", "pc1"))
    assert (await watched.monitor.statistics()).total_errors == 2


async def test_error_rate_counts_calls_and_deliveries_and_is_always_a_float(watched: Watched) -> None:
    before = (await watched.monitor.statistics()).error_ratio
    assert isinstance(before, float)
    assert before == 0.0
    watched.console.client_list = [client_status("pc1")]
    for number in range(18):
        watched.calls.record(CallRecord("instance:pc1", "/api/health", number != 0, 0.01))
    for state in (MessageState.DELIVERING, MessageState.DEAD, MessageState.DONE, MessageState.FILTERED):
        watched.bus.publish(MessageStateChanged(1, state))
    after = (await watched.monitor.statistics()).error_ratio
    assert after == 0.1
    assert watched.monitor.evaluate().score == 95.0


async def test_pause_and_stop_take_the_service_points(watched: Watched) -> None:
    watched.console.client_list = [client_status("pc1")]
    assert watched.monitor.evaluate().score == 100.0
    watched.console.state = replace(watched.console.state, is_running=False, is_paused=True)
    watched.console.client_list = [client_status("pc1", connected=None, rounds=0)]
    paused = watched.monitor.evaluate()
    assert (paused.score, paused.deductions[0].reason_code) == (60.0, "score.paused_by_operator")
    assert paused.status is OverallStatus.WARNING
    watched.console.state = replace(watched.console.state, is_running=True, is_paused=False)
    assert watched.monitor.evaluate().status is OverallStatus.UNKNOWN
    watched.console.client_list = [client_status("pc1")]
    watched.console.state = replace(watched.console.state, blocked_by="disk_full")
    blocked = watched.monitor.evaluate()
    assert (blocked.score, blocked.deductions[0].evidence) == (60.0, ("disk_full",))


async def test_counters_follow_the_events(watched: Watched) -> None:
    watched.bus.publish(ListenerAdded("pc1", "a", ListenerKind.AUTO))
    watched.bus.publish(ListenerAdded("pc1", "b", ListenerKind.AUTO))
    watched.bus.publish(ListenerRemoved("pc1", "a", "expired"))
    watched.console.counters = DeliveryFigures(received=9, others=7, filtered=2)
    statistics = await watched.monitor.statistics()
    assert (statistics.listeners_added, statistics.listeners_removed) == (2, 1)
    assert statistics.messages_processed == 7
    assert statistics.delivery.report()["received"] == 9


async def test_all_changes_of_one_commit_are_one_reload(watched: Watched) -> None:
    at = watched.clock.now()
    change = ConfigChanged(ConfigChangeType.RULE_ADDED, "rule", "r1", None, object(), 4, at)
    reloaded = ConfigChanged(ConfigChangeType.RELOADED, "", "", None, None, 4, at)
    watched.notifier.publish([change, replace(change, id="r2"), reloaded])
    assert (await watched.monitor.statistics()).config_reloads == 1
    watched.notifier.publish([replace(reloaded, at=at + timedelta(seconds=1))])
    assert (await watched.monitor.statistics()).config_reloads == 2


async def test_uptime_counts_from_the_start_of_the_service(watched: Watched) -> None:
    await watched.clock.advance(90)
    assert watched.monitor.service_status().uptime_s == 90
    watched.console.state = replace(watched.console.state, started_at=watched.clock.now())
    assert watched.monitor.service_status().uptime_s == 0
    await watched.clock.advance(5)
    assert watched.monitor.service_status().uptime_s == 5
    watched.console.state = replace(watched.console.state, is_running=False, started_at=None)
    assert watched.monitor.service_status().uptime_s == 0


async def test_runs_every_ten_seconds_and_history_survives_a_restart(watched: Watched, db: Database) -> None:
    began = watched.clock.now()
    watched.console.client_list = [client_status("pc1")]
    running = asyncio.create_task(watched.monitor.run(lambda: None))
    await eventually(lambda: watched.clock.sleepers)
    watched.console.client_list = [client_status("pc1", connected=False)]
    watched.bus.publish(ErrorReport("probe", "unreachable", "pc1", {"waited_s": 3}))
    await watched.clock.advance(10)
    await eventually(lambda: watched.clock.sleepers)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await watched.monitor.close()

    later = await open_watched(db, watched.clock)
    history = await later.monitor.score_history(began)
    assert [score.score for score in history] == [100.0, 70.0]
    assert history[1].deductions[0].evidence == ("pc1",)
    (episode,) = later.monitor.recent_errors(10)
    assert (episode.operation, episode.cause_code, episode.params) == (
        "probe",
        "unreachable",
        {"waited_s": 3},
    )
    assert (await later.monitor.statistics()).total_errors == 0
    await later.monitor.close()


async def test_history_has_one_entry_per_change_and_one_every_ten_minutes(watched: Watched) -> None:
    began = watched.clock.now()
    watched.console.client_list = [client_status("pc1")]
    for _ in range(61):
        watched.monitor.evaluate()
        await watched.clock.advance(10)
    assert len(await watched.monitor.score_history(began)) == 2


@pytest.mark.expects_log("kept in memory only")
async def test_database_that_fails_loses_neither_errors_nor_scores(watched: Watched, db: Database) -> None:
    watched.console.client_list = [client_status("pc1")]
    began = watched.clock.now()
    watched.monitor.evaluate()
    watched.bus.publish(ErrorReport("probe", "unreachable", "pc1"))
    await db.close()
    await watched.monitor.close()
    assert len(watched.monitor.recent_errors(10)) == 1
    with pytest.raises(Exception, match="closed"):
        await watched.monitor.score_history(began)


async def test_events_after_closing_do_nothing(watched: Watched) -> None:
    watched.bus.publish(STATE_CHANGED)
    await watched.monitor.close()
    watched.bus.publish(ErrorReport("probe", "unreachable", "pc1"))
    await watched.settle()
    assert watched.events == []
    assert watched.monitor.recent_errors(10) == ()


async def test_report_stays_cheap_with_600_listeners_and_a_million_messages(watched: Watched) -> None:
    watched.console.client_list = [client_status("pc1")]
    watched.console.listener_list = [listener_status(f"chat{n}") for n in range(600)]
    watched.console.counters = DeliveryFigures(received=1_000_000, others=1_000_000)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    report = await watched.monitor.health_report()
    assert loop.time() - began_s < 1.0  # milliseconds; the deadline only tells a count over rows apart
    assert report.health.score == 100.0
    assert len(report.listeners) == 600
    assert report.statistics.messages_processed == 1_000_000


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-q"]))

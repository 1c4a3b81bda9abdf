"""View-models say in words what the core measured; no window is needed to ask them."""

from __future__ import annotations

import pytest

from tests.ui.stage import (
    NOW,
    FakeListeners,
    FakeMetrics,
    FakeMonitor,
    FakeRegistry,
    Stage,
    deduction,
    episode,
    listener,
    report,
    score,
    settle,
)
from wxauto_mgt.core.config.model import JSON, Put
from wxauto_mgt.core.logs.record import Category, Level, LogEntry
from wxauto_mgt.core.logs.ring import LogRing
from wxauto_mgt.core.messages.history.figures import open_decisions
from wxauto_mgt.core.metrics.model import Series
from wxauto_mgt.core.monitoring.facts import ServiceState
from wxauto_mgt.core.monitoring.health_score import OverallStatus
from wxauto_mgt.core.monitoring.model import HealthScoreChanged
from wxauto_mgt.errors import ConfigError
from wxauto_mgt.texts.language import Language
from wxauto_mgt.ui.pages.instances.view_model import InstancesViewModel
from wxauto_mgt.ui.pages.listeners.view_model import ListenersViewModel
from wxauto_mgt.ui.pages.logs.view_model import LogFilter, LogsViewModel
from wxauto_mgt.ui.pages.overview.table_model import error_sentence
from wxauto_mgt.ui.pages.overview.view_model import Controls, OverviewViewModel, with_holes
from wxauto_mgt.ui.pages.platforms.view_model import PlatformsViewModel
from wxauto_mgt.ui.pages.rules.view_model import RulesViewModel
from wxauto_mgt.ui.pages.settings.view_model import SettingsViewModel
from wxauto_mgt.ui.shell import ShellViewModel
from wxauto_mgt.ui.theme.tokens import Tone


class _Calls:
    """Remembers which of the service's controls were used."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.controls = Controls(
            *(self._make(name) for name in ("pause", "resume", "start", "restart", "reload"))
        )

    def _make(self, name: str):  # type: ignore[no-untyped-def]  # a factory of coroutine functions
        async def call() -> None:
            self.made.append(name)

        return call


def _overview(stage: Stage, monitor: FakeMonitor, calls: _Calls | None = None) -> OverviewViewModel:
    return OverviewViewModel(
        stage.backstage,
        clock=stage.clock,
        monitor=monitor,
        metrics=FakeMetrics(),
        controls=(calls or _Calls()).controls,
        editing=stage.editing,
        alerts=lambda: (Tone.OK, ""),
        services=lambda: (Tone.OK, "", ""),
        decisions=lambda: open_decisions(stage.db),
    )


async def test_the_overview_turns_each_deduction_into_a_sentence(stage: Stage) -> None:
    health = score(
        70.0,
        OverallStatus.WARNING,
        deduction(20, "score.many_errors", count=12, limit=10),
        deduction(0, "score.no_listeners_not_applicable"),
    )
    view_model = _overview(stage, FakeMonitor(health=health))
    many, none = view_model.state.deductions
    assert (many.points, many.tone) == ("−20", Tone.CRITICAL)
    assert "12" in many.sentence
    assert "score." not in many.sentence
    assert (none.points, none.tone) == ("", Tone.NEUTRAL)
    assert (view_model.state.figure, view_model.state.word) == ("70", "需要注意")


async def test_without_a_measurement_nothing_is_green(stage: Stage) -> None:
    state = _overview(stage, FakeMonitor()).state
    assert (state.score, state.figure, state.tone) == (None, "—", Tone.UNKNOWN)
    assert ("received", "—", "", None) in state.stats


async def test_an_empty_console_leads_to_the_first_instance(bare_stage: Stage) -> None:
    view_model = _overview(bare_stage, FakeMonitor())
    assert view_model.state.is_empty
    put = Put("instance", "pc1", {"id": "pc1", "base_url": "http://127.0.0.1:1", "api_key": "k"})
    await bare_stage.config.apply([put], who="test")
    await settle(lambda: not view_model.state.is_empty)


async def test_the_overview_follows_the_score_at_once(stage: Stage) -> None:
    monitor = FakeMonitor()
    view_model = _overview(stage, monitor)
    monitor.health = score(100.0, OverallStatus.HEALTHY)
    stage.bus.publish(HealthScoreChanged(None, monitor.health))
    await settle(lambda: view_model.state.figure == "100")


async def test_the_big_buttons_reach_the_service(stage: Stage) -> None:
    calls = _Calls()
    view_model = _overview(stage, FakeMonitor(), calls)
    for command in (view_model.pause, view_model.resume, view_model.restart, view_model.reload):
        command.start()
    await settle(lambda: len(calls.made) == 4)
    assert calls.made == ["pause", "resume", "restart", "reload"]


def test_a_pause_between_samples_is_a_hole_in_the_line() -> None:
    points = with_holes(Series("x", (0.0, 10.0, 200.0), (1.0, 2.0, 3.0)))
    assert points == [(0.0, 1.0), (10.0, 2.0), (11.0, None), (200.0, 3.0)]


async def test_the_frame_says_service_score_and_last_probe_and_only_when_they_change(stage: Stage) -> None:
    monitor = FakeMonitor(reports=(report("pc1", connected=True),))
    view_model = ShellViewModel(stage.backstage, health=monitor, is_demo=True)
    changes: list[bool] = []
    view_model.changed.connect(lambda: changes.append(True))
    view_model.refresh()
    assert changes == []
    assert (view_model.status.service_tone, view_model.status.score_tone) == (Tone.OK, Tone.UNKNOWN)
    assert "演示" in view_model.status.extra_text
    monitor.state = ServiceState(False, True, NOW)
    view_model.refresh()
    assert changes == [True]
    assert view_model.status.service_text == "已暂停"
    monitor.state = ServiceState(True, False, NOW, blocked_by="disk_full")
    view_model.refresh()
    assert view_model.status.service_tone is Tone.CRITICAL
    view_model.rest()


async def test_an_instance_that_was_never_seen_is_unknown_not_green(stage: Stage) -> None:
    view_model = InstancesViewModel(
        stage.backstage,
        registry=FakeRegistry(),
        monitor=FakeMonitor(),
        editing=stage.editing,
        clock=stage.clock,
    )
    assert [(row.name, row.tone) for row in view_model.rows] == [
        ("客服一号", Tone.UNKNOWN),
        ("客服二号", Tone.UNKNOWN),
    ]
    assert view_model.new_document()["id"] == "pc3"


async def test_instances_follow_the_configuration(stage: Stage) -> None:
    view_model = InstancesViewModel(
        stage.backstage,
        registry=FakeRegistry(),
        monitor=FakeMonitor(),
        editing=stage.editing,
        clock=stage.clock,
    )
    draft = await stage.editing.stored("instance", "pc2")
    await stage.editing.save("instance", {**draft.document, "enabled": False})
    await settle(lambda: view_model.rows[1].tone is Tone.NEUTRAL)


async def test_a_form_test_uses_the_stored_key_when_none_was_typed(stage: Stage) -> None:
    whole = stage.editing.with_stored_secrets("instance", "pc1", {"id": "pc1", "api_key": None}, ("api_key",))
    assert whole["api_key"] == "key-of-pc1-123"
    typed = stage.editing.with_stored_secrets("instance", "pc1", {"api_key": "new"}, ("api_key",))
    assert typed["api_key"] == "new"


async def test_listeners_are_sorted_searched_and_removed(stage: Stage) -> None:
    listeners = FakeListeners((listener("李四"), listener("售后群", active=False)))
    view_model = ListenersViewModel(stage.backstage, listeners=listeners, editing=stage.editing)
    assert view_model.counts == (1, 2)
    view_model.set_search("李")
    assert [row.who for row in view_model.rows] == ["李四"]
    assert view_model.rows[0].instance == "客服一号"
    view_model.remove.start(view_model.rows[0])
    await settle(lambda: bool(listeners.removed))
    assert listeners.removed == [("pc1", "李四")]


async def test_a_platform_is_tested_and_the_finding_is_said(stage: Stage) -> None:
    view_model = PlatformsViewModel(
        stage.backstage, platforms=stage.platforms, types=stage.types, editing=stage.editing
    )
    await settle(lambda: stage.platforms.get("kw") is not None)
    view_model.refresh()
    assert view_model.rows[0].tone is Tone.OK
    assert view_model.rows[0].rules == "2"
    view_model.test_stored.start("kw")
    await settle(lambda: view_model.rows[0].last_test_tone is Tone.OK)
    rules: list[JSON] = [{"keywords": ["在吗"], "replies": ["在的"]}]
    outcome = await view_model.test({**view_model.new_document("keyword"), "config": {"rules": rules}})
    assert (outcome.tone, "1" in outcome.sentence) == (Tone.OK, True)
    with pytest.raises(ConfigError):
        await view_model.test({**view_model.new_document("keyword"), "config": {"rules": []}})
    assert {name for name, _, _ in view_model.types()} == {"keyword", "openai"}
    assert "config.rules" in {spec.path for spec in view_model.type_specs("keyword")}


async def test_a_rule_without_effect_is_pointed_out_before_and_after_saving(stage: Stage) -> None:
    view_model = RulesViewModel(stage.backstage, editing=stage.editing)
    first, second = view_model.rows
    assert (first.name, first.tone) == ("全部消息", Tone.OK)
    assert (second.name, second.tone) == ("售后群", Tone.CRITICAL)
    assert "全部消息" in second.findings[0]
    draft = (await stage.editing.stored("rule", "r2")).document
    assert "全部消息" in view_model.advise(dict(draft))
    assert view_model.advise({**draft, "priority": 99}) == ""
    assert view_model.advise({"id": "r2"}) == ""


async def test_a_rule_can_be_switched_off(stage: Stage) -> None:
    view_model = RulesViewModel(stage.backstage, editing=stage.editing)
    view_model.switch.start("r1", False)
    await settle(lambda: not view_model.rows[0].is_enabled)
    assert stage.config.snapshot.objects("rule")["r1"].enabled is False


async def test_settings_are_saved_shown_in_the_history_and_rolled_back(stage: Stage) -> None:
    view_model = SettingsViewModel(stage.backstage, editing=stage.editing)
    before = stage.config.snapshot.revision
    document = {**view_model.form("listening").document, "poll_interval_s": 2.0}
    view_model.save.start("listening", document)
    await settle(lambda: bool(view_model.revisions))
    assert stage.config.snapshot.settings("listening").poll_interval_s == 2.0
    newest = view_model.revisions[0]
    assert newest.who == "本窗口"
    assert "设置" in newest.summary
    view_model.rollback.start(before)
    await settle(lambda: stage.config.snapshot.settings("listening").poll_interval_s == 1.0)


async def test_groups_are_named_in_words(stage: Stage) -> None:
    view_model = SettingsViewModel(stage.backstage, editing=stage.editing)
    titles = dict(view_model.groups())
    assert (titles["ui"], titles["listening"]) == ("界面", "监听")


def _entry(sequence: int, level: Level, category: Category = Category.MESSAGE, text: str = "") -> LogEntry:
    return LogEntry(
        sequence=sequence, timestamp=NOW, level=level, category=category, message=text or f"entry {sequence}",
        module="m", function="f", line_number=1, request_id=None, user_id=None, instance_id="pc1",
        message_id=None, trace_id=None, exception=None, facts={},
    )  # fmt: skip


def test_the_log_tail_follows_filters_and_holds() -> None:
    ring = LogRing(capacity=100)
    view_model = LogsViewModel(ring)
    shown: list[int] = []
    view_model.appended.connect(lambda entries: shown.extend(entry.sequence for entry in entries))
    view_model.restarted.connect(shown.clear)
    ring.append(_entry(1, Level.INFO))
    ring.append(_entry(2, Level.DEBUG))
    view_model.start_over()
    assert shown == [1]
    view_model.set_paused(is_paused=True)
    ring.append(_entry(3, Level.ERROR, Category.API, "Refused"))
    view_model.follow()
    assert shown == [1]
    view_model.set_filter(LogFilter(least=Level.WARNING, category=Category.API, text="refused"))
    assert shown == [3]
    view_model.set_paused(is_paused=False)
    ring.append(_entry(4, Level.ERROR, Category.API, "Refused"))
    view_model.follow()
    assert shown == [3, 4]


@pytest.mark.parametrize("language", list(Language))
async def test_every_error_of_the_overview_reads_as_a_sentence(stage: Stage, language: Language) -> None:

    stage.words.set_language(language)
    sentence = error_sentence(stage.words, episode(1))
    assert "instance_connect_failed" not in sentence
    assert "operation." not in sentence

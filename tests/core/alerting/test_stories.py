"""Alerts told as stories: at which second what fires, and what is said of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.core.alerting.story import Story
from wxauto_mgt.core.alerting.model import AlertRule, AlertState, Level, NoDataPolicy, Operator
from wxauto_mgt.core.alerting.settings import AlertsSettings
from wxauto_mgt.core.alerting.silences import MaintenanceWindow
from wxauto_mgt.errors import PermanentError, StorageError
from wxauto_mgt.storage.database import Database

CPU = AlertRule(id="cpu", metric_name="cpu", threshold=80.0, critical_threshold=95.0)
NOW = AlertRule(id="now", metric_name="cpu", threshold=80.0, for_s=0.0, cooldown_s=0.0)


async def test_what_lasts_a_minute_fires_once_and_its_end_is_told_once(db: Database) -> None:
    story = await Story(db, CPU).begin()
    story.figures.put("cpu", 50.0)
    assert await story.until(100) == []
    story.figures.put("cpu", 90.0)
    assert await story.until(160) == []
    assert story.states() == []
    assert await story.until(170) == ["firing cpu"]
    assert await story.until(1000) == []
    [alert] = story.engine.active()
    assert (alert.level, alert.value, alert.threshold) == (Level.WARNING, 90.0, 80.0)
    story.figures.put("cpu", 50.0)
    assert await story.until(1010) == ["resolved cpu"]
    assert await story.until(2000) == []
    [alert] = await story.engine.history(1)
    assert alert.state is AlertState.OK
    assert alert.resolved_at is not None


async def test_a_dip_begins_the_minute_anew(db: Database) -> None:
    story = await Story(db, CPU).begin()
    story.figures.put("cpu", 90.0)
    await story.until(60)
    story.figures.put("cpu", 70.0)
    await story.until(70)
    story.figures.put("cpu", 90.0)
    assert await story.until(130) == []
    assert await story.until(140) == ["firing cpu"]


async def test_getting_worse_is_told_although_somebody_took_care(db: Database) -> None:
    story = await Story(db, CPU).begin()
    story.figures.put("cpu", 90.0)
    assert await story.until(70) == ["firing cpu"]
    [alert] = story.engine.active()
    taken = await story.engine.acknowledge(alert.id, owner="li", note="ok")
    assert taken.acknowledged is not None
    story.figures.put("cpu", 99.0)
    assert await story.until(140) == ["firing cpu"]
    [alert] = story.engine.active()
    assert (alert.level, alert.threshold, alert.acknowledged) == (Level.CRITICAL, 95.0, None)


async def test_an_acknowledged_alert_is_not_repeated(db: Database) -> None:
    rule = CPU.model_copy(update={"repeat_s": 600.0})
    story = await Story(db, rule).begin()
    story.figures.put("cpu", 90.0)
    assert await story.until(680) == ["firing cpu", "firing cpu"]
    await story.engine.acknowledge(story.engine.active()[0].id, owner="li", note="")
    await story.restart()
    assert await story.until(3000) == []
    [alert] = story.engine.active()
    assert alert.acknowledged is not None
    assert alert.acknowledged.owner == "li"


async def test_only_what_is_active_can_be_acknowledged(db: Database) -> None:
    story = await Story(db, CPU).begin()
    with pytest.raises(PermanentError):
        await story.engine.acknowledge("cpu:0", owner="li", note="")


async def test_within_the_cool_down_a_second_alert_waits_and_says_nothing_if_it_ends(db: Database) -> None:
    rule = CPU.model_copy(update={"for_s": 0.0, "cooldown_s": 100.0})
    story = await Story(db, rule).begin()
    for value, until_s, expected in (
        (90.0, 10, ["firing cpu"]),
        (50.0, 20, ["resolved cpu"]),
        (90.0, 30, []),
        (50.0, 40, []),
        (90.0, 100, []),
        (90.0, 110, ["firing cpu"]),
    ):
        story.figures.put("cpu", value)
        assert await story.until(until_s) == expected
    assert len(await story.engine.history(1)) == 3


@pytest.mark.parametrize("is_crash", [False, True])
async def test_a_restart_neither_forgets_nor_repeats(db: Database, is_crash: bool) -> None:
    story = await Story(db, CPU).begin()
    story.figures.put("cpu", 90.0)
    assert await story.until(70) == ["firing cpu"]
    [before] = story.engine.active()
    await story.restart(after_s=86_400, is_crash=is_crash)
    assert [alert.episode for alert in story.engine.active()] == [before.episode]
    assert await story.until(500) == []
    story.figures.put("cpu", 10.0)
    assert await story.until(510) == ["resolved cpu"]


async def test_downtime_and_suspend_do_not_count(db: Database) -> None:
    story = await Story(db, CPU).begin()
    story.figures.put("cpu", 90.0)
    await story.until(40)
    await story.clock.advance(7200)
    assert await story.until(60) == []
    await story.restart(after_s=7200)
    # Half a minute had passed before it slept, ten seconds after, ten more since the restart.
    assert await story.until(80) == []
    assert await story.until(120) == ["firing cpu"]


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1)])
async def test_a_jump_of_the_wall_clock_changes_nothing(db: Database, jump: timedelta) -> None:
    story = await Story(db, CPU).begin()
    story.figures.put("cpu", 90.0)
    await story.until(40)
    story.clock.offset = jump
    assert await story.until(60) == []
    assert await story.until(70) == ["firing cpu"]
    story.clock.offset = timedelta()
    assert await story.until(400) == []
    assert story.states() == [("cpu", AlertState.FIRING)]


async def test_a_rule_on_a_missing_metric_is_inactive(db: Database) -> None:
    alerting = CPU.model_copy(update={"no_data": NoDataPolicy.ALERT, "no_data_after_s": 0.0})
    story = await Story(db, alerting).begin()
    assert await story.until(1000) == []
    assert story.states() == []


@pytest.mark.parametrize(
    ("policy", "notices", "states"),
    [
        (NoDataPolicy.KEEP, [], [("cpu", AlertState.NO_DATA)]),
        (NoDataPolicy.RESOLVE, ["resolved cpu"], []),
        (NoDataPolicy.ALERT, [], [("cpu", AlertState.NO_DATA)]),
    ],
)
async def test_figures_that_are_not_renewed_are_no_data(
    db: Database, policy: NoDataPolicy, notices: list[str], states: list[tuple[str, AlertState]]
) -> None:
    story = await Story(db, CPU.model_copy(update={"no_data": policy, "no_data_after_s": 50.0})).begin()
    story.figures.put("cpu", 90.0)
    assert await story.until(70) == ["firing cpu"]
    story.figures.frozen_at = story.clock.now()
    assert await story.until(150) == []
    assert story.states() == [("cpu", AlertState.FIRING)]
    assert await story.until(200) == notices
    assert story.states() == states


async def test_silent_figures_can_be_an_alert_of_their_own(db: Database) -> None:
    rule = CPU.model_copy(update={"no_data": NoDataPolicy.ALERT, "no_data_after_s": 20.0})
    story = await Story(db, rule).begin()
    story.figures.put("cpu", 10.0)
    await story.until(20)
    story.figures.drop("cpu")
    assert await story.until(60) == ["firing cpu"]
    assert story.engine.active()[0].message == "alerts.message.no_data"
    story.figures.put("cpu", 10.0)
    assert await story.until(70) == ["resolved cpu"]


async def test_too_few_calls_are_no_verdict(db: Database) -> None:
    rule = NOW.model_copy(update={"min_count": 20, "no_data_after_s": 0.0, "no_data": NoDataPolicy.RESOLVE})
    story = await Story(db, rule).begin()
    story.figures.put("cpu", 90.0, count=19)
    assert await story.until(50) == []
    story.figures.put("cpu", 90.0, count=20)
    assert await story.until(60) == ["firing now"]
    story.figures.put("cpu", 90.0, count=3)
    assert await story.until(70) == ["resolved now"]


async def test_a_value_that_is_no_number_is_an_error_and_no_recovery(db: Database) -> None:
    story = await Story(db, NOW).begin()
    story.figures.put("cpu", 90.0)
    assert await story.until(10) == ["firing now"]
    story.figures.put("cpu", float("nan"))
    assert await story.until(20) == []
    assert story.states() == [("now", AlertState.ERROR)]


async def test_absence_and_rise_are_conditions_too(db: Database) -> None:
    absent = NOW.model_copy(update={"id": "absent", "operator": Operator.ABSENT, "metric_name": "beat"})
    rise = NOW.model_copy(update={"id": "rise", "operator": Operator.RATE, "metric_name": "total"})
    story = await Story(db, absent, rise).begin()
    story.figures.put("total", 5.0)
    assert await story.until(10) == ["firing absent"]
    story.figures.put("beat", 1.0)
    story.figures.rates["total"] = 100.0
    assert sorted(await story.until(20)) == ["firing rise", "resolved absent"]


async def test_what_goes_up_and_down_all_the_time_is_told_once(db: Database) -> None:
    story = await Story(db, NOW).begin()
    said = []
    for second in range(10, 610, 10):
        story.figures.put("cpu", 90.0 if (second // 10) % 2 else 10.0)
        said += await story.until(second)
    # Ten changes among twenty-one results, and it counts as flapping.
    assert len(said) <= 11
    assert await story.until(600) == []
    story.figures.put("cpu", 10.0)
    assert (await story.until(1000))[-1:] == ["resolved now"]
    assert story.states() == []


async def test_a_silence_holds_back_what_is_said_and_not_what_is_known(db: Database) -> None:
    story = await Story(db, NOW).begin()
    await story.engine.silence(rule="now", labels=(), duration_s=100, who="li", note="")
    story.figures.put("cpu", 90.0)
    assert await story.until(90) == []
    [alert] = story.engine.active()
    assert (alert.state, alert.muted_by) == (AlertState.FIRING, "silence:1")
    await story.restart()
    assert len(story.engine.silences()) == 1
    assert await story.until(110) == ["firing now"]


async def test_an_alert_that_came_and_went_in_silence_is_never_told(db: Database) -> None:
    story = await Story(db, NOW).begin()
    silence = await story.engine.silence(rule="*", labels=(), duration_s=1000, who="li", note="")
    story.figures.put("cpu", 90.0)
    await story.until(50)
    story.figures.put("cpu", 10.0)
    await story.until(60)
    await story.engine.end_silence(silence.id)
    assert await story.until(100) == []
    with pytest.raises(PermanentError):
        await story.engine.end_silence(silence.id)


async def test_maintenance_comes_back_every_day(db: Database) -> None:
    window = MaintenanceWindow(name="night", start="00:00", duration_s=100.0)
    settings = AlertsSettings(group_wait_s=0, group_interval_s=0, maintenance=(window,))
    story = await Story(db, NOW, settings=settings).begin()
    story.figures.put("cpu", 90.0)
    assert await story.until(90) == []
    assert story.engine.active()[0].muted_by == "maintenance:night"
    assert await story.until(110) == ["firing now"]


async def test_a_server_that_is_down_speaks_for_its_own_wechat_only(db: Database) -> None:
    down = NOW.model_copy(
        update={"id": "down", "metric_name": "up", "operator": Operator.LT, "threshold": 1.0}
    )
    gone = down.model_copy(update={"id": "gone", "metric_name": "wechat", "inhibited_by": ("down",)})
    story = await Story(db, down, gone).begin()
    for instance, up in (("a", 0.0), ("b", 1.0)):
        story.figures.put("up", up, instance=instance)
        story.figures.put("wechat", 0.0, instance=instance)
    assert sorted(await story.until(50)) == ["firing down", "firing gone"]
    muted = {dict(a.labels)["instance"]: a.muted_by for a in story.engine.active() if a.rule == "gone"}
    assert muted == {"a": "rule:down", "b": ""}
    story.figures.put("up", 1.0, instance="a")
    assert sorted(await story.until(60)) == ["firing gone", "resolved down"]
    assert story.states() == [("gone", AlertState.FIRING)] * 2


async def test_a_storm_of_one_rule_is_one_notice(db: Database) -> None:
    settings = AlertsSettings(group_wait_s=20, group_interval_s=100)
    story = await Story(db, NOW, settings=settings).begin()
    for number in range(50):
        story.figures.put("cpu", 90.0, host=str(number))
    assert await story.until(20) == []
    story.figures.put("cpu", 90.0, host="late")
    assert await story.until(30) == ["firing now x51"]
    story.figures.put("cpu", 90.0, host="later")
    assert await story.until(120) == []
    assert await story.until(130) == ["firing now"]


async def test_a_rule_that_goes_takes_its_alerts_along(db: Database) -> None:
    story = await Story(db, NOW).begin()
    story.figures.put("cpu", 90.0)
    assert await story.until(10) == ["firing now"]
    del story.rules["now"]
    assert await story.until(20) == ["resolved now"]
    await story.until(30)
    assert await db.fetch_all("SELECT * FROM alert_series") == []


async def test_alerts_at_rest_leave_no_rows_but_their_history(db: Database) -> None:
    story = await Story(db, CPU).begin()
    story.figures.put("cpu", 90.0)
    await story.until(70)
    story.figures.put("cpu", 10.0)
    await story.until(1000)
    assert await db.fetch_all("SELECT * FROM alert_series") == []
    assert len(await story.engine.history(1)) == 1


@pytest.mark.expects_log("kept in memory only")
async def test_a_full_disk_delays_a_notice_and_loses_none(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = await Story(db, NOW).begin()
    story.figures.put("cpu", 90.0)

    async def full(_job: object) -> None:
        raise StorageError("database_full")

    with monkeypatch.context() as patched:
        patched.setattr(db, "run", full)
        assert await story.until(50) == []
        assert story.states() == [("now", AlertState.FIRING)]
    assert await story.until(60) == ["firing now"]
    assert await story.until(100) == []


async def test_a_rule_asks_for_its_repair_once_an_alert_and_not_for_what_another_alert_causes(
    db: Database,
) -> None:
    rule = NOW.model_copy(update={"repair": "tts"})
    cause = AlertRule(id="cause", metric_name="power", threshold=0.0, for_s=0.0)
    story = await Story(db, rule).begin()
    story.figures.put("cpu", 90.0)
    await story.until(100)
    assert [(wanted.service, wanted.rule) for wanted in story.repairs] == [("tts", "now")]
    story.figures.put("cpu", 10.0)
    await story.until(200)

    story.rules = {"now": rule.model_copy(update={"inhibited_by": ("cause",)}), "cause": cause}
    story.figures.put("power", 1.0)
    story.figures.put("cpu", 90.0)
    await story.until(300)
    assert len(story.engine.active()) == 2
    assert len(story.repairs) == 1

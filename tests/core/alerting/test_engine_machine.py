"""The whole engine over a real database against the obvious model: restarts, sleep, clock jumps, silences."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.core.alerting.story import INTERVAL_S, Story
from tests.core.alerting.test_evaluator_machine import Obvious, Seen
from wxauto_mgt.core.alerting.evaluator import NoticeKind, Verdict
from wxauto_mgt.core.alerting.model import AlertRule
from wxauto_mgt.storage.database import Database

T = TypeVar("T")
HOSTS = ("a", "b")
DURATIONS = st.sampled_from([0.0, 10.0, 20.0, 30.0])


class EngineMachine(RuleBasedStateMachine):
    @initialize(
        for_s=DURATIONS,
        keep_s=DURATIONS,
        successes=st.integers(1, 2),
        cooldown_s=DURATIONS,
        repeat_s=DURATIONS,
    )
    def begin(self, for_s: float, keep_s: float, successes: int, cooldown_s: float, repeat_s: float) -> None:
        alert_rule = AlertRule(
            id="r",
            metric_name="m",
            threshold=80.0,
            critical_threshold=95.0,
            for_s=for_s,
            keep_firing_for_s=keep_s,
            success_threshold=successes,
            cooldown_s=cooldown_s,
            repeat_s=repeat_s,
            flap_high=1.0,
            flap_low=1.0,
        )
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name)
        self.db = self.run(
            Database.open(path / "console.db", kind="console", synchronous="NORMAL", backup_dir=path)
        )
        self.story = Story(self.db, alert_rule)
        self.run(self.story.begin())
        self.models = {host: Obvious(alert_rule) for host in HOSTS}
        self.values = dict.fromkeys(HOSTS, 10.0)
        self.elapsed_s = 0.0
        self.silences: list[tuple[str, datetime, datetime]] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @rule(
        host=st.sampled_from(HOSTS), value=st.sampled_from([10.0, 90.0, 90.0, 99.0]), ticks=st.integers(1, 4)
    )
    def measure(self, host: str, value: float, ticks: int) -> None:
        self.values[host] = value
        for _ in range(ticks):
            self.tick()

    def tick(self) -> None:
        for host, value in self.values.items():
            self.story.figures.put("m", value, host=host)
        self.run(self.story.clock.advance(INTERVAL_S))
        self.run(self.story.engine.evaluate())
        now, said = self.story.clock.now(), dict[str, int]()
        for host, model in self.models.items():
            value = self.values[host]
            verdict = Verdict.BREACH if value > 80 else Verdict.CLEAR
            model.take(Seen(verdict, value > 95, self.elapsed_s))
            kind = model.due()
            is_silent = any(
                begins <= now < ends for whose, begins, ends in self.silences if whose in ("*", host)
            )
            if kind is not None and not is_silent:
                model.tell(kind)
                word = "resolved" if kind is NoticeKind.RESOLVED else "firing"
                said[word] = said.get(word, 0) + 1
        self.elapsed_s = INTERVAL_S
        expected = [f"{word} r" if count == 1 else f"{word} r x{count}" for word, count in said.items()]
        assert sorted(self.run(self.story.notices())) == sorted(expected)
        found = {dict(alert.labels)["host"]: alert for alert in self.story.engine.active()}
        for host, model in self.models.items():
            alert = found.get(host)
            assert (None if alert is None else alert.level) is model.open_level
            if alert is not None:
                assert alert.state is model.state()
                assert (alert.acknowledged is not None) == model.is_acknowledged

    @rule(after_s=st.sampled_from([0.0, 3600.0]))
    def restart(self, after_s: float) -> None:
        self.run(self.story.restart(after_s=after_s))
        self.elapsed_s = 0.0

    @rule()
    def sleep(self) -> None:
        self.run(self.story.clock.advance(7200.0))
        self.elapsed_s = 0.0

    @rule(hours=st.sampled_from([-48, -1, 1, 48]))
    def set_wall_clock(self, hours: int) -> None:
        self.story.clock.offset += timedelta(hours=hours)

    @rule(whose=st.sampled_from([*HOSTS, "*"]), duration_s=st.sampled_from([15.0, 45.0, 7200.0]))
    def silence(self, whose: str, duration_s: float) -> None:
        labels = () if whose == "*" else (("host", whose),)
        made = self.run(
            self.story.engine.silence(rule="*", labels=labels, duration_s=duration_s, who="li", note="")
        )
        self.silences.append((whose, made.starts_at, made.ends_at))

    @rule()
    def acknowledge(self) -> None:
        for alert in self.story.engine.active():
            self.run(self.story.engine.acknowledge(alert.id, owner="li", note=""))
            self.models[dict(alert.labels)["host"]].is_acknowledged = True

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.run(self.db.close())
            self.runner.close()
            self.folder.cleanup()


TestEngine = EngineMachine.TestCase
TestEngine.settings = settings(max_examples=60, stateful_step_count=20)

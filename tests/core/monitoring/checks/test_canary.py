"""When a canary is sent, what is said of it, and that it never becomes two. Real rows, no network."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import cast

import pytest

from tests.core.delivery.desk import Desk
from tests.core.monitoring.checks.contexts import config_of, context, said
from tests.fakes.clock import FakeClock
from tests.fakes.delivery import MISMATCH, SERVER_ERROR, TIMED_OUT
from tests.waiting import eventually
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.instances.registry import InstanceRegistry
from wxauto_mgt.core.monitoring.checks.canary import FILE_TRANSFER, CanaryCheck, CanaryConfig
from wxauto_mgt.storage.database import Database

HALF_HOUR_S = 1800.0


class Nest:
    """One instance with a listened file-transfer chat, and the checks that write there."""

    def __init__(self, db: Database, clock: FakeClock) -> None:
        self.desk = Desk(db, clock)
        self.clock = clock
        self.is_paused = False
        self.instance = self.desk.instances.all()[0]
        self.check = self.new_check()

    def new_check(self, **fields: JSON) -> CanaryCheck:
        """As after a restart: nothing is remembered but the rows."""
        given = context(
            clock=self.clock,
            db=self.desk.db,
            instances=cast("InstanceRegistry", self.desk.instances),
            may_send=lambda: not self.is_paused,
        )
        self.desk.window(FILE_TRANSFER)  # a proof of it counts for five minutes only
        fixed: dict[str, JSON] = {"instance": "pc1", "wait_s": 0}
        return CanaryCheck(config_of(CanaryConfig, **{**fixed, **fields}), given)

    @property
    def sent(self) -> list[str]:
        return [sent.text for sent in self.desk.client.sent]

    async def pass_time(self, seconds: float) -> None:
        await self.clock.advance(seconds)
        self.desk.window(FILE_TRANSFER)

    async def said(self) -> tuple[str, str]:
        return said(await self.check.run())


@pytest.fixture
async def nest(db: Database, fake_clock: FakeClock) -> AsyncIterator[Nest]:
    made = Nest(db, fake_clock)
    yield made
    await made.desk.stop()


async def test_a_canary_that_comes_back_proves_the_instance(nest: Nest) -> None:
    assert await nest.said() == ("unknown", "canary_awaited")
    assert nest.instance.liveness.state().evidence == ()
    await nest.clock.advance(0.0)
    await nest.desk.echo(*nest.sent, chat=FILE_TRANSFER)
    result = await nest.check.run()
    assert said(result) == ("ok", "canary_came_back")
    assert result.response_time_ms is not None
    assert [proof.kind.value for proof in nest.instance.liveness.state().evidence] == ["own_echo"]
    rows = await nest.desk.db.fetch_all("SELECT origin, state, reason FROM message")
    assert [tuple(row) for row in rows] == [("own", "filtered", "own_row")]


async def test_silence_is_unknown_and_then_a_failure_that_a_late_echo_ends(nest: Nest) -> None:
    assert await nest.said() == ("unknown", "canary_awaited")
    await nest.pass_time(119.0)
    assert await nest.said() == ("unknown", "canary_awaited")
    await nest.pass_time(2.0)
    assert await nest.said() == ("failed", "canary_lost")
    await nest.desk.echo(*nest.sent, chat=FILE_TRANSFER)
    assert await nest.said() == ("ok", "canary_came_back")
    assert nest.instance.liveness.state().evidence == ()  # it says nothing of now
    assert len(nest.sent) == 1


async def test_a_second_one_comes_half_an_hour_later_also_after_a_restart(nest: Nest) -> None:
    await nest.said()
    await nest.pass_time(HALF_HOUR_S - 1)
    nest.check = nest.new_check()
    assert await nest.said() == ("failed", "canary_lost")
    assert len(nest.sent) == 1
    await nest.pass_time(2.0)
    assert await nest.said() == ("unknown", "canary_awaited")
    assert len(set(nest.sent)) == 2


async def test_two_checks_of_one_instance_share_one_canary(nest: Nest) -> None:
    other = nest.new_check()
    await nest.said()
    assert said(await other.run()) == ("unknown", "canary_awaited")
    await nest.desk.echo(*nest.sent, chat=FILE_TRANSFER)
    assert said(await other.run()) == await nest.said() == ("ok", "canary_came_back")
    assert len(nest.sent) == 1


@pytest.mark.parametrize("days", [-400, 400])
async def test_a_clock_that_is_set_sends_none_too_early(
    nest: Nest, days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await nest.said()
    now = nest.clock.now
    monkeypatch.setattr(nest.clock, "now", lambda: now() + dt.timedelta(days=days))
    await nest.pass_time(60.0)
    assert await nest.said() == ("unknown", "canary_awaited")
    await nest.pass_time(HALF_HOUR_S)
    await nest.said()
    assert len(nest.sent) == 2


async def test_none_is_sent_while_it_must_not_be(nest: Nest) -> None:
    nest.is_paused = True
    assert await nest.said() == ("unknown", "canary_paused")
    nest.is_paused = False
    nest.instance.gate.quarantine(reason="send", for_s=30.0)
    assert await nest.said() == ("unknown", "canary_gate_shut")
    await nest.pass_time(31.0)
    nest.instance.windows.gone(FILE_TRANSFER)
    assert await nest.said() == ("unknown", "canary_no_window")
    nest.desk.window(FILE_TRANSFER, "文件传输助手2")
    assert await nest.said() == ("unknown", "canary_other_window")
    nest.desk.instances.remove("pc1")
    assert await nest.said() == ("unknown", "canary_no_instance")
    assert nest.sent == []


async def test_while_another_call_moves_the_desktop_it_does_not_wait_for_long(
    nest: Nest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wxauto_mgt.core.monitoring.checks.canary.GATE_WAIT_S", 0.02)
    async with nest.instance.gate.hold("poll_main"):
        assert await nest.said() == ("unknown", "canary_gate_busy")
    assert nest.sent == []


async def test_a_pause_while_it_waits_for_the_gate_holds_it_back(nest: Nest) -> None:
    async with asyncio.TaskGroup() as running, nest.instance.gate.hold("poll_main"):
        waiting = running.create_task(nest.said())
        await eventually(lambda: nest.instance.gate.waiting == 1)
        nest.is_paused = True
    assert waiting.result() == ("unknown", "canary_paused")
    assert nest.sent == []


async def test_while_nothing_is_read_silence_says_nothing(nest: Nest) -> None:
    await nest.said()
    nest.is_paused = True
    await nest.pass_time(600.0)
    assert await nest.said() == ("unknown", "canary_paused")


async def test_one_that_was_provably_not_sent_is_sent_at_the_next_run(nest: Nest) -> None:
    nest.desk.client.answers.append(MISMATCH)
    assert await nest.said() == ("failed", "canary_not_sent")
    assert await nest.said() == ("unknown", "canary_awaited")
    assert [sent.really for sent in nest.desk.client.sent] == [False, True]


async def test_the_earlier_one_counts_again_when_the_next_was_not_sent(nest: Nest) -> None:
    await nest.said()
    await nest.pass_time(HALF_HOUR_S + 1)
    nest.desk.client.answers.append(MISMATCH)
    before = await nest.desk.db.fetch_one("SELECT * FROM canary")
    assert await nest.said() == ("failed", "canary_not_sent")
    after = await nest.desk.db.fetch_one("SELECT * FROM canary")
    assert before is not None
    assert after is not None
    assert tuple(before) == tuple(after)


@pytest.mark.parametrize("answer", [TIMED_OUT, SERVER_ERROR])
async def test_one_of_unknown_outcome_is_waited_for_and_never_repeated(nest: Nest, answer: object) -> None:
    nest.desk.client.answers.append(answer)  # type: ignore[arg-type]
    assert await nest.said() == ("unknown", "canary_awaited")
    assert (nest.instance.gate.shut_for_s > 0) == (answer is TIMED_OUT)
    await nest.pass_time(121.0)
    assert await nest.said() == ("failed", "canary_lost")
    assert len(nest.sent) == 1


async def test_one_that_a_crash_interrupted_is_not_held_against_the_instance(nest: Nest) -> None:
    await nest.said()
    await nest.desk.db.run(lambda tx: tx.execute("UPDATE canary SET answer = NULL"))
    await nest.pass_time(600.0)
    nest.check = nest.new_check()
    assert await nest.said() == ("unknown", "canary_interrupted")
    assert len(nest.sent) == 1


async def test_without_the_database_none_is_sent(nest: Nest) -> None:
    await nest.desk.db.close()
    assert await nest.said() == ("unknown", "canary_not_written")
    assert nest.sent == []


async def test_one_that_turns_up_elsewhere_or_as_foreign_fails(nest: Nest) -> None:
    await nest.said()
    await nest.desk.echo(*nest.sent, chat="老板")
    result = await nest.check.run()
    assert said(result) == ("failed", "canary_in_wrong_chat")
    assert result.params == {"chat": FILE_TRANSFER, "other": "老板"}
    await nest.pass_time(HALF_HOUR_S + 1)
    await nest.said()
    await nest.desk.receive(nest.sent[-1], chat=FILE_TRANSFER, sender="somebody")
    assert await nest.said() == ("failed", "canary_taken_for_foreign")


async def test_it_has_a_mark_of_its_own_and_no_mention(nest: Nest) -> None:
    await nest.said()
    sent = nest.desk.client.sent[0]
    assert (sent.target, sent.at_list) == (FILE_TRANSFER, ())
    assert sent.text.startswith("wxauto_mgt 自检 ")

"""Messages and replies through any order of events and crashes, against a server that knows what went out."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.core.delivery.desk import Desk
from tests.fakes.clock import FakeClock
from tests.fakes.delivery import (
    ACCEPTED,
    MISMATCH,
    REFUSED_CONNECTION,
    SERVER_ERROR,
    TIMED_OUT,
    Crash,
)
from wxauto_mgt.core.messages.history.store import MessageFilter, counters_now
from wxauto_mgt.core.messages.model import MessageState, ReplyState
from wxauto_mgt.core.platforms.contract import PlatformReply, PlatformRequest
from wxauto_mgt.errors import PlatformOutcomeUnknown, PlatformPermanent, PlatformTransient
from wxauto_mgt.storage.database import Database

CHATS = ("张三", "李四")
MANY = 10
POINTS = (
    "intake.before_commit",
    "intake.committed",
    "delivery.claimed",
    "delivery.platform_answered",
    "delivery.reply_written",
    "reply.sending_committed",
    "reply.sent",
    "reply.answer_committed",
    "echo.settled",
)
ANSWERS = {
    "accepted": ACCEPTED,
    "refused": REFUSED_CONNECTION,
    "mismatch": MISMATCH,
    "timed_out": TIMED_OUT,
    "error": SERVER_ERROR,
}
PLATFORM_FAILURES = {
    "transient": PlatformTransient("platform_unreachable"),
    "permanent": PlatformPermanent("platform_refused"),
    "lost": PlatformOutcomeUnknown("platform_timed_out"),
}


class DeliveryMachine(RuleBasedStateMachine):
    """Each rule runs one part of delivery by hand, so that a crash can come between any two."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp())
        self.received: list[tuple[str, str]] = []  # chat, content; committed
        self.echoed = 0
        self.runs = 1
        self.replayed: set[str] = set()
        self.platform_script = "ok"

    @initialize(once_only=st.booleans(), windows=st.sets(st.sampled_from(CHATS)))
    def begin(self, once_only: bool, windows: set[str]) -> None:
        self.once_only = once_only
        self._run(self._begin(once_only, windows))

    async def _begin(self, once_only: bool, windows: set[str]) -> None:
        path = self.folder / "console.db"
        shutil.copyfile(self.template, path)
        self.db = await Database.open(
            path, kind="console", synchronous="NORMAL", backup_dir=self.folder / "backups"
        )
        self.desk = Desk(self.db, FakeClock())
        self.platform = self.desk.open_platform(self._answer, once_only=once_only)
        for chat in windows:
            self.desk.window(chat)

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self._run(self._finish())
            self._run(self.db.close())
        self.loop.close()
        shutil.rmtree(self.folder)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run one part; a crash in it takes everything in memory with it."""
        try:
            self.loop.run_until_complete(work)
        except Crash:
            self.loop.run_until_complete(self._restart())

    async def _restart(self) -> None:
        self.runs += 1
        await self.desk.restart(run_id=f"run{self.runs}")

    def _answer(self, request: PlatformRequest) -> PlatformReply:
        script, self.platform_script = self.platform_script, "ok"
        if script == "silent":
            return PlatformReply(())
        failure = PLATFORM_FAILURES.get(script)
        if failure is not None and not (script == "lost" and not self.once_only):
            raise failure
        return PlatformReply((f"{request.content}.1", f"{request.content}.2"))

    # --- what can happen

    @precondition(lambda self: len(self.received) < MANY)
    @rule(chats=st.lists(st.sampled_from(CHATS), min_size=1, max_size=4))
    def messages_come(self, chats: list[str]) -> None:
        for chat in chats:
            self._receive(chat, None)

    @precondition(lambda self: len(self.received) < MANY)
    @rule(chat=st.sampled_from(CHATS), crash_at=st.sampled_from(POINTS[:2]))
    def the_process_dies_in_intake(self, chat: str, crash_at: str) -> None:
        self._receive(chat, crash_at)

    def _receive(self, chat: str, crash_at: str | None) -> None:
        content = f"m{len(self.received)}-{self.runs}-{chat}"
        self.desk.faults.armed = crash_at
        if crash_at != "intake.before_commit":
            self.received.append((chat, content))
        self._run(self.desk.receive(content, chat=chat))
        self.desk.faults.armed = None

    @rule(
        chat=st.sampled_from(CHATS),
        script=st.sampled_from(["ok", "ok", "silent", *PLATFORM_FAILURES]),
        crash_at=st.sampled_from([None, None, *POINTS[2:5]]),
    )
    def the_worker_works(self, chat: str, script: str, crash_at: str | None) -> None:
        self.platform_script = script
        self._run(self._work(chat, crash_at))

    async def _work(self, chat: str, crash_at: str | None) -> None:
        row = await self.db.fetch_one("SELECT id FROM chat WHERE name = ?", (chat,))
        if row is None:
            return
        self.desk.faults.armed = crash_at
        await self.desk.worker._lane(row["id"])
        self.desk.faults.armed = None

    @rule(answers=st.lists(st.sampled_from(sorted(ANSWERS)), min_size=1, max_size=5))
    def the_sender_works(self, answers: list[str]) -> None:
        for answer in answers:
            self._run(self._send(answer, None))

    @rule(answer=st.sampled_from(sorted(ANSWERS)), crash_at=st.sampled_from(POINTS[5:8]))
    def the_process_dies_in_a_send(self, answer: str, crash_at: str) -> None:
        self._run(self._send(answer, crash_at))

    async def _send(self, answer: str, crash_at: str | None) -> None:
        instance = self.desk.instances.all()[0]
        if instance.gate.shut_for_s:
            await self.desk.clock.advance(instance.gate.shut_for_s)
        self.desk.client.answers.clear()
        self.desk.client.answers.append(ANSWERS[answer])
        self.desk.faults.armed = crash_at
        await self.desk.sender._make_lane(instance)._round()
        self.desk.faults.armed = None

    @rule(count=st.integers(1, 3))
    def echoes_come(self, count: int) -> None:
        """Own rows come in the order in which they were sent, in their chat."""
        for sent in self.desk.client.sent[self.echoed : self.echoed + count]:
            if sent.really:
                self._run(self.desk.echo(sent.text, chat=sent.target))
        self.echoed = min(self.echoed + count, len(self.desk.client.sent))

    @rule(crash_at=st.sampled_from([None, POINTS[8]]))
    def the_settler_works(self, crash_at: str | None) -> None:
        self.desk.faults.armed = crash_at
        self._run(self.desk.settler.settle())
        self.desk.faults.armed = None

    @rule(seconds=st.sampled_from([1, 20, 130]))
    def time_passes(self, seconds: int) -> None:
        self._run(self.desk.clock.advance(seconds))

    @rule()
    def the_process_dies(self) -> None:
        self._run(self._restart())

    @rule()
    def a_person_replays_a_dead_letter(self) -> None:
        self._run(self._replay())

    async def _replay(self) -> None:
        for line in await self.desk.browser.page(MessageFilter(open_dead_letters=True), limit=1):
            self.replayed.add(line.message.content)
            await self.desk.browser.replay(line.message.id, who="op")

    @rule()
    def a_person_settles_a_reply_by_what_the_chat_shows(self) -> None:
        self._run(self._settle_one())

    async def _settle_one(self) -> None:
        row = await self.db.fetch_one(
            "SELECT id, text FROM reply WHERE state IN ('unknown', 'unconfirmed') ORDER BY id LIMIT 1"
        )
        if row is not None:
            await self.desk.browser.settle_reply(row["id"], was_sent=row["text"] in self.desk.sent, who="op")

    async def _finish(self) -> None:
        """Everything works from now on: all that is open must come to its end."""
        self.desk.faults.armed = None
        for _ in range(20):
            for chat in CHATS:
                self.platform_script = "ok"
                await self._work(chat, None)
            for _ in range(MANY):
                await self._send("accepted", None)
            await self.desk.clock.advance(20.0)
            await self.desk.settler.settle()
            if not await self._open_rows():
                break
        assert not await self._open_rows()
        await self._all_messages_ended_as_the_server_knows()

    async def _open_rows(self) -> int:
        row = await self.db.fetch_one(
            """
            SELECT (SELECT count(*) FROM message WHERE state IN ('queued', 'delivering'))
                   + (SELECT count(*) FROM reply WHERE state IN ('pending', 'sending')) AS open
            """
        )
        return 0 if row is None else int(row["open"])

    async def _all_messages_ended_as_the_server_knows(self) -> None:
        lines = await self.desk.browser.page(MessageFilter(only_people=True), limit=1000)
        assert sorted((line.message.chat, line.message.content) for line in lines) == sorted(self.received)
        for line in lines:
            detail = await self.desk.browser.detail(line.message.id)
            assert detail is not None
            for reply in detail.replies:
                if reply.state is ReplyState.CONFIRMED:
                    assert reply.text in self.desk.sent
                if reply.state is ReplyState.FAILED:
                    assert reply.text not in self.desk.sent
            failed = any(reply.state is ReplyState.FAILED for reply in detail.replies)
            if detail.replies:
                assert line.message.state is (MessageState.DEAD if failed else MessageState.DONE)

    # --- what must hold

    @invariant()
    def nothing_goes_out_twice(self) -> None:
        if hasattr(self, "desk"):
            assert all(count == 1 for count in Counter(self.desk.sent).values())

    @invariant()
    def each_chat_gets_its_answers_in_order(self) -> None:
        if not hasattr(self, "desk"):
            return
        order = {content: place for place, (_, content) in enumerate(self.received)}
        for chat in CHATS:
            sent = [
                (order[text.rsplit(".", 1)[0]], text)
                for message in [sent for sent in self.desk.client.sent if sent.really]
                if (text := message.text) and message.target == chat
                if text.rsplit(".", 1)[0] not in self.replayed
            ]
            assert sent == sorted(sent)

    @invariant()
    def the_figures_are_those_of_the_rows(self) -> None:
        if hasattr(self, "desk"):
            self._run(self._compare_figures())

    async def _compare_figures(self) -> None:
        now = await counters_now(self.db)
        for table in ("message", "reply"):
            rows = await self.db.fetch_all(f"SELECT state, count(*) AS n FROM {table} GROUP BY state")
            counted = {f"{table}.{row['state']}": row["n"] for row in rows}
            kept = {name: n for name, n in now.items() if name.startswith(f"{table}.") and n}
            assert counted == kept
        report = await self.desk.report()
        assert (
            report["replied"]
            == sum(report[name] for name in ("confirmed", "unconfirmed", "unknown", "failed"))
            + await self._sending_of_this_run()
        )
        assert report["received"] >= report["matched"] >= report["delivered"]

    async def _sending_of_this_run(self) -> int:
        row = await self.db.fetch_one(
            """
            SELECT count(*) AS n FROM reply r JOIN message m ON m.id = r.message_id
            WHERE r.state = 'sending' AND m.run_id = ?
            """,
            (self.desk.run_id,),
        )
        return 0 if row is None else int(row["n"])


@pytest.mark.expects_log("platform call failed for good|send fails")
async def test_no_order_of_events_and_crashes_breaks_delivery(db: Database) -> None:
    machine = type("Machine", (DeliveryMachine,), {"template": db.path})
    await db.close()
    await asyncio.to_thread(_run_machine, machine)


def _run_machine(machine: type[DeliveryMachine]) -> None:
    """On a thread of its own, where no other event loop runs."""
    run_state_machine_as_test(
        machine, settings=settings(deadline=None, derandomize=True, max_examples=60, stateful_step_count=30)
    )

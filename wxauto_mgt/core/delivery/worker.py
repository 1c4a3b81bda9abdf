"""Takes queued messages to their platform and writes the answers down as replies; sends nothing.

One lane per chat keeps its order, chats go side by side. At least once towards platforms that may be asked
twice, at most once towards the others. Started by the composition root; woken by intake, and by itself.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from wxauto_mgt.core.delivery import store
from wxauto_mgt.core.delivery.announce import announce
from wxauto_mgt.core.delivery.retry import next_attempt_at_us
from wxauto_mgt.core.delivery.settings import DeliverySettings
from wxauto_mgt.core.delivery.storage_trouble import StorageTrouble
from wxauto_mgt.core.messages.model import (
    AttemptOutcome,
    MessagesStored,
    MessageState,
    MessageStateChanged,
    Step,
)
from wxauto_mgt.core.messages.replies.store import NewReply
from wxauto_mgt.core.platforms.contract import PlatformReply, PlatformRequest, Role, Turn
from wxauto_mgt.core.platforms.open_platform import OpenPlatform
from wxauto_mgt.core.rules.facts import MessageFacts
from wxauto_mgt.core.rules.matcher import RuleSet
from wxauto_mgt.core.rules.model import RuleAction, RuleConfig
from wxauto_mgt.core.wire import ChatKind, ErrorCleared, ErrorReport
from wxauto_mgt.errors import PlatformError, PlatformOutcomeUnknown, PlatformTransient
from wxauto_mgt.runtime.alarm import Alarm
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.runtime.supervisor import Beat, Supervisor
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us

_log = logging.getLogger(__name__)

WORKER: Final = "delivery_worker"
PLATFORM_CALL: Final = "platform_call"
SCAN_INTERVAL_S: Final = 1.0
MAX_LANES: Final = 500
"""Chats in work at a time; what bounds the calls is each platform's own limit."""

_SECOND_US: Final = 1_000_000


@dataclass(frozen=True)
class RulesInForce:
    """The rules of the configuration in force, and its revision."""

    rules: RuleSet
    revision: int


class Platforms(Protocol):
    """Where open platforms are found."""

    def get(self, platform_id: str) -> OpenPlatform | None:
        """The open platform, None when there is none to ask."""

    def why_absent(self, platform_id: str) -> PlatformError:
        """Why there is none."""


class DeliveryWorker:
    """Claims the head of each chat, matches its rule, asks the platform, writes the replies.

    Args:
        run_id: claims carry it; with the data folder's lock nobody else works on them.
        rules: asked for each message, so that an edit is in force for the next one.
        settings: asked for each attempt.
        on_error: told of platform calls that failed for good, and of the end of that.
    """

    def __init__(
        self,
        *,
        db: Database,
        run_id: str,
        clock: Clock,
        bus: EventBus,
        supervisor: Supervisor,
        platforms: Platforms,
        rules: Callable[[], RulesInForce],
        settings: Callable[[], DeliverySettings],
        faults: FaultPoints,
        on_error: Callable[[ErrorReport | ErrorCleared], None],
        rng: random.Random,
        trouble: StorageTrouble,
        scan_interval_s: float = SCAN_INTERVAL_S,
    ) -> None:
        self._db = db
        self._run_id = run_id
        self._clock = clock
        self._bus = bus
        self._supervisor = supervisor
        self._platforms = platforms
        self._rules = rules
        self._settings = settings
        self._faults = faults
        self._on_error = on_error
        self._rng = rng
        self._trouble = trouble
        self._scan_interval_s = scan_interval_s
        self._wake = Alarm()
        self._lanes: dict[int, asyncio.Task[None]] = {}
        self._is_draining = False
        self._failing: dict[str, str] = {}

    async def run(self, beat: Beat) -> None:
        """Work until cancelled."""
        unsubscribe = [
            self._bus.subscribe(MessagesStored, self._wake.ring),
            self._bus.subscribe(MessageStateChanged, self._wake_for),
        ]
        try:
            while not self._is_draining:
                beat()
                pause_s = self._scan_interval_s
                with self._trouble.told(WORKER):
                    pause_s = await self._start_lanes()
                await self._wake.wait(pause_s)
        finally:
            for end in unsubscribe:
                end()

    async def drain(self, timeout_s: float) -> int:
        """Take no new message and let those in work finish; returns how many chats did not.

        What is left stays claimed until it is recovered at the next start.
        """
        self._is_draining = True
        self._wake.ring()
        if self._lanes:
            await asyncio.wait(list(self._lanes.values()), timeout=timeout_s)
        return len(self._lanes)

    def _wake_for(self, change: MessageStateChanged) -> None:
        if change.state is MessageState.QUEUED:
            self._wake.ring()

    async def _start_lanes(self) -> float:
        """Start a lane for each chat whose head is due; returns the pause until the next look."""
        for orphan in await store.abandoned(self._db):
            if orphan.chat_id not in self._lanes:
                await self._recover(orphan.message_id)
        now_us = to_us(self._clock.now())
        pause_s = self._scan_interval_s
        for head in await store.heads(self._db):
            if head.chat_id in self._lanes or len(self._lanes) >= MAX_LANES:
                continue
            if head.due_at_us > now_us:
                pause_s = min(pause_s, (head.due_at_us - now_us) / _SECOND_US)
                continue
            lane = self._supervisor.spawn(_lane_name(head.chat_id), self._lane(head.chat_id))
            self._lanes[head.chat_id] = lane
            lane.add_done_callback(partial(self._lane_ended, head.chat_id))
        return pause_s

    def _lane_ended(self, chat_id: int, _lane: asyncio.Task[None]) -> None:
        self._lanes.pop(chat_id, None)
        self._wake.ring()

    async def _recover(self, message_id: int) -> None:
        now_us = to_us(self._clock.now())
        announce(
            self._bus, await self._db.run(lambda tx: store.recover_message(tx, message_id, now_us=now_us))
        )

    async def _lane(self, chat_id: int) -> None:
        """Deliver the messages of one chat, oldest first, until the next one is not due."""
        while not self._is_draining:
            with self._trouble.told(_lane_name(chat_id)):
                head = await store.head_of(self._db, chat_id)
                if head is None or head.due_at_us > to_us(self._clock.now()):
                    return
                work = await store.work_of(self._db, head.message_id)
                if work is not None:
                    await self._deliver(work)
                continue
            await self._trouble.pause()

    async def _deliver(self, work: store.Work) -> None:
        in_force = self._rules()
        facts = MessageFacts(
            instance_id=work.instance_id,
            chat=work.chat,
            chat_kind=work.chat_kind,
            sender=work.sender,
            content=work.content,
            kind=work.kind,
        )
        rule = in_force.rules.match(facts)
        if rule is None or rule.action is RuleAction.IGNORE or rule.platform is None:
            await self._leave(work, rule, in_force.revision)
            return
        platform = self._platforms.get(rule.platform)
        claimed = store.Claim(
            rule_id=rule.id,
            rule_revision=in_force.revision,
            platform_id=rule.platform,
            is_repeatable=platform is None or platform.repeatable,
        )
        history = await self._history(work, platform.history_turns) if platform is not None else ()
        now_us = to_us(self._clock.now())
        attempt_id = await self._db.run(
            lambda tx: store.claim(tx, work, claimed, run_id=self._run_id, now_us=now_us)
        )
        if attempt_id is None:
            return
        self._faults.reach("delivery.claimed")
        announce(self._bus, [MessageStateChanged(work.message_id, MessageState.DELIVERING)])
        first_us = work.first_attempt_at_us if work.first_attempt_at_us is not None else now_us
        try:
            if platform is None:
                # Edited or not open yet: wait for it within the budget, whatever the reason says.
                raise PlatformTransient(
                    self._platforms.why_absent(rule.platform).code, platform=rule.platform
                )
            reply = await platform.call(_request(work, history), source=f"{work.instance_id}/{work.chat}")
        except PlatformError as error:
            await self._fail(work, attempt_id, rule.platform, error, first_attempt_at_us=first_us)
        else:
            await self._write_replies(work, attempt_id, rule, reply)

    async def _leave(self, work: store.Work, rule: RuleConfig | None, revision: int) -> None:
        now_us = to_us(self._clock.now())
        change = await self._db.run(
            lambda tx: store.end_without_platform(
                tx,
                work.message_id,
                to=MessageState.UNMATCHED if rule is None else MessageState.FILTERED,
                step=Step.UNMATCHED if rule is None else Step.IGNORED,
                reason=None if rule is None else "ignored_by_rule",
                rule_id=None if rule is None else rule.id,
                rule_revision=revision,
                now_us=now_us,
            )
        )
        if change is not None:
            announce(self._bus, [change])

    async def _history(self, work: store.Work, turns: int) -> tuple[Turn, ...]:
        if turns <= 0:
            return ()
        found: list[Turn] = []
        for past in await store.past_messages(self._db, work, limit=turns):
            found.append(Turn(Role.USER, past.content))
            found += [Turn(Role.ASSISTANT, text) for text in past.replies]
        return tuple(found[-turns:])

    async def _write_replies(
        self, work: store.Work, attempt_id: int, rule: RuleConfig, reply: PlatformReply
    ) -> None:
        self._faults.reach("delivery.platform_answered")
        now_us = to_us(self._clock.now())
        due_at_us = now_us + int((rule.delay_s + reply.delay_s) * _SECOND_US)
        mentions = rule.at_sender and work.chat_kind is ChatKind.GROUP
        texts = [
            NewReply(
                message_id=work.message_id,
                chat_id=work.chat_id,
                instance_id=work.instance_id,
                text=text,
                at_name=work.sender if mentions and place == 0 else None,
                due_at_us=due_at_us,
            )
            for place, text in enumerate(text for text in reply.texts if text.strip())
        ]
        changes = await self._trouble.written(
            _lane_name(work.chat_id), lambda tx: store.answered(tx, attempt_id, texts, now_us=now_us)
        )
        self._faults.reach("delivery.reply_written")
        self._worked(rule.platform or "")
        announce(self._bus, changes)

    async def _fail(
        self,
        work: store.Work,
        attempt_id: int,
        platform_id: str,
        error: PlatformError,
        *,
        first_attempt_at_us: int,
    ) -> None:
        now_us = to_us(self._clock.now())
        retry_at_us: int | None = None
        if isinstance(error, PlatformTransient):
            retry_at_us = next_attempt_at_us(
                self._settings(),
                attempts=work.attempts + 1,
                first_attempt_at_us=first_attempt_at_us,
                now_us=now_us,
                rng=self._rng,
                at_least_s=error.retry_after_s or 0.0,
            )
        outcome = _outcome_of(error)
        reason = store.PLATFORM_OUTCOME_UNKNOWN if outcome is AttemptOutcome.UNKNOWN else error.code
        changes = await self._trouble.written(
            _lane_name(work.chat_id),
            lambda tx: store.not_answered(
                tx, attempt_id, outcome=outcome, reason=reason, retry_at_us=retry_at_us, now_us=now_us
            ),
        )
        if retry_at_us is None:
            self._failed(platform_id, error)
        announce(self._bus, changes)

    def _failed(self, platform_id: str, error: PlatformError) -> None:
        """A message became a dead letter; the same cause is one episode until the platform answers."""
        self._worked(platform_id, unless=error.code)
        if platform_id not in self._failing:
            _log.warning("platform call failed for good: %s", error.code, extra={"platform_id": platform_id})
        self._failing[platform_id] = error.code
        params = {"platform": platform_id} | dict(error.facts)
        self._on_error(ErrorReport(PLATFORM_CALL, error.code, None, params))

    def _worked(self, platform_id: str, *, unless: str | None = None) -> None:
        code = self._failing.get(platform_id)
        if code is not None and code != unless:
            del self._failing[platform_id]
            if code not in self._failing.values():
                self._on_error(ErrorCleared(PLATFORM_CALL, code))


def _lane_name(chat_id: int) -> str:
    return f"{WORKER}:{chat_id}"


def _outcome_of(error: PlatformError) -> AttemptOutcome:
    if isinstance(error, PlatformTransient):
        return AttemptOutcome.TRANSIENT
    return AttemptOutcome.UNKNOWN if isinstance(error, PlatformOutcomeUnknown) else AttemptOutcome.PERMANENT


def _request(work: store.Work, history: tuple[Turn, ...]) -> PlatformRequest:
    return PlatformRequest(
        message_id=work.message_id,
        instance_id=work.instance_id,
        chat=work.chat,
        chat_kind=work.chat_kind,
        sender=work.sender,
        content=work.content,
        history=history,
    )

"""Commits one whole reply of a destructive read: identifies its rows, stores them, wakes who waits for them.

At most one transaction per reply. Makes no call and answers nothing. Called by the committer of the pollers.
"""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from wxauto_mgt.core.listening.row_filter import (
    CHAT_UNKNOWN,
    OWN,
    REPLAY,
    SUSPECTED_REPLAY,
    filter_reason,
    is_chat_unknown,
)
from wxauto_mgt.core.listening.store import ListenedChat, listener_of_chat
from wxauto_mgt.core.messages import store
from wxauto_mgt.core.messages.identity import (
    Fate,
    Placement,
    ReadRow,
    RowKey,
    align_main,
    fold_space,
    pair_window,
    row_key,
)
from wxauto_mgt.core.messages.model import MessagesStored, MessageState, Step, Verdict
from wxauto_mgt.core.wire import Channel, ChatKind, ChatRows, Origin, ReadBatch, WireRow
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us

_log = logging.getLogger(__name__)

_UNTIMED_READ: Final = timedelta(seconds=10)
"""How long a read is taken to have lasted when the batch does not say."""

_NEWS: Final = Placement(Fate.NEW)
_STEPS: Final = {MessageState.FILTERED: Step.FILTERED, MessageState.HELD: Step.HELD}
"""What the timeline says after `received`."""

_MEMBER_COUNT: Final = re.compile(r" \(\d+\)\Z")


@dataclass(frozen=True)
class IntakeResult:
    """What became of a reply.

    Attributes:
        stored: rows of all kinds; of them `others` were written by other people, replays left out.
        paired: rows that the other channel had brought already; not stored again.
        repeated: elements that stood in this reply twice; not stored again.
    """

    stored: int = 0
    others: int = 0
    own: int = 0
    replays: int = 0
    held: int = 0
    paired: int = 0
    repeated: int = 0
    unreadable: int = 0
    chat_ids: tuple[int, ...] = ()


class Intake:
    """The only writer of new messages.

    Args:
        run_id: this run of the console; counted figures are kept by it.
        answer_suspected_replays: asked for each reply.
    """

    def __init__(
        self,
        *,
        db: Database,
        run_id: str,
        bus: EventBus,
        faults: FaultPoints,
        answer_suspected_replays: Callable[[], bool],
    ) -> None:
        self._db = db
        self._run_id = run_id
        self._bus = bus
        self._faults = faults
        self._answer_suspected_replays = answer_suspected_replays
        self._window_read_at_us: dict[str, int] = {}

    async def commit(self, batch: ReadBatch) -> IntakeResult:
        """Store a reply; returns after the commit. Nothing of it is stored when this raises.

        Raises:
            StorageError, StorageOverloaded: not stored; the batch must be kept and tried again.
        """
        if batch.is_empty:
            return IntakeResult()
        writing = _Writing(
            batch=batch,
            run_id=self._run_id,
            answers_suspects=self._answer_suspected_replays(),
            window_read_at_us=self._window_read_at_us.get(batch.instance_id),
        )
        self._faults.reach("intake.before_commit")
        result = await self._db.run(writing.run)
        self._faults.reach("intake.committed")
        if batch.channel is Channel.WINDOW:
            self._window_read_at_us[batch.instance_id] = to_us(batch.received_at)
        if result.stored or result.paired:
            _log.info(
                "rows stored: %d, seen again: %d, held: %d",
                result.stored,
                result.paired,
                result.held,
                extra={"instance_id": batch.instance_id},
            )
            self._bus.publish(
                MessagesStored(batch.instance_id, result.chat_ids, result.stored, own_rows=result.own > 0)
            )
        return result


@dataclass
class _Tally:
    stored: int = 0
    others: int = 0
    own: int = 0
    replays: int = 0
    held: int = 0
    paired: int = 0
    repeated: int = 0
    chat_ids: list[int] = field(default_factory=list)

    def count(self, message: store.NewMessage) -> None:
        """Count a row that is stored."""
        origin, is_replay = message.row.origin, message.verdict is Verdict.REPLAY
        self.stored += 1
        self.others += origin is Origin.OTHER and not is_replay
        self.own += origin is Origin.OWN
        self.replays += is_replay
        self.held += message.state is MessageState.HELD


class _Writing:
    """One reply on its way into the tables; runs on the writer's thread."""

    def __init__(
        self, *, batch: ReadBatch, run_id: str, answers_suspects: bool, window_read_at_us: int | None
    ) -> None:
        self._batch = batch
        self._run_id = run_id
        self._answers_suspects = answers_suspects
        self._window_read_at_us = window_read_at_us
        self._received_at_us = to_us(batch.received_at)
        self._requested_at_us = to_us(batch.requested_at or batch.received_at - _UNTIMED_READ)

    def run(self, tx: sqlite3.Connection) -> IntakeResult:
        """The whole job. May run again after a failed commit, so it keeps no count on the object."""
        tally = _Tally()
        for chat in self._batch.chats:
            self._store_chat(tx, chat, tally)
        if self._batch.unreadable is not None:
            store.insert_unreadable(
                tx,
                instance_id=self._batch.instance_id,
                channel=self._batch.channel,
                run_id=self._run_id,
                received_at_us=self._received_at_us,
                reason=self._batch.unreadable_reason or "instance_answer_unreadable",
                body=self._batch.unreadable,
            )
        return IntakeResult(
            stored=tally.stored,
            others=tally.others,
            own=tally.own,
            replays=tally.replays,
            held=tally.held,
            paired=tally.paired,
            repeated=tally.repeated,
            unreadable=int(self._batch.unreadable is not None),
            chat_ids=tuple(tally.chat_ids),
        )

    def _store_chat(self, tx: sqlite3.Connection, chat: ChatRows, tally: _Tally) -> None:
        listener = listener_of_chat(tx, self._batch.instance_id, chat.name)
        name = listener.who if listener is not None else chat.name
        record = store.chat_named(tx, self._batch.instance_id, name)
        rows = _without_repeated_elements(chat.rows)
        tally.repeated += len(chat.rows) - len(rows)
        people = [row for row in rows if not row.origin.is_noise]
        placements = iter(self._place(tx, record.id, people, listener))
        placed = [(row, _NEWS if row.origin.is_noise else next(placements)) for row in rows]
        self._store_rows(tx, record.id, name, placed, tally)
        titles = {name, chat.name, (listener.title if listener else None) or chat.name}
        if record.kind is ChatKind.UNKNOWN and self._is_title_known(listener) and _is_group(people, titles):
            store.set_chat_kind(tx, record.id, ChatKind.GROUP)
        tally.chat_ids.append(record.id)

    def _is_title_known(self, listener: ListenedChat | None) -> bool:
        """A listened window's rows come under the name that was asked for, which may be no title at all."""
        return self._batch.channel is Channel.MAIN or (listener is not None and listener.title is not None)

    def _place(
        self, tx: sqlite3.Connection, chat_id: int, rows: Sequence[WireRow], listener: ListenedChat | None
    ) -> tuple[Placement, ...]:
        if not rows:
            return ()
        tail = store.tail_of(tx, chat_id)
        read = [ReadRow(_key(row), row.upstream_id) for row in rows]
        added_at_us = listener.added_at_us if listener is not None else None
        if self._batch.channel is Channel.MAIN:
            return align_main(
                tail,
                read,
                requested_at_us=self._requested_at_us,
                received_at_us=self._received_at_us,
                window_added_at_us=added_at_us,
                is_damaged=self._batch.unreadable is not None,
            )
        return pair_window(
            tail,
            read,
            previous_read_at_us=self._window_read_at_us,
            window_added_at_us=added_at_us,
        )

    def _store_rows(
        self,
        tx: sqlite3.Connection,
        chat_id: int,
        chat_name: str,
        placed: Sequence[tuple[WireRow, Placement]],
        tally: _Tally,
    ) -> None:
        """Store all rows of one chat, in as few statements as can be."""
        lines: list[tuple[int, Step, Mapping[str, Fact]]] = []
        channel = {"channel": self._batch.channel.value}
        new: list[store.NewMessage] = []
        for row, placement in placed:
            if placement.fate is Fate.PAIRED and placement.twin_id is not None:
                store.mark_paired(tx, placement.twin_id)
                lines.append((placement.twin_id, Step.SEEN_AGAIN, channel))
                tally.paired += 1
                continue
            message = self._new_message(chat_id, chat_name, row, placement)
            if message.verdict is Verdict.NEW and placement.twin_id is not None:
                store.give_way(tx, placement.twin_id, REPLAY)
                lines.append((placement.twin_id, Step.SEEN_AGAIN, channel))
            new.append(message)
            tally.count(message)
        for message_id, message in zip(store.insert_messages(tx, new), new, strict=True):
            lines.append((message_id, Step.RECEIVED, channel))
            step = _STEPS.get(message.state)
            if step is not None:
                lines.append((message_id, step, {"reason": message.reason}))
        store.note_all(tx, self._received_at_us, lines)

    def _new_message(
        self, chat_id: int, chat_name: str, row: WireRow, placement: Placement
    ) -> store.NewMessage:
        verdict = Verdict(placement.fate.value)
        state, reason = self._state_of(row, chat_name, verdict)
        return store.NewMessage(
            chat_id=chat_id,
            instance_id=self._batch.instance_id,
            run_id=self._run_id,
            channel=self._batch.channel,
            row=row,
            received_at_us=self._received_at_us,
            verdict=verdict,
            state=state,
            reason=reason,
            before_id=placement.before_id,
            awaits_echo_match=row.origin is Origin.OWN and verdict is Verdict.NEW,
        )

    def _state_of(self, row: WireRow, chat_name: str, verdict: Verdict) -> tuple[MessageState, str | None]:
        if row.origin is Origin.OWN:
            return MessageState.FILTERED, OWN
        reason = filter_reason(row)
        if reason is None and verdict is Verdict.REPLAY:
            reason = REPLAY
        if reason is not None:
            return MessageState.FILTERED, reason
        if is_chat_unknown(self._batch.channel, chat_name):
            return MessageState.HELD, CHAT_UNKNOWN
        if verdict is Verdict.SUSPECT and not self._answers_suspects:
            return MessageState.HELD, SUSPECTED_REPLAY
        return MessageState.QUEUED, None


def _key(row: WireRow) -> RowKey:
    return row_key(origin=row.origin, sender=row.sender, kind=row.kind, content=row.content)


def _without_repeated_elements(rows: Sequence[WireRow]) -> list[WireRow]:
    """Drop what stands in one reply twice: the same id with the same content is the same element."""
    seen: set[tuple[str, Origin, RowKey]] = set()
    kept: list[WireRow] = []
    for row in rows:
        element = (row.upstream_id, row.origin, _key(row))
        if row.upstream_id and element in seen:
            continue
        seen.add(element)
        kept.append(row)
    return kept


def _is_group(rows: Sequence[WireRow], titles: set[str]) -> bool:
    """Whether somebody writes here who is not called like the chat; only a group has such people."""
    known = {_bare(title) for title in titles}
    return any(
        row.origin is Origin.OTHER
        and _bare(row.sender) not in known
        and _bare(row.sender_remark or row.sender) not in known
        for row in rows
    )


def _bare(name: str) -> str:
    return _MEMBER_COUNT.sub("", fold_space(name))

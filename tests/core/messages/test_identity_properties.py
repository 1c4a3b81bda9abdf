"""Identity against a model of the two windows: replays, repeats, redraws, restarts, lost replies."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from wxauto_mgt.core.messages.identity import (
    DEFAULT_LIMITS,
    TAIL_ROWS,
    Fate,
    Placement,
    ReadRow,
    RowKey,
    TailRow,
    align_main,
    in_chat_order,
    pair_window,
    row_key,
)
from wxauto_mgt.core.wire import Channel, Origin

SECOND_US = 1_000_000
SENDERS = ("张三", "李四")


@dataclass
class TrueRow:
    """A row of the chat as it really is; `main_id` and `window_id` change with each redraw."""

    number: int
    key: RowKey
    main_id: str
    window_id: str


@dataclass
class Stored:
    """A row of our table."""

    id: int
    key: RowKey
    channel: Channel
    fate: Fate
    upstream_id: str
    received_at_us: int
    is_paired: bool = False
    is_settled_reply: bool = False
    before_id: int | None = None


@dataclass
class Chat:
    """The chat, what each window has shown of it, and what we stored."""

    rows: list[TrueRow] = field(default_factory=list)
    main_seen: int = 0
    window_seen: int | None = None
    window_added_at_us: int | None = None
    stored: list[Stored] = field(default_factory=list)
    accepted: list[tuple[int, RowKey]] = field(default_factory=list)  # after row id, key of the own row
    read_numbers: set[int] = field(default_factory=set)


class TwoWindows(RuleBasedStateMachine):
    """One chat seen through two windows.

    The model keeps to what the docstring of `identity` promises: a replay starts at a row that was read
    before and runs over no more missed rows than read ones; a window that dies is noticed; an accepted reply
    goes out.
    """

    def __init__(self) -> None:
        super().__init__()
        self.chat = Chat()
        self.now_us = 1_000 * SECOND_US
        self.next_element = 100
        self.unique = 0
        self.had_replay = False
        self.had_repeat = False
        self.next_row_id = 1
        self.window_start = 0
        self.never_in_window: set[int] = set()
        self.window_read_at_us: int | None = None
        self.lost: Counter[RowKey] = Counter()

    # --- what happens in the chat

    def _element(self) -> str:
        self.next_element += 1
        return str(self.next_element)

    def _append(self, key: RowKey) -> TrueRow:
        row = TrueRow(len(self.chat.rows), key, self._element(), self._element())
        self.chat.rows.append(row)
        return row

    @rule(text=st.sampled_from(["在吗", "1"]), sender=st.sampled_from(SENDERS))
    def someone_repeats_a_common_text(self, text: str, sender: str) -> None:
        self.had_repeat = True
        self._append(row_key(origin=Origin.OTHER, sender=sender, kind="text", content=text))

    @rule(sender=st.sampled_from(SENDERS))
    def someone_writes_a_new_text(self, sender: str) -> None:
        self.unique += 1
        self._append(row_key(origin=Origin.OTHER, sender=sender, kind="text", content=f"text {self.unique}"))

    @rule(is_common=st.booleans(), is_seen=st.booleans())
    def we_reply(self, is_common: bool, is_seen: bool) -> None:
        """The server accepts our reply; the main window may or may not report the own row."""
        self.unique += 1
        self.had_repeat = self.had_repeat or is_common
        key = row_key(
            origin=Origin.OWN, sender="self", kind="text", content="好的" if is_common else f"r {self.unique}"
        )
        row = self._append(key)
        last = self.chat.stored[-1].id if self.chat.stored else 0
        self.chat.accepted.append((last, key))
        if not is_seen and self.chat.main_seen == row.number:
            self.chat.main_seen = row.number + 1

    @rule(seconds=st.sampled_from([1, 30, 200]))
    def time_passes(self, seconds: int) -> None:
        self.now_us += seconds * SECOND_US
        if seconds * SECOND_US > DEFAULT_LIMITS.pairing_window_us:
            self.had_replay = True  # what main reports only now comes too late to be paired

    @rule()
    def windows_are_redrawn(self) -> None:
        for row in self.chat.rows:
            row.main_id, row.window_id = self._element(), self._element()

    @precondition(lambda self: self.chat.window_seen is None)
    @rule()
    def a_listener_is_added(self) -> None:
        """What the window shows at that moment is never delivered, and its badge is cleared."""
        self.now_us += SECOND_US
        self.chat.window_seen = self.chat.main_seen = self.window_start = len(self.chat.rows)
        self.chat.window_added_at_us = self.now_us

    @precondition(lambda self: self.chat.window_seen is not None)
    @rule()
    def upstream_restarts(self) -> None:
        """From now on the main window may repeat what the listened one reported: no pairing, a replay."""
        self.had_replay = True
        if self.chat.window_seen is not None:
            self.window_read_is_lost()
        self.chat.window_seen = self.chat.window_added_at_us = None
        self.window_start = 0
        self.windows_are_redrawn()

    @precondition(lambda self: self.chat.main_seen < len(self.chat.rows))
    @rule()
    def main_read_is_lost(self) -> None:
        self.chat.main_seen = len(self.chat.rows)

    @precondition(lambda self: (self.chat.window_seen or 0) < len(self.chat.rows))
    @rule()
    def window_read_is_lost(self) -> None:
        """A main row can have been taken for an older one of its key; its window row is what is lost."""
        if self.chat.window_seen is not None:
            for row in self.chat.rows[self.chat.window_seen :]:
                self.never_in_window.add(row.number)
                self.lost[row.key] += row.number in self.chat.read_numbers
            self.chat.window_seen = len(self.chat.rows)

    # --- the reads

    @precondition(lambda self: self.chat.main_seen < len(self.chat.rows))
    @rule(is_overtaken=st.booleans())
    def main_is_read(self, is_overtaken: bool) -> None:
        self._read_main(self.chat.main_seen, is_overtaken=is_overtaken)

    @precondition(lambda self: len(self.chat.rows) > 0)
    @rule(back=st.integers(1, 8), is_overtaken=st.booleans())
    def main_replays(self, back: int, is_overtaken: bool) -> None:
        start = max(0, min(self.chat.main_seen, len(self.chat.rows) - 1) - back)
        while start < len(self.chat.rows) and start not in self.chat.read_numbers:
            start += 1
        known = range(start, len(self.chat.rows))
        last_read = max((n for n in known if n in self.chat.read_numbers), default=start - 1)
        missed = [n for n in range(start, last_read + 1) if n not in self.chat.read_numbers]
        unseen = len(missed) + self.lost.total()
        if last_read < start or 2 * unseen > last_read + 1 - start:
            return
        self.had_replay = self.had_replay or start < self.chat.main_seen
        self._read_main(start, is_overtaken=is_overtaken)

    def _read_main(self, start: int, *, is_overtaken: bool) -> None:
        requested_at_us = self.now_us
        rows = [replace(row) for row in self.chat.rows[start:]]
        self.chat.main_seen = len(self.chat.rows)
        self.now_us += SECOND_US
        if is_overtaken:
            self.window_is_read()
        placements = align_main(
            self._tail(),
            [ReadRow(row.key, row.main_id) for row in rows],
            requested_at_us=requested_at_us,
            received_at_us=self.now_us,
            window_added_at_us=self.chat.window_added_at_us,
        )
        self._store(Channel.MAIN, rows, placements)

    @rule()
    def console_restarts(self) -> None:
        self.window_read_at_us = None

    @rule()
    def window_is_read(self) -> None:
        if self.chat.window_seen is None:
            return
        self.now_us += SECOND_US
        rows = self.chat.rows[self.chat.window_seen :]
        self.chat.window_seen = len(self.chat.rows)
        placements = pair_window(
            self._tail(),
            [ReadRow(row.key, row.window_id) for row in rows],
            previous_read_at_us=self.window_read_at_us,
            window_added_at_us=self.chat.window_added_at_us,
        )
        self.window_read_at_us = self.now_us
        self._store(Channel.WINDOW, rows, placements)

    # --- our side, as intake does it

    def _tail(self) -> list[TailRow]:
        kept = [row for row in self.chat.stored if row.fate is not Fate.REPLAY][-TAIL_ROWS:]
        tail = [
            TailRow(
                row.id,
                row.key,
                row.channel,
                row.upstream_id,
                row.received_at_us,
                is_paired=row.is_paired,
                is_suspect=row.fate is Fate.SUSPECT,
                is_settled_reply=row.is_settled_reply,
                before_id=row.before_id,
            )
            for row in kept
        ]
        tail = in_chat_order(tail)
        for after, key in self.chat.accepted:
            place = next(
                (n for n, row in enumerate(tail) if row.id is not None and row.id > after), len(tail)
            )
            tail.insert(place, TailRow(None, key, Channel.MAIN, "", 0))
        return tail

    def _store(self, channel: Channel, rows: list[TrueRow], placements: tuple[Placement, ...]) -> None:
        assert len(rows) == len(placements)
        for row, placement in zip(rows, placements, strict=True):
            shown_at_add = row.number < self.window_start
            if row.number not in self.chat.read_numbers and (
                shown_at_add or row.number in self.never_in_window
            ):
                self.lost[row.key] += 1
            self.chat.read_numbers.add(row.number)
            if placement.fate is Fate.PAIRED:
                self._pair(channel, row, placement)
                continue
            if placement.fate is Fate.NEW and placement.twin_id is not None:
                self._stored(placement.twin_id).fate = Fate.REPLAY
            stored = Stored(
                self.next_row_id,
                row.key,
                channel,
                placement.fate,
                row.main_id if channel is Channel.MAIN else row.window_id,
                self.now_us,
                before_id=placement.before_id,
            )
            self.next_row_id += 1
            self.chat.stored.append(stored)
            self._settle(stored)

    def _pair(self, channel: Channel, row: TrueRow, placement: Placement) -> None:
        twin = self._stored(placement.twin_id)
        assert twin.key == row.key
        assert twin.channel is not channel
        assert not twin.is_paired
        assert twin.fate is Fate.NEW
        twin.is_paired = True

    def _stored(self, row_id: int | None) -> Stored:
        return next(stored for stored in self.chat.stored if stored.id == row_id)

    def _settle(self, stored: Stored) -> None:
        if not stored.key.is_own or stored.fate is not Fate.NEW:
            return
        for reply in self.chat.accepted:
            if reply[1] == stored.key and reply[0] < stored.id:
                self.chat.accepted.remove(reply)
                stored.is_settled_reply = True
                return

    # --- what must hold

    def _true_rows(self) -> Counter[RowKey]:
        return Counter(self.chat.rows[number].key for number in self.chat.read_numbers)

    @invariant()
    def every_row_that_was_read_has_a_stored_row_of_its_own(self) -> None:
        """Save what the listened window still owes, and limit 3.

        A row counts as lost that a listened window showed when added and the main window reported later, and
        one that the main window reported and whose window row was lost.
        """
        stored = Counter(row.key for row in self.chat.stored)
        owed: Counter[RowKey] = Counter()
        if self.chat.window_seen is not None:
            unread = self.chat.rows[self.chat.window_seen :]
            owed.update(row.key for row in unread if row.number in self.chat.read_numbers)
        for key, count in self._true_rows().items():
            assert stored[key] + owed[key] + self.lost[key] >= count, key

    @invariant()
    def no_row_can_be_answered_twice(self) -> None:
        answerable = Counter(
            row.key for row in self.chat.stored if row.fate is Fate.NEW and not row.key.is_own
        )
        true_rows = self._true_rows()
        for key, count in answerable.items():
            assert count <= true_rows[key], key

    @invariant()
    def distinct_texts_without_replays_are_never_held(self) -> None:
        if not self.had_replay and not self.had_repeat:
            assert all(row.fate is Fate.NEW for row in self.chat.stored)


TwoWindows.TestCase.settings = settings(
    deadline=None, derandomize=True, max_examples=300, stateful_step_count=30
)
TestTwoWindows = TwoWindows.TestCase

"""Which listeners there are, what is done about them, and that nothing runs in circles."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from wxauto_mgt.core.listening.listener_entry import Leaving, Listener, Standing, is_title_of
from wxauto_mgt.core.listening.listener_set import ListenerSet
from wxauto_mgt.core.listening.model import ListenerKind

FIXED = ListenerKind.FIXED


def make(limit: int = 3, idle_s: float = 1800.0) -> ListenerSet:
    return ListenerSet(
        limit=lambda: limit, idle_limit_s=lambda: idle_s, retry_base_s=30.0, retry_cap_s=1800.0
    )


def names(entries: tuple[Listener, ...]) -> list[str]:
    return [entry.who for entry in entries]


@pytest.mark.parametrize(
    ("chat", "title", "same"),
    [
        ("张三", "张三", True),
        ("产品群", "产品群 (12)", True),
        ("张三", "张三丰", False),
        ("产品群", "产品群(12)", False),
        ("产品群", "产品群 (12) 二", False),
        ("产品群 (12)", "产品群 (12)", True),
    ],
)
def test_a_title_belongs_to_the_chat_that_the_main_window_calls_so(chat: str, title: str, same: bool) -> None:
    assert is_title_of(chat, title) is same


def test_pauses_between_tries_grow_up_to_a_cap() -> None:
    listeners = make()
    listeners.sync({"老板": FIXED}, 0.0)
    now_s, pauses = 0.0, []
    for _ in range(9):
        assert names(listeners.to_add(now_s)) == ["老板"]
        listeners.failed("老板", "no_window", now_s)
        pauses.append(listeners.next_due_s() - now_s)
        assert listeners.to_add(listeners.next_due_s() - 0.1) == ()
        now_s = listeners.next_due_s()
    assert pauses == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]
    listeners.proved("老板", "老板", now_s)
    assert listeners.next_due_s() == float("inf")


def test_a_window_that_keeps_vanishing_is_not_reopened_in_a_circle() -> None:
    listeners = make()
    listeners.sync({"老板": FIXED}, 0.0)
    now_s, pauses = 0.0, []
    for _ in range(5):
        listeners.proved("老板", "老板", now_s)
        now_s += 10.0
        listeners.missing("老板", "window_closed", now_s)
        pauses.append(listeners.next_due_s() - now_s)
        now_s = listeners.next_due_s()
    assert pauses == [0, 30, 60, 120, 240]
    listeners.proved("老板", "老板", now_s)
    now_s += 400.0
    listeners.missing("老板", "window_closed", now_s)  # it lasted: this one is reopened at once
    assert names(listeners.to_add(now_s)) == ["老板"]


def test_a_proof_lasts_five_minutes_and_until_a_restart() -> None:
    listeners = make()
    entry = listeners.seen("甲", 0.0)
    assert entry is not None
    assert not entry.is_active(0.0)
    listeners.proved("甲", "甲", 0.0)
    assert entry.is_active(299.0)
    assert not entry.is_active(300.0)
    listeners.rows("甲", 300.0)
    assert entry.is_active(599.0)
    listeners.forget_proofs(400.0)
    assert not entry.is_active(400.0)
    assert names(listeners.to_check(400.0)) == ["甲"]


def test_an_expiring_listener_stays_when_its_chat_speaks() -> None:
    listeners = make(idle_s=60.0)
    listeners.seen("甲", 0.0)
    listeners.expire(60.0)
    assert names(listeners.leaving()) == ["甲"]
    listeners.seen("甲", 61.0)
    assert listeners.leaving() == ()
    listeners.dismiss("甲")
    listeners.seen("甲", 62.0)
    assert names(listeners.leaving()) == ["甲"]


def test_fixed_and_manual_ones_make_room_for_themselves() -> None:
    listeners = make(limit=2)
    listeners.seen("甲", 0.0)
    listeners.seen("乙", 1.0)
    listeners.sync({"老板": FIXED}, 2.0)
    assert [(entry.who, entry.leaving) for entry in listeners.leaving()] == [("甲", Leaving.EVICTED)]
    listeners.sync({"老板": FIXED, "老板娘": FIXED}, 3.0)
    assert listeners.seen("丙", 4.0) is None
    listeners.sync({"甲": FIXED, "老板": FIXED}, 5.0)
    assert names(listeners.leaving()) == ["乙", "老板娘"]


def test_a_stranger_behind_the_name_is_noticed() -> None:
    listeners = make()
    listeners.sync({"张三": FIXED}, 0.0)
    listeners.proved("张三", "张三丰", 0.0)
    listeners.seen("张三丰", 1.0)  # the listened one also shows in the main window: nothing wrong with that
    assert listeners.wrong() == ()
    listeners.seen("张三", 2.0)
    assert names(listeners.wrong()) == ["张三"]
    listeners.rows("张三", 3.0)  # rows of the stranger prove nothing
    assert names(listeners.wrong()) == ["张三"]
    listeners.wrong_closed("张三", 4.0)
    assert (listeners.wrong(), listeners.next_due_s()) == ((), 34.0)


CHATS = st.sampled_from([f"聊天{n}" for n in range(8)])


class ListenerSetMachine(RuleBasedStateMachine):
    """Plays the keeper over a set, with a desktop that opens and closes windows as it likes."""

    LIMIT = 4

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.listeners = make(limit=self.LIMIT, idle_s=600.0)
        self.permanent: dict[str, ListenerKind] = {}
        self.windows: set[str] = set()
        self.failed_until: dict[str, float] = {}

    @rule(delay=st.floats(0.0, 400.0))
    def time_passes(self, delay: float) -> None:
        self.now_s += delay

    @rule(chat=CHATS)
    def the_main_window_shows(self, chat: str) -> None:
        before = {entry.who: entry for entry in self.listeners.all() if entry.leaving is None}
        self.listeners.seen(chat, self.now_s)
        evicted = [e for e in self.listeners.leaving() if e.leaving is Leaving.EVICTED and e.who in before]
        for entry in evicted:
            stay = [e for e in self.listeners.all() if e.leaving is None and e.who in before]
            older = [e for e in stay if not e.kind.is_permanent and e.last_active_s < entry.last_active_s]
            assert older == []

    @rule(chat=CHATS)
    def rows_come(self, chat: str) -> None:
        if chat in self.windows:
            self.listeners.rows(chat, self.now_s)

    @rule(wanted=st.dictionaries(CHATS, st.sampled_from([FIXED, ListenerKind.MANUAL]), max_size=LIMIT))
    def the_configuration_changes(self, wanted: dict[str, ListenerKind]) -> None:
        self.permanent = wanted
        self.listeners.sync(wanted, self.now_s)

    @rule()
    def the_server_restarts(self) -> None:
        self.windows.clear()
        self.failed_until.clear()
        self.listeners.forget_proofs(self.now_s)

    @precondition(lambda self: self.windows)
    @rule(data=st.data())
    def somebody_closes_a_window(self, data: st.DataObject) -> None:
        self.windows.discard(data.draw(st.sampled_from(sorted(self.windows))))

    @rule(opens=st.booleans())
    def the_keeper_looks(self, opens: bool) -> None:
        self.listeners.expire(self.now_s)
        for entry in self.listeners.leaving():
            assert not (entry.kind.is_permanent and entry.who in self.permanent)
            self.windows.discard(entry.who)
            self.failed_until.pop(entry.who, None)
            self.listeners.removed(entry.who)
        for entry in self.listeners.all():
            if entry.standing is Standing.LISTENED:
                if entry.who in self.windows:
                    self.listeners.proved(entry.who, entry.who, self.now_s)
                else:
                    self.listeners.missing(entry.who, "window_closed", self.now_s)
        for entry in self.listeners.to_check(self.now_s):
            if entry.who in self.windows:
                self.listeners.proved(entry.who, entry.who, self.now_s)
            else:
                self.listeners.missing(entry.who, "not_listened", self.now_s)
        for entry in self.listeners.to_add(self.now_s):
            assert self.failed_until.get(entry.who, 0.0) <= self.now_s
            if opens:
                self.windows.add(entry.who)
                assert len(self.windows) <= self.LIMIT
                self.listeners.proved(entry.who, entry.who, self.now_s)
            else:
                self.listeners.failed(entry.who, "no_window", self.now_s)
                self.failed_until[entry.who] = self.now_s + 30.0
        assert self.listeners.to_add(self.now_s) == ()
        assert self.listeners.to_check(self.now_s) == ()
        assert self.listeners.next_due_s() > self.now_s

    @invariant()
    def no_more_stay_than_there_is_room_for(self) -> None:
        assert sum(entry.leaving is None for entry in self.listeners.all()) <= self.LIMIT

    @invariant()
    def permanent_ones_are_there_and_stay(self) -> None:
        for who, kind in self.permanent.items():
            entry = self.listeners.get(who)
            assert entry is not None
            assert (entry.kind, entry.leaving) == (kind, None)

    @invariant()
    def active_means_proved_lately(self) -> None:
        for entry in self.listeners.all():
            if entry.is_active(self.now_s):
                assert self.now_s - entry.proved_s < 300.0


TestListenerSetMachine = ListenerSetMachine.TestCase
TestListenerSetMachine.settings = settings(max_examples=60, stateful_step_count=30)

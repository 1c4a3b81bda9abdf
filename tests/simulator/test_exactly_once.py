"""Without faults, a listened chat's rows come through its window exactly once, in order."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.simulator.conftest import HandClock
from wxauto_mgt.simulator import SimulatorConfig, World

CHATS = ("张三", "李四", "测试群")
TEXTS = ("在吗", "你好", "价格")


class WindowsDeliverOnce(RuleBasedStateMachine):
    """People write, the console sends and reads in any order; a plain list says what must come."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock()
        self.world = World(
            SimulatorConfig(echo_delay_s=0.5, arrival_delay_s=0.2, time_row_gap_s=0), monotonic=self.clock
        )
        self.world.initialize()
        self.written: dict[str, list[tuple[str, str]]] = {chat: [] for chat in CHATS}
        self.main_wrote: dict[str, list[str]] = {chat: [] for chat in CHATS}
        self.from_windows: dict[str, list[tuple[str, str]]] = {chat: [] for chat in CHATS}
        self.from_main: dict[str, list[str]] = {chat: [] for chat in CHATS}
        for chat in CHATS:
            self.world.add_chat(chat)
            self.world.listen_add(chat)

    @rule(chat=st.sampled_from(CHATS), text=st.sampled_from(TEXTS))
    def somebody_writes(self, chat: str, text: str) -> None:
        self.world.receive(chat, "王五", text)
        self.written[chat].append(("王五", text))
        self.main_wrote[chat].append(text)

    @rule(chat=st.sampled_from(CHATS), text=st.sampled_from(TEXTS), through_main=st.booleans())
    def the_console_sends(self, chat: str, text: str, through_main: bool) -> None:
        if through_main:
            self.world.send_main(chat, [text], (), "main")
        else:
            assert self.world.send_window(chat, [text], (), "window")
        self.written[chat].append(("self", text))

    @rule(seconds=st.sampled_from((0.1, 0.3, 1.0)))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def the_windows_are_read(self) -> None:
        self._read_windows()

    @rule()
    def the_main_window_is_read(self) -> None:
        self._read_main()

    @rule(chat=st.sampled_from(CHATS))
    def rows_are_redrawn(self, chat: str) -> None:
        self.world.redraw(chat)

    @rule(chat=st.sampled_from(CHATS))
    def the_chat_is_added_again(self, chat: str) -> None:
        self.world.listen_add(chat)

    @invariant()
    def what_came_so_far_is_a_beginning(self) -> None:
        for chat in CHATS:
            came = self.from_windows[chat]
            assert came == self.written[chat][: len(came)]

    def teardown(self) -> None:
        self.clock.advance(10)
        while self._read_windows():
            pass
        while self._read_main():
            pass
        assert self.from_windows == self.written
        for chat in CHATS:
            for text in TEXTS:
                assert self.from_main[chat].count(text) >= self.main_wrote[chat].count(text)

    def _read_windows(self) -> bool:
        batch = self.world.listen_get()
        if batch is not None:
            name, rows = batch
            self.from_windows[name] += [(str(row["sender"]), str(row["content"])) for row in rows]
        return batch is not None

    def _read_main(self) -> bool:
        batch = self.world.next_new()
        if batch is not None:
            name, rows = batch
            self.from_main[name] += [str(row["content"]) for row in rows if row["sender"] != "self"]
        return batch is not None


TestWindowsDeliverOnce = WindowsDeliverOnce.TestCase


class MainDeliversOnce(RuleBasedStateMachine):
    """Unheard chats with texts of their own: the main window delivers each exactly once, too."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(SimulatorConfig(), monotonic=HandClock())
        self.world.initialize()
        self.count = 0
        self.written: dict[str, list[str]] = {}
        self.came: dict[str, list[str]] = {}

    @rule(chat=st.sampled_from(CHATS))
    def somebody_writes(self, chat: str) -> None:
        self.count += 1
        self.world.receive(chat, "王五", f"第{self.count}条")
        self.written.setdefault(chat, []).append(f"第{self.count}条")

    @rule(chat=st.sampled_from(CHATS))
    def the_window_is_switched(self, chat: str) -> None:
        self.world.open_chat(chat)

    @rule()
    def the_main_window_is_read(self) -> None:
        self._read()

    def teardown(self) -> None:
        while self._read():
            pass
        assert self.came == self.written

    def _read(self) -> bool:
        batch = self.world.next_new()
        if batch is not None:
            texts = [str(row["content"]) for row in batch[1] if row["type"] == "text"]
            self.came.setdefault(batch[0], []).extend(texts)
        return batch is not None


TestMainDeliversOnce = MainDeliversOnce.TestCase

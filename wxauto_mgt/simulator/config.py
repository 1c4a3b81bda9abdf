"""What a simulated server is set to; owns no behaviour. Read by every part of the simulator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Family(StrEnum):
    """Which generation of message objects the server sends."""

    V39 = "39"
    """`type` is the content kind, origin is told by `sender` in lower case."""
    V3_9 = "3.9"
    """`type` is the origin, special senders are capitalised, media content is a path."""


class Library(StrEnum):
    """Which automation library the server claims to run on."""

    WXAUTO = "wxauto"
    WXAUTOX = "wxautox"


class WindowShape(StrEnum):
    """What the library keeps per listened window; most window routes break on a tuple."""

    TUPLE = "tuple"
    CHAT = "chat"


@dataclass(frozen=True, kw_only=True)
class SimulatorConfig:
    """Settings of one simulated server. Durations are 0 by default, so that tests are quick.

    Attributes:
        rate_limit_per_minute: per route and client address in a fixed window; 0 switches it off.
        latency_s: every call; `ui_latency_s` comes on top for calls that move the desktop.
        initialize_s, resources_s: extra length of those two calls (1 s each in reality).
        echo_delay_s: from a send to the own row in a listened window.
        arrival_delay_s: from an incoming message to its row in a listened window.
        queue_timeout_s: when `message/send` and `send-file` give up waiting; the task still runs.
        window_shape: None means tuple for wxauto and chat for wxautox.
        replays: a repeated last text makes the main window deliver older rows again.
        main_sees_listened: chats with an own window still get badges in the main window.
        main_loses_focused: a chat shown in the main window gets no badge, and opening one clears its
            badge, so that rows nobody fetched are lost to the main channel.
        empty_window_deaf: a window without any row when added never delivers (39.1.8).
        visible_rows: how many rows of history a window shows.
        divider_from: unread count from which the main window shows the "new messages" row.
        time_row_gap_s: a pause after which WeChat puts a time row before the next one; 0 switches it off.
        wall_start: wall time at construction; the simulator never asks the machine's clock for it.
    """

    seed: int = 1
    api_key: str = "test-key-2"
    account: str = "测试账号"
    family: Family = Family.V39
    library: Library = Library.WXAUTO
    window_shape: WindowShape | None = None
    rate_limit_per_minute: int = 0
    latency_s: float = 0.0
    ui_latency_s: float = 0.0
    initialize_s: float = 0.0
    resources_s: float = 0.0
    echo_delay_s: float = 0.05
    arrival_delay_s: float = 0.0
    queue_timeout_s: float = 30.0
    replays: bool = True
    main_sees_listened: bool = True
    main_loses_focused: bool = False
    empty_window_deaf: bool = False
    visible_rows: int = 40
    divider_from: int = 10
    time_row_gap_s: float = 300.0
    wall_start: datetime = datetime(2026, 11, 22, 9, 0, 0)  # noqa: DTZ001 - what WeChat prints has no zone

    @property
    def shape(self) -> WindowShape:
        """The shape in force."""
        if self.window_shape is not None:
            return self.window_shape
        return WindowShape.CHAT if self.library is Library.WXAUTOX else WindowShape.TUPLE


def lifelike(*, seed: int = 1, api_key: str = "test-key-2", account: str = "测试账号") -> SimulatorConfig:
    """Settings with the pace and the limits of a real server, for demonstrations."""
    return SimulatorConfig(
        seed=seed,
        api_key=api_key,
        account=account,
        rate_limit_per_minute=100,
        latency_s=0.01,
        ui_latency_s=0.15,
        initialize_s=1.0,
        resources_s=1.0,
        echo_delay_s=0.8,
        arrival_delay_s=0.5,
    )

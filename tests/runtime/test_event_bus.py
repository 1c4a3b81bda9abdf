from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from wxauto_mgt.errors import BugError
from wxauto_mgt.runtime.event_bus import EventBus


@dataclass(frozen=True)
class Rang:
    number: int


@dataclass(frozen=True)
class RangTwice(Rang):
    pass


def test_subscribers_hear_an_event_in_the_order_in_which_they_came() -> None:
    bus = EventBus()
    heard: list[str] = []
    bus.subscribe(Rang, lambda event: heard.append(f"a{event.number}"))
    bus.subscribe(Rang, lambda event: heard.append(f"b{event.number}"))
    bus.publish(Rang(1))
    assert heard == ["a1", "b1"]


def test_only_the_exact_class_is_heard() -> None:
    bus = EventBus()
    heard: list[Rang] = []
    bus.subscribe(Rang, heard.append)
    bus.publish(RangTwice(1))
    bus.publish("something else")
    assert heard == []


def test_an_ended_subscription_hears_nothing_and_ends_twice_quietly() -> None:
    bus = EventBus()
    heard: list[Rang] = []
    end_first = bus.subscribe(Rang, heard.append)
    bus.subscribe(Rang, heard.append)
    end_first()
    end_first()
    bus.publish(Rang(1))
    assert heard == [Rang(1)]


def test_a_subscription_ended_by_an_earlier_subscriber_is_not_called_any_more() -> None:
    bus = EventBus()
    heard: list[Rang] = []
    ends: list[Callable[[], None]] = []
    bus.subscribe(Rang, lambda _: ends[0]())
    ends.append(bus.subscribe(Rang, heard.append))
    bus.publish(Rang(1))
    assert heard == []


@pytest.mark.expects_log("event subscriber failed")
def test_a_failing_subscriber_does_not_cost_the_others_the_event() -> None:
    bus = EventBus()
    heard: list[Rang] = []

    def fail(_: Rang) -> None:
        raise ValueError

    bus.subscribe(Rang, fail)
    bus.subscribe(Rang, heard.append)
    bus.publish(Rang(1))
    assert heard == [Rang(1)]


def test_another_thread_may_not_publish() -> None:
    bus = EventBus()
    errors: list[BaseException] = []

    def publish() -> None:
        try:
            bus.publish(Rang(1))
        except BugError as error:
            errors.append(error)

    thread = threading.Thread(target=publish)
    thread.start()
    thread.join()
    assert [str(error) for error in errors] == ["event_bus_wrong_thread: event=Rang"]

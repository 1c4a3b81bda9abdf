"""Killed at each step of a message and started again: nothing sent twice, nothing committed lost."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import document
from tests.e2e.console import Console, wait_for
from tests.e2e.upstream import Upstream

#: Where a kill leaves the outcome of the send open; only the echo, read after the restart, may settle it.
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
# The main window may bring a row again; recognised as such it is kept, filtered, and stands for no message.
FROM_PEOPLE = "SELECT content FROM message WHERE origin = 'other' AND verdict <> 'replay'"
UNFINISHED = "SELECT count(*) FROM message WHERE state IN ('queued', 'delivering')"


@pytest.mark.parametrize("point", POINTS)
def test_kill_at_a_step_never_sends_twice_and_loses_nothing_committed(
    console: Console, upstream: Upstream, point: str
) -> None:
    console.import_config(document(upstream))
    console.start(fault_point=point)
    upstream.receive("张三", "你好")
    console.wait_killed()
    committed = console.rows(FROM_PEOPLE)
    sent_before = upstream.replies("张三")

    console.start()
    upstream.receive("张三", "你好，再问一次")
    wait_for(
        "the second message answered",
        lambda: bool(console.rows("SELECT 1 FROM message WHERE content LIKE '%再问%' AND state = 'done'")),
    )
    wait_for("nothing unfinished", lambda: console.rows(UNFINISHED) == [(0,)])
    wait_for("nothing in flight", lambda: not console.rows("SELECT 1 FROM reply WHERE state = 'sending'"))
    assert console.stop() == 0, console.output()

    # The lost reply of a destructive read is the one thing that no console can bring back.
    assert len(committed) == (0 if point == "intake.before_commit" else 1)
    kept = console.rows(FROM_PEOPLE)
    assert len(kept) == len(committed) + 1
    replies = upstream.replies("张三")
    states = [state for (state,) in console.rows("SELECT state FROM reply ORDER BY id")]
    assert len(states) == len(kept)
    # Each reply went out at most once: what is sent twice would make one more than there are replies.
    assert len(replies) <= len(states)
    assert replies[: len(sent_before)] == sent_before
    if point == "reply.sending_committed":
        assert (len(replies), states[0]) == (len(states) - 1, "unknown")
    else:
        assert len(replies) == len(states)

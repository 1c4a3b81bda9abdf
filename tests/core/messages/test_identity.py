"""What identity makes of typical reads, one example each."""

from __future__ import annotations

import pytest

from wxauto_mgt.core.messages.identity import (
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

S = 1_000_000
NOW = 1_000 * S
MAIN, WINDOW = Channel.MAIN, Channel.WINDOW


def key(text: str) -> RowKey:
    """`我:...` is our own row, anything else one of 张三."""
    if text.startswith("我:"):
        return row_key(origin=Origin.OWN, sender="self", kind="text", content=text.removeprefix("我:"))
    return row_key(origin=Origin.OTHER, sender="张三", kind="text", content=text)


def tail(*texts: str, channel: Channel = MAIN, age_s: int = 60, settled: bool = True) -> list[TailRow]:
    """Stored rows with ids from 1; own ones settled a reply."""
    return [
        TailRow(
            number,
            key(text),
            channel,
            f"old{number}",
            NOW - age_s * S,
            is_settled_reply=settled and text.startswith("我:"),
        )
        for number, text in enumerate(texts, 1)
    ]


def sent(text: str, *, surely: bool = True) -> TailRow:
    """A reply of ours whose own row was not read."""
    return TailRow(None, key(f"我:{text}"), MAIN, "", 0, is_suspect=not surely)


def read(*texts: str) -> list[ReadRow]:
    return [ReadRow(key(text), f"new{number}") for number, text in enumerate(texts)]


def main_fates(rows: list[TailRow], *texts: str, window_added_at_us: int | None = None) -> list[Fate]:
    placed = align_main(
        rows,
        read(*texts),
        requested_at_us=NOW - S,
        received_at_us=NOW,
        window_added_at_us=window_added_at_us,
    )
    return [placement.fate for placement in placed]


def window_placed(
    rows: list[TailRow], *texts: str, added_s_ago: int = 600, last_read_s_ago: int | None = 1
) -> list[Placement]:
    return list(
        pair_window(
            rows,
            read(*texts),
            previous_read_at_us=None if last_read_s_ago is None else NOW - last_read_s_ago * S,
            window_added_at_us=NOW - added_s_ago * S,
        )
    )


@pytest.mark.parametrize(
    ("stored", "batch", "expected"),
    [
        ([], ["a", "b"], "nn"),
        (["a"], ["b"], "n"),
        (["a", "我:x"], ["a"], "n"),  # our answer lies between
        (["a"], ["a"], "s"),  # cannot be told
        (["a", "b"], ["a", "b"], "ss"),  # a person who got no answer may say it all again
        (["a", "b"], ["a", "b", "c"], "ssn"),
        (["a", "b"], ["a", "b", "c", "a"], "rrnn"),  # starts with the text that it ends with
        (["a", "b", "c"], ["a", "b", "c", "d"], "rrrn"),
        (["a", "a", "a"], ["a", "a", "a", "d"], "sssn"),  # one key proves nothing
        (["a", "我:x"], ["a", "我:x"], "rr"),  # each reply is sent once
        (["a", "我:x"], ["我:x"], "s"),
        (["a", "b", "c"], ["a", "missed", "b", "c", "d"], "rnrrn"),
        (["a", "b"], ["a", "1", "2", "3", "b"], "nnnnn"),  # more missed than found: no alignment
        (["q", "a", "b"], ["missed", "a", "b", "c"], "nssn"),
    ],
)
def test_main_reads_are_laid_over_the_end_of_the_chat(
    stored: list[str], batch: list[str], expected: str
) -> None:
    names = {Fate.NEW: "n", Fate.SUSPECT: "s", Fate.REPLAY: "r", Fate.PAIRED: "p"}
    assert "".join(names[fate] for fate in main_fates(tail(*stored), *batch)) == expected


@pytest.mark.parametrize(
    ("age_s", "window_added_s_ago", "expected"),
    [
        (2, None, Fate.PAIRED),  # nothing is stored about the window yet, but it has just reported the row
        (2, 1, Fate.PAIRED),  # noted only after its first rows came
        (60, None, Fate.SUSPECT),
        (60, 30, Fate.SUSPECT),
        (60, 600, Fate.PAIRED),
    ],
)
def test_a_window_that_has_just_reported_a_row_pairs_with_the_main_window(
    age_s: int, window_added_s_ago: int | None, expected: Fate
) -> None:
    added = None if window_added_s_ago is None else NOW - window_added_s_ago * S
    rows = tail("a", channel=WINDOW, age_s=age_s)
    assert main_fates(rows, "a", window_added_at_us=added) == [expected]


def test_a_salvaged_read_without_its_newest_rows_is_never_taken_for_news() -> None:
    rows = [*tail("q", "a", "b", "c", channel=WINDOW, age_s=1), TailRow(9, key("d"), MAIN, "old9", NOW - S)]
    placed = align_main(
        rows,
        read("a", "b", "d", "new"),
        requested_at_us=NOW - S,
        received_at_us=NOW,
        window_added_at_us=NOW - 600 * S,
        is_damaged=True,
    )
    assert [one.fate for one in placed] == [Fate.PAIRED, Fate.PAIRED, Fate.SUSPECT, Fate.NEW]


def test_the_same_element_shortly_before_is_the_same_row() -> None:
    rows = tail("a", age_s=20)
    placed = align_main(
        rows,
        [ReadRow(key("a"), "old1")],
        requested_at_us=NOW - S,
        received_at_us=NOW,
        window_added_at_us=None,
    )
    assert placed == (Placement(Fate.REPLAY, 1),)
    assert main_fates(rows, "a") == [Fate.SUSPECT]


def test_a_repeat_after_an_accepted_reply_is_news_although_its_own_row_was_never_read() -> None:
    assert main_fates([*tail("a"), sent("x")], "a") == [Fate.NEW]


def test_an_accepted_reply_that_shows_in_the_batch_proves_the_replay_and_is_itself_news() -> None:
    assert main_fates([*tail("a"), sent("x")], "a", "我:x") == [Fate.REPLAY, Fate.NEW]


def test_a_reply_with_an_unknown_outcome_proves_nothing() -> None:
    assert main_fates([*tail("a"), sent("x", surely=False)], "a") == [Fate.SUSPECT]


def test_constant_answers_to_a_repeated_question_are_no_replay() -> None:
    rows = [*tail("在吗", "我:好的", "在吗"), sent("好的")]
    assert main_fates(rows, "我:好的", "在吗") == [Fate.NEW, Fate.NEW]


def test_main_rows_are_paired_with_the_rows_of_a_listened_window() -> None:
    rows = tail("a", "b", channel=WINDOW)
    assert main_fates(rows, "a", "b", window_added_at_us=0) == [Fate.PAIRED, Fate.PAIRED]
    assert main_fates(rows, "missed", "a", "b", window_added_at_us=0) == [Fate.NEW, Fate.PAIRED, Fate.PAIRED]


def test_without_a_listened_window_or_after_a_long_time_nothing_is_paired() -> None:
    assert main_fates(tail("a", channel=WINDOW), "a") == [Fate.SUSPECT]
    assert main_fates(tail("a", channel=WINDOW, age_s=300), "a", window_added_at_us=0) == [Fate.SUSPECT]


def test_a_window_row_that_came_while_the_main_read_was_under_way_is_paired() -> None:
    quick = TailRow(2, key("b"), WINDOW, "w", NOW - S // 2)
    assert main_fates([*tail("a"), quick], "b", window_added_at_us=0) == [Fate.PAIRED]
    assert main_fates([*tail("a"), quick], "c", window_added_at_us=0) == [Fate.NEW]


def test_a_window_row_takes_the_place_of_a_suspect() -> None:
    suspect = TailRow(2, key("a"), MAIN, "m", NOW - 10 * S, is_suspect=True)
    assert window_placed([*tail("a", channel=WINDOW), suspect], "a") == [Placement(Fate.NEW, 2)]


def test_a_certain_row_is_paired_before_a_suspect() -> None:
    suspect = TailRow(2, key("a"), MAIN, "m", NOW - 10 * S, is_suspect=True)
    certain = TailRow(3, key("a"), MAIN, "n", NOW - 5 * S)
    assert window_placed([suspect, certain], "a") == [Placement(Fate.PAIRED, 3)]


def test_a_window_row_is_not_paired_with_what_came_before_the_window_or_long_ago() -> None:
    assert window_placed(tail("a", age_s=60), "a", added_s_ago=30) == [Placement(Fate.NEW)]
    assert window_placed(tail("a", age_s=300), "a") == [Placement(Fate.NEW)]
    assert window_placed(tail("a", age_s=300), "a", last_read_s_ago=None) == [Placement(Fate.PAIRED, 1)]


def test_missed_rows_keep_their_place_before_rows_that_were_stored_earlier() -> None:
    placed = window_placed(tail("b"), "a", "b", "c")
    assert placed == [Placement(Fate.NEW, before_id=1), Placement(Fate.PAIRED, 1), Placement(Fate.NEW)]
    late = TailRow(2, key("a"), WINDOW, "w", NOW, before_id=1)
    assert [row.id for row in in_chat_order([*tail("b"), late])] == [2, 1]


def test_keys_fold_what_differs_between_the_windows() -> None:
    played = row_key(origin=Origin.OTHER, sender="张三", kind="voice", content="[语音]2秒")
    unplayed = row_key(origin=Origin.OTHER, sender=" 张三 ", kind="voice", content="[语音]2秒,未播放")
    assert played == unplayed
    assert key("e\u0301") == key("é")
    assert key("a") != row_key(origin=Origin.OTHER, sender="李四", kind="text", content="a")


def test_an_own_row_that_its_window_reported_late_does_not_hide_a_replay() -> None:
    # Replies x and y were sent before b came; the echo of x was read after it.
    rows = [
        TailRow(4, key("我:y"), MAIN, "m4", NOW - 5 * S, is_settled_reply=True, sent_after_id=3),
        TailRow(5, key("我:x"), WINDOW, "w5", NOW - 4 * S, is_settled_reply=True, sent_after_id=2),
        TailRow(6, key("b"), MAIN, "m6", NOW - 3 * S),
    ]
    assert main_fates(rows, "我:y", "b", "c") == [Fate.REPLAY, Fate.REPLAY, Fate.NEW]


def test_a_question_repeated_after_its_answer_is_new() -> None:
    rows = [
        TailRow(1, key("在吗"), MAIN, "m1", NOW - 5 * S),
        TailRow(2, key("我:在的"), WINDOW, "w2", NOW - 4 * S, is_settled_reply=True, sent_after_id=1),
    ]
    assert main_fates(rows, "在吗") == [Fate.NEW]


def test_a_reply_whose_own_row_was_not_recognised_does_not_make_a_replay_new() -> None:
    rows = [*tail("a", "我:x", "b", settled=False), sent("x")]
    assert Fate.NEW not in main_fates(rows, "a", "我:x", "b", "c")[:3]

"""Which rows of a read are news, and which stand for a stored row. Pure functions; intake calls them.

Neither channel gives a row a durable name: an id names a UI element and changes when the window is redrawn,
and there is no send time. What holds, from the source of the free `wxauto` 39.1 (`ui/chatbox.py`):

- The main window returns a run of the chat's history that ends with its newest row. It starts at the n-th
  last occurrence of the newest text (n = unread badge), or at the "new messages" divider, or counts n human
  rows back. So it can start too early (older rows come again, under new ids) or too late (rows are never
  reported), but it has no holes and no end before the newest row.
- A listened window reports each row once, in order, from the moment of its creation; rows that it showed then
  are not reported. A row that reaches the main window while the chat is listened comes on both channels.

A row's key is (own or other, sender, kind, content in NFC). Two rows with one key are told apart by sequence
only.

Main window (`align_main`). The batch is laid over the end of the chat's stored rows, the tail: the longest
run of last tail rows that is found in the batch, in order, starting at the batch's first row. Order is
asked for within each channel only, because rows of the two channels are committed in the order of the
reads, not of the chat. Suspects take no part; window rows that came while the read was under way may be
missing, and so may the own row of a reply that was sent before the run's first row was stored. Rows that lie
between found ones are rows that we had missed: news. At most half of the run may be such rows; more is no
alignment, unless each found row waits for its counterpart of the window. A row that was laid over a tail row
is

- PAIRED when the tail row came from the listened window, has no counterpart yet, is younger than
  `pairing_window_us`, and the window is still listened (it is known to be, or it reported the row just
  before the read); the row is not stored again.
- REPLAY when that is certain beyond reasonable doubt: the same UI element with the same key shortly before;
  or the run holds an own row that settled one of our replies (each is sent once) and at least one row more;
  or the run has three rows of two or more keys and news follow; or two rows of two keys, news follow, and the
  batch starts with the text that it ends with (the library's known misreading). It is stored as filtered.
- NEW when a reply that the server accepted follows in the tail, yet does not show in the batch. Either the
  row was written after that reply, or the reply never went out; to answer is right in both cases. (A reply
  with an unknown outcome that does not show makes the row a SUSPECT.)
- SUSPECT otherwise. It is stored as held and not answered. A single repeated text stays undecidable.

A main-window answer that broke off may lack its newest rows. Its rows are placed by their keys alone: PAIRED
as above, SUSPECT when the tail holds the key, else NEW.

Listened window (`pair_window`). A row is PAIRED with a stored main-window row of its key: as many in order
as can be behind the last row that the window reported, then in any order, the oldest first. That row has no
counterpart yet and came after the window was created, at most `pairing_window_us` before the previous read
of the windows that brought rows (what they cached while nobody read them comes late). Where only a suspect
is left to pair with, the row is NEW and takes its place: it is real, whether the suspect was it or a
replay.

Limits. (1) A person who sends the same two or three texts in the same order again, unanswered, is taken for
a replay. (2) A replay that starts at a row that was never stored (missed, or older than the tail) is
recognised only from two aligned rows of two keys on; a run with more missed rows than found ones is not
recognised. (3) If a listened window dies unnoticed or one of its answers is lost, a repeated text can be
paired with its forerunner for up to `pairing_window_us`; the timeline of that row says so. The same holds
for a row that came by the main window after the listened window was created but was already shown in it.
(4) If a server accepts a reply, silently drops it and then replays the chat, the question is answered a
second time; the person sees one answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from wxauto_mgt.core.wire import Channel, Origin

_SECOND_US: Final = 1_000_000

TAIL_ROWS: Final = 100
"""How many stored rows of a chat take part: more than a WeChat window shows at once."""

# A voice row changes its text once it was played.
_UNPLAYED: Final = re.compile(r"[,，]未播放\Z")


class RowKey(NamedTuple):
    """What two appearances of one row have in common on both channels."""

    is_own: bool
    sender: str
    kind: str
    content: str


class Fate(StrEnum):
    """What becomes of a row that was read."""

    NEW = "new"
    PAIRED = "paired"
    REPLAY = "replay"
    SUSPECT = "suspect"


@dataclass(frozen=True)
class TailRow:
    """A stored row of the chat, or a reply of ours whose own row was not read yet.

    Attributes:
        id: row id; None for a reply that the server accepted, or whose sending has an unknown outcome.
        is_suspect: held as a possible replay, and nobody released it; a reply that may not have gone out.
        is_settled_reply: an own row that settled one of our replies.
        before_id: the stored row that it is known to precede, although that one was committed earlier.
        sent_after_id: of a settled reply, the newest row that was stored when it was sent; its own row may
            have come later than rows that stand behind it.
    """

    id: int | None
    key: RowKey
    channel: Channel
    upstream_id: str
    received_at_us: int
    is_paired: bool = False
    is_suspect: bool = False
    is_settled_reply: bool = False
    before_id: int | None = None
    sent_after_id: int | None = None

    @property
    def is_certain(self) -> bool:
        """Whether it is a row of its own that was read."""
        return self.id is not None and not self.is_suspect


@dataclass(frozen=True)
class ReadRow:
    """A row of the batch, oldest first; rows that no person wrote are left out."""

    key: RowKey
    upstream_id: str


@dataclass(frozen=True)
class Placement:
    """The fate of one row of the batch.

    Attributes:
        twin_id: the stored row that stands for it when PAIRED; the likely original when REPLAY or SUSPECT;
            the suspect that it takes the place of when NEW.
        before_id: a stored row that comes after it in the chat; None when it is the newest.
    """

    fate: Fate
    twin_id: int | None = None
    before_id: int | None = None


@dataclass(frozen=True)
class IdentityLimits:
    """Judgement calls.

    Attributes:
        pairing_window_us: the main window is read every few seconds, but a hung read and a shut gate last
            a minute each.
        element_memory_us: ids are handed out anew when a window is redrawn; the same one within minutes
            on the same key, in sequence, is no coincidence.
        live_window_us: a window that reported a row so shortly before the read is alive, whatever is stored
            about it.
    """

    pairing_window_us: int = 120 * _SECOND_US
    element_memory_us: int = 120 * _SECOND_US
    live_window_us: int = 5 * _SECOND_US


DEFAULT_LIMITS: Final = IdentityLimits()


def fold_space(text: str) -> str:
    """Normalise to NFC and fold white space, the kinds that WeChat puts behind a mention included."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def row_key(*, origin: Origin, sender: str, kind: str, content: str) -> RowKey:
    """Make the key of a row that a person wrote."""
    is_own = origin is Origin.OWN
    text = unicodedata.normalize("NFC", content).strip()
    if kind == "voice":
        text = _UNPLAYED.sub("", text)
    return RowKey(is_own, "" if is_own else fold_space(sender), kind, text)


def in_chat_order(rows: Sequence[TailRow]) -> list[TailRow]:
    """Put rows given in commit order into the order of the chat, as far as it is known."""
    ordered: list[TailRow] = []
    for row in rows:
        place = next((n for n, other in enumerate(ordered) if other.id == row.before_id), len(ordered))
        ordered.insert(len(ordered) if row.before_id is None else place, row)
    return ordered


def align_main(
    tail: Sequence[TailRow],
    batch: Sequence[ReadRow],
    *,
    requested_at_us: int,
    received_at_us: int,
    window_added_at_us: int | None,
    is_damaged: bool = False,
    limits: IdentityLimits = DEFAULT_LIMITS,
) -> tuple[Placement, ...]:
    """Place the rows of a main-window read.

    Args:
        tail: last stored rows of the chat, `in_chat_order`, replays left out, accepted replies inserted.
        requested_at_us: when the read was sent; received_at_us: when its answer came.
        window_added_at_us: since when the chat's window is listened; None when it is not.
        is_damaged: the rows were salvaged from a broken answer, so the newest ones may be lacking.

    Returns:
        One placement per row of the batch.
    """
    # What is stored about the window may lag behind its first rows, above all after a crash.
    since_us = requested_at_us - limits.live_window_us
    if window_added_at_us is not None:
        since_us = min(since_us, max(window_added_at_us, received_at_us - limits.pairing_window_us))
    pairable = {
        row.id
        for row in tail
        if row.channel is Channel.WINDOW and not row.is_paired and row.received_at_us >= since_us
    }
    if is_damaged:
        return _place_damaged(tail, batch, pairable)
    run = _longest_run(tail, batch, optional_from_us=requested_at_us, pairable=pairable)
    placements = [Placement(Fate.NEW)] * len(batch)
    for at, twin in run.pairs:
        if twin.id in pairable:
            placements[at] = Placement(Fate.PAIRED, twin.id)
            pairable.remove(twin.id)
    seen_again = [
        (at, twin) for at, twin in run.pairs if placements[at].fate is Fate.NEW and twin.id is not None
    ]
    fate = _fate_of_run(
        run, batch, [at for at, _ in seen_again], received_at_us=received_at_us, limits=limits
    )
    for at, twin in seen_again:
        placements[at] = Placement(fate, None if fate is Fate.NEW else twin.id)
    # The window was quicker with these: their rows came while this read was under way.
    meanwhile = [row for row in tail if row.id in pairable and row.received_at_us > requested_at_us]
    for at, read in enumerate(batch):
        quicker = next((row for row in meanwhile if row.key == read.key), None)
        if placements[at].fate is Fate.NEW and quicker is not None:
            placements[at] = Placement(Fate.PAIRED, quicker.id)
            meanwhile.remove(quicker)
    # Suspects of several keys are replays rather than not; what stands between them is then older.
    places = {at for at, _ in run.pairs if run.distinct_keys >= 2 or placements[at].fate is not Fate.SUSPECT}
    return _with_successors(placements, places)


def _place_damaged(
    tail: Sequence[TailRow], batch: Sequence[ReadRow], pairable: AbstractSet[int | None]
) -> tuple[Placement, ...]:
    """Place rows whose end may be lacking: nothing can be laid over the end of the tail, so only keys count.

    Cautious on purpose: a text that the tail holds already is paired or held, never answered.
    """
    waiting = [row for row in tail if row.id in pairable]
    placements = []
    for read in batch:
        twin = next((row for row in waiting if row.key == read.key), None)
        if twin is not None:
            waiting.remove(twin)
            placements.append(Placement(Fate.PAIRED, twin.id))
            continue
        known = next((row for row in reversed(tail) if row.key == read.key), None)
        placements.append(Placement(Fate.NEW) if known is None else Placement(Fate.SUSPECT, known.id))
    return tuple(placements)


def pair_window(
    tail: Sequence[TailRow],
    batch: Sequence[ReadRow],
    *,
    previous_read_at_us: int | None,
    window_added_at_us: int | None,
    limits: IdentityLimits = DEFAULT_LIMITS,
) -> tuple[Placement, ...]:
    """Place the rows of a listened-window read.

    Args:
        tail: as for `align_main`.
        previous_read_at_us: when listened windows were read before; None the first time since the start.
        window_added_at_us: since when the window is listened; None when unknown.
    """
    since_us = window_added_at_us or 0
    if previous_read_at_us is not None:
        since_us = max(since_us, previous_read_at_us - limits.pairing_window_us)
    unpaired = [
        row
        for row in tail
        if row.id is not None
        and row.channel is Channel.MAIN
        and not row.is_paired
        and row.received_at_us >= since_us
    ]
    # The window reports in order: what stands before a row that it reported is hardly still to come.
    reported = [n for n, row in enumerate(tail) if row.channel is Channel.WINDOW or row.is_paired]
    newer = tail[reported[-1] + 1 :] if reported else tail
    in_order = _best_in_order([row for row in unpaired if row in newer], batch)
    left = sorted((row for row in unpaired if row not in in_order.values()), key=lambda row: row.is_suspect)
    twins = dict(in_order)
    for at, read in enumerate(batch):
        same = next((row for row in left if row.key == read.key), None) if at not in twins else None
        if same is not None:
            left.remove(same)
            twins[at] = same
    return _with_successors([_window_placement(twins.get(at)) for at in range(len(batch))], in_order)


def _window_placement(twin: TailRow | None) -> Placement:
    if twin is None:
        return Placement(Fate.NEW)
    # A suspect was this very row or a replay; either way this one is real, and its place is certain.
    return Placement(Fate.NEW if twin.is_suspect else Fate.PAIRED, twin.id)


def _best_in_order(rows: Sequence[TailRow], batch: Sequence[ReadRow]) -> dict[int, TailRow]:
    """Pair equal keys without crossing: as many as can be, among those with as few suspects as can be.

    Suspects last: a row that is certain still has its window row to come, a replay never has. This is the
    longest common subsequence with weights; quadratic in a hundred rows.
    """
    worth = [[0] * (len(batch) + 1) for _ in range(len(rows) + 1)]
    for n in reversed(range(len(rows))):
        for at in reversed(range(len(batch))):
            worth[n][at] = max(worth[n + 1][at], worth[n][at + 1])
            if rows[n].key == batch[at].key:
                worth[n][at] = max(worth[n][at], worth[n + 1][at + 1] + _pair_worth(rows[n]))
    found: dict[int, TailRow] = {}
    n = at = 0
    while n < len(rows) and at < len(batch):
        row = rows[n]
        if row.key == batch[at].key and worth[n][at] == worth[n + 1][at + 1] + _pair_worth(row):
            found[at] = row
            n, at = n + 1, at + 1
        elif worth[n][at] == worth[n + 1][at]:
            n += 1
        else:
            at += 1
    return found


def _pair_worth(row: TailRow) -> int:
    return 2 * TAIL_ROWS - int(row.is_suspect)


def _with_successors(placements: Sequence[Placement], in_order: Container[int]) -> tuple[Placement, ...]:
    """Note for each news which stored row follows it in the batch, where that is certain.

    Args:
        in_order: places of rows that were seen before, and whose pairs do not cross.
    """
    found: list[Placement] = []
    before_id: int | None = None
    for at, placement in reversed(list(enumerate(placements))):
        if placement.fate is Fate.NEW:
            found.append(replace(placement, before_id=before_id))
            continue
        found.append(placement)
        if at in in_order:
            before_id = placement.twin_id
    return tuple(reversed(found))


@dataclass(frozen=True)
class _Run:
    """Rows of the batch (by place) laid over the last rows of the tail."""

    pairs: tuple[tuple[int, TailRow], ...] = ()
    lacks_accepted_reply: bool = False
    lacks_possible_reply: bool = False

    @property
    def distinct_keys(self) -> int:
        return len({twin.key for _, twin in self.pairs})

    @property
    def holds_own_reply(self) -> bool:
        """One of our own replies and at least one row more."""
        return len(self.pairs) >= 2 and any(t.is_settled_reply or t.id is None for _, t in self.pairs)


def _longest_run(
    tail: Sequence[TailRow],
    batch: Sequence[ReadRow],
    *,
    optional_from_us: int,
    pairable: AbstractSet[int | None],
) -> _Run:
    best = _Run()
    if not batch:
        return best
    for start in range(len(tail)):
        if not tail[start].is_certain:
            continue
        run = _lay_over(tail[start:], batch, optional_from_us=optional_from_us, pairable=pairable)
        if run is not None and len(run.pairs) >= len(best.pairs):
            best = run
    return best


def _lay_over(
    rows: Sequence[TailRow],
    batch: Sequence[ReadRow],
    *,
    optional_from_us: int,
    pairable: AbstractSet[int | None],
) -> _Run | None:
    """Find each of the certain rows in the batch, or say that it is no alignment."""
    taken: dict[int, TailRow] = {}
    behind = {Channel.MAIN: 0, Channel.WINDOW: 0}
    for row in rows:
        if not row.is_certain:
            continue
        at = _first_free(row.key, batch, taken, behind[row.channel])
        if at is not None:
            taken[at] = row
            behind[row.channel] = at + 1
            continue
        may_be_missing = row.channel is Channel.WINDOW and (
            row.received_at_us > optional_from_us or _may_stand_before(row, rows[0])
        )
        if row is rows[0] or not may_be_missing:
            return None
    # Window rows that still wait for their counterpart need no more proof: a wrong pair is put right when the
    # row's own window row comes and finds none.
    if not all(row.id in pairable for row in taken.values()):
        if min(taken) != 0 and len({row.key for row in taken.values()}) < 2:
            return None
        # What came while the read was under way can have any number of news before it.
        settled = [at for at, row in taken.items() if row.received_at_us <= optional_from_us]
        suspects = sum(row.is_suspect and row.id is not None for row in rows)
        if settled and max(settled) + 1 > 2 * (len(settled) + suspects):
            return None
    return _with_replies(rows, batch, taken)


def _with_replies(rows: Sequence[TailRow], batch: Sequence[ReadRow], taken: dict[int, TailRow]) -> _Run:
    """Find our replies in what is left: news can stand between one and the row before it."""
    lacking: set[bool] = set()
    start = min(taken)
    for place, row in enumerate(rows):
        # A later own row of the same text may be this reply's, although it settled an older one.
        if row.id is not None or any(later.key == row.key for later in rows[place:] if later.id is not None):
            continue
        at = _first_free(row.key, batch, taken, start)
        if at is not None:
            taken[at] = row
        # Its own row may be stored and not recognised as such; or any other own row could be it, shown in
        # another way than we wrote it.
        elif not any(
            twin.key == row.key and not twin.is_settled_reply for twin in taken.values()
        ) and not any(read.key.is_own for n, read in enumerate(batch) if n not in taken and n > start):
            lacking.add(row.is_suspect)
    return _Run(
        tuple(sorted(taken.items(), key=lambda pair: pair[0])),
        lacks_accepted_reply=False in lacking,
        lacks_possible_reply=True in lacking,
    )


def _may_stand_before(row: TailRow, first: TailRow) -> bool:
    """Whether the own row of a reply, reported late, can precede a row that was stored earlier."""
    return row.sent_after_id is not None and first.id is not None and row.sent_after_id < first.id


def _first_free(key: RowKey, batch: Sequence[ReadRow], taken: Container[int], start: int) -> int | None:
    return next((at for at in range(start, len(batch)) if at not in taken and batch[at].key == key), None)


def _fate_of_run(
    run: _Run,
    batch: Sequence[ReadRow],
    seen_again: Sequence[int],
    *,
    received_at_us: int,
    limits: IdentityLimits,
) -> Fate:
    if any(
        twin.channel is Channel.MAIN
        and twin.upstream_id
        and twin.upstream_id == batch[at].upstream_id
        and received_at_us - twin.received_at_us <= limits.element_memory_us
        for at, twin in run.pairs
    ):
        return Fate.REPLAY
    # The batch reaches to the end of the chat: what we sent after the run would have to show in it.
    if run.lacks_accepted_reply:
        return Fate.NEW
    if run.lacks_possible_reply:
        return Fate.SUSPECT
    if run.holds_own_reply:
        return Fate.REPLAY
    # Without news there is no reason why the main window reported the chat: then it may be a real repeat.
    news_follow = bool(seen_again) and max(seen_again) + 1 < len(batch)
    is_misreading = batch[0].key.content == batch[-1].key.content
    if news_follow and run.distinct_keys >= 2 and (len(run.pairs) >= 3 or is_misreading):
        return Fate.REPLAY
    return Fate.SUSPECT

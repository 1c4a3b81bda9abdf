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
run of last tail rows that is found in the batch, in order, starting at the batch's first row. Order is asked
for within each channel only, because rows of the two channels are committed in the order of the reads, not of
the chat. Suspects and window rows that arrived while the read was under way may be missing from the batch.
Rows that lie between found ones are rows that we had missed: news. At most half of the run may be such rows;
more is no alignment. A row that was laid over a tail row is

- PAIRED when the tail row came from the listened window, has no counterpart yet, is younger than
  `pairing_window_us`, and the window is still listened; the row is not stored again.
- REPLAY when that is certain beyond reasonable doubt: the same UI element with the same key shortly before;
  or the run holds an own row that settled one of our replies (each is sent once) and at least one row more;
  or the run has three rows of two or more keys and news follow; or two rows of two keys, news follow, and the
  batch starts with the text that it ends with (the library's known misreading). It is stored as filtered.
- NEW when a reply that the server accepted follows in the tail, yet does not show in the batch. Either the
  row was written after that reply, or the reply never went out; to answer is right in both cases.
- SUSPECT otherwise. It is stored as held and not answered. A single repeated text stays undecidable.

Listened window (`pair_window`). A row is PAIRED with the oldest stored main-window row of its key that has no
counterpart and came after the window was created, at most `pairing_window_us` before the previous read of the
windows (what they cached while nobody read them comes late); suspects come last. If that row is a suspect, the
window proves that it is real. The source shows no way for this channel to repeat rows; still a
batch that repeats the end of the tail with one of our own settled replies in it, or three rows of two keys,
is SUSPECT.

Limits. (1) A person who sends the same two or three texts in the same order again, unanswered, is taken for a
replay. (2) A replay that starts at a row that was never stored (missed, or older than the tail) is recognised
only from two aligned rows of two keys on; a run with more missed rows than found ones is not recognised. (3)
If a listened window dies unnoticed, a repeated text can be paired with its forerunner for up to
`pairing_window_us`; the tail row's timeline says so. The same holds for a row that came by the main window
just after the listened window was created but was already shown in it. (4) If a server accepts a reply,
silently drops it and then replays the chat, the question is answered a second time; the person sees one
answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
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
    """A stored row of the chat, or an own row that must be in the chat because a server accepted the reply.

    Attributes:
        id: row id; None for an accepted reply whose own row was not read yet.
        is_suspect: held as a possible replay; nothing has proved yet that it is a row of its own.
        is_settled_reply: an own row that settled one of our replies.
    """

    id: int | None
    key: RowKey
    channel: Channel
    upstream_id: str
    received_at_us: int
    is_paired: bool = False
    is_suspect: bool = False
    is_settled_reply: bool = False


@dataclass(frozen=True)
class ReadRow:
    """A row of the batch, oldest first; rows that no person wrote are left out."""

    key: RowKey
    upstream_id: str


@dataclass(frozen=True)
class Placement:
    """The fate of one row of the batch.

    Attributes:
        twin_id: the stored row that stands for it when PAIRED; the likely original when REPLAY or SUSPECT.
    """

    fate: Fate
    twin_id: int | None = None


@dataclass(frozen=True)
class IdentityLimits:
    """Judgement calls.

    Attributes:
        pairing_window_us: the main window is read every few seconds, but a hung read and a shut gate last
            a minute each.
        element_memory_us: ids are handed out anew when a window is redrawn; the same one within minutes
            on the same key, in sequence, is no coincidence.
    """

    pairing_window_us: int = 120 * _SECOND_US
    element_memory_us: int = 120 * _SECOND_US


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


def align_main(
    tail: Sequence[TailRow],
    batch: Sequence[ReadRow],
    *,
    requested_at_us: int,
    received_at_us: int,
    window_added_at_us: int | None,
    limits: IdentityLimits = DEFAULT_LIMITS,
) -> tuple[Placement, ...]:
    """Place the rows of a main-window read.

    Args:
        tail: last stored rows of the chat in commit order, replays left out, accepted replies inserted.
        requested_at_us: when the read was sent; received_at_us: when its answer came.
        window_added_at_us: since when the chat's window is listened; None when it is not.

    Returns:
        One placement per row of the batch.
    """
    run = _longest_run(tail, batch, optional_from_us=requested_at_us)
    placements = [Placement(Fate.NEW)] * len(batch)
    paired_ids: set[int] = set()

    def may_pair(twin: TailRow) -> bool:
        return (
            window_added_at_us is not None
            and twin.channel is Channel.WINDOW
            and not twin.is_paired
            and twin.id is not None
            and twin.id not in paired_ids
            and twin.received_at_us >= window_added_at_us
            and received_at_us - twin.received_at_us <= limits.pairing_window_us
        )

    for at, twin in run.pairs:
        if may_pair(twin):
            placements[at] = Placement(Fate.PAIRED, twin.id)
            paired_ids.add(twin.id or 0)
    seen_again = [
        (at, twin) for at, twin in run.pairs if placements[at].fate is Fate.NEW and twin.id is not None
    ]
    fate = _fate_of_run(
        run, batch, [at for at, _ in seen_again], received_at_us=received_at_us, limits=limits
    )
    for at, twin in seen_again:
        placements[at] = Placement(fate, None if fate is Fate.NEW else twin.id)
    for at, row in enumerate(batch):
        if placements[at].fate is not Fate.NEW:
            continue
        # The window was quicker: its row came while this read was under way.
        concurrent = next(
            (t for t in tail if t.key == row.key and t.received_at_us >= requested_at_us and may_pair(t)),
            None,
        )
        if concurrent is not None and concurrent.id is not None:
            placements[at] = Placement(Fate.PAIRED, concurrent.id)
            paired_ids.add(concurrent.id)
    return tuple(placements)


def pair_window(
    tail: Sequence[TailRow],
    batch: Sequence[ReadRow],
    *,
    received_at_us: int,
    previous_read_at_us: int | None,
    window_added_at_us: int | None,
    limits: IdentityLimits = DEFAULT_LIMITS,
) -> tuple[Placement, ...]:
    """Place the rows of a listened-window read.

    Args:
        tail: as for `align_main`.
        previous_read_at_us: when listened windows were last read before; None for the first time since the start.
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
    placements: list[Placement] = []
    for read in batch:
        # Suspects last: a row that is certain still has its window row to come, a replay never has.
        same = sorted((row for row in unpaired if row.key == read.key), key=lambda row: row.is_suspect)
        twin = same[0] if same else None
        if twin is not None:
            unpaired.remove(twin)
        placements.append(Placement(Fate.NEW) if twin is None else Placement(Fate.PAIRED, twin.id))
    rest = [at for at, placement in enumerate(placements) if placement.fate is Fate.NEW]
    run = _longest_run(tail, [batch[at] for at in rest], optional_from_us=received_at_us)
    if run.holds_own_reply or (len(run.pairs) >= 3 and run.distinct_keys >= 2):
        for at, twin in run.pairs:
            if twin.id is not None:
                placements[rest[at]] = Placement(Fate.SUSPECT, twin.id)
    return tuple(placements)


@dataclass(frozen=True)
class _Run:
    """Rows of the batch (by place) laid over the last rows of the tail."""

    pairs: tuple[tuple[int, TailRow], ...] = ()
    skips_accepted_reply: bool = False

    @property
    def distinct_keys(self) -> int:
        return len({twin.key for _, twin in self.pairs})

    @property
    def holds_own_reply(self) -> bool:
        """One of our own replies and at least one row more."""
        return len(self.pairs) >= 2 and any(t.is_settled_reply or t.id is None for _, t in self.pairs)


def _longest_run(tail: Sequence[TailRow], batch: Sequence[ReadRow], *, optional_from_us: int) -> _Run:
    best = _Run()
    if not batch:
        return best
    for start in range(len(tail)):
        run = _lay_over(tail[start:], batch, optional_from_us=optional_from_us)
        if run is not None and len(run.pairs) > len(best.pairs):
            best = run
    return best


def _lay_over(rows: Sequence[TailRow], batch: Sequence[ReadRow], *, optional_from_us: int) -> _Run | None:
    """Find each of the rows in the batch, or say that it is no alignment."""
    taken: dict[int, TailRow] = {}
    first_found = False
    behind = {Channel.MAIN: 0, Channel.WINDOW: 0}
    skips_accepted_reply = False
    for row in rows:
        first = behind[row.channel]
        at = next((n for n in range(first, len(batch)) if n not in taken and batch[n].key == row.key), None)
        if at is not None:
            taken[at] = row
            first_found = first_found or row is rows[0]
            behind[row.channel] = at + 1
        elif row.id is None:
            skips_accepted_reply = True
        elif not row.is_suspect and (row.channel is Channel.MAIN or row.received_at_us < optional_from_us):
            return None
    if not first_found:
        return None
    first_place, last_place = min(taken), max(taken)
    distinct = len({row.key for row in taken.values()})
    if first_place != 0 and distinct < 2:
        return None
    if last_place + 1 > 2 * len(taken):
        return None
    return _Run(tuple(sorted(taken.items())), skips_accepted_reply)


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
    if run.holds_own_reply:
        return Fate.REPLAY
    # Without news there is no reason why the main window reported the chat: then it may be a real repeat.
    news_follow = bool(seen_again) and max(seen_again) + 1 < len(batch)
    is_misreading = batch[0].key.content == batch[-1].key.content
    if news_follow and run.distinct_keys >= 2 and (len(run.pairs) >= 3 or is_misreading):
        return Fate.REPLAY
    return Fate.NEW if run.skips_accepted_reply else Fate.SUSPECT

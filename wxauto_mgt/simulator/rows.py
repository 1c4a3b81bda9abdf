"""Rows of a chat, the ids that windows give them, and their shape on the wire.

Owns no chat and no window. Used by the world's two channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wxauto_mgt.simulator.config import Family, Library

JSONValue = str | int | float | bool | None | list["JSONValue"] | dict[str, "JSONValue"]
WireObject = dict[str, JSONValue]

MEDIA_PLACEHOLDER = {
    "image": "[图片]",
    "video": "[视频]",
    "file": "[文件]",
    "voice": "[语音]2秒,未播放",
    "emotion": "[动画表情]",
}
_MEDIA_SUFFIX = {"image": "jpg", "video": "mp4", "file": "docx", "voice": "wav"}


class RowOrigin(StrEnum):
    """Who put a row there; never sent as such in the 39.x family."""

    OTHER = "other"
    OWN = "own"
    SYSTEM = "system"
    TIME = "time"
    DIVIDER = "divider"
    BARE = "bare"

    @property
    def is_human(self) -> bool:
        """Whether a person (or this account) wrote it."""
        return self in (RowOrigin.OTHER, RowOrigin.OWN)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a chat. `number` is the truth that no client ever sees: unique and ascending."""

    number: int
    origin: RowOrigin
    kind: str
    sender: str
    content: str
    remark: str | None = None
    time_text: str | None = None


class Surface:
    """One window's rows as UI elements: the same row has another id in another window.

    Ids look like the joined integers of a UI Automation runtime id. A redraw renames every row; with
    `reuse_ids` the old values come back on other rows.
    """

    def __init__(self, *, handle: int, first_element: int) -> None:
        self._prefix = f"42{handle}4"
        self._first_element = first_element
        self._next_element = first_element
        self._elements: dict[int, int] = {}

    def id_of(self, row: Row) -> str:
        """The id of a row in this window, given when it is first drawn."""
        element = self._elements.get(row.number)
        if element is None:
            element = self._next_element
            self._next_element += 1
            if len(self._elements) > 500:
                self._elements.clear()
            self._elements[row.number] = element
        return f"{self._prefix}{element}"

    def redraw(self, *, reuse_ids: bool = False) -> None:
        """Forget the ids given so far."""
        self._elements.clear()
        if reuse_ids:
            self._next_element = self._first_element


def wire_row(row: Row, row_id: str, *, family: Family, library: Library, in_main: bool) -> WireObject:
    """A row as `get-next-new` (`in_main`) or `listen/get` sends it."""
    shaped: WireObject = _shape_39(row) if family is Family.V39 else _shape_3_9(row)
    shaped["id"] = row_id
    if not (in_main and library is Library.WXAUTOX):
        shaped["time"] = row.time_text if row.time_text is not None else ("" if in_main else None)
    return shaped


def _shape_39(row: Row) -> WireObject:
    match row.origin:
        case RowOrigin.OTHER:
            kind, sender, remark = row.kind, row.sender, row.remark or row.sender
        case RowOrigin.OWN:
            kind, sender, remark = row.kind, "self", "self"
        case RowOrigin.BARE:
            kind, sender, remark = "other", "base", "base"
        case _:
            kind, sender, remark = "base", "system", "system"
    if kind == "emotion":
        kind = "other"
    return {
        "type": kind,
        "content": row.content,
        "sender": sender,
        "sender_remark": remark,
        "mtype": None,
        "file_path": None,
    }


def _shape_3_9(row: Row) -> WireObject:
    content: str = row.content
    mtype: str | None = None
    match row.origin:
        case RowOrigin.OTHER:
            kind, sender, remark = "friend", row.sender, row.remark or row.sender
        case RowOrigin.OWN:
            kind, sender, remark = "self", "Self", "Self"
        case RowOrigin.TIME:
            kind, sender, remark = "time", "Time", "Time"
        case _:
            kind, sender, remark = "sys", "SYS", "SYS"
    if row.origin is RowOrigin.SYSTEM and row.kind == "recall":
        kind, sender, remark = "recall", "Recall", "Recall"
    suffix = _MEDIA_SUFFIX.get(row.kind)
    if row.origin.is_human and suffix is not None:
        mtype = row.kind
        content = f"C:\\Users\\demo\\wxauto文件\\微信{row.kind}_{row.number:014d}.{suffix}"
    return {
        "type": kind,
        "content": content,
        "sender": sender,
        "sender_remark": remark,
        "mtype": mtype,
        "file_path": None,
    }

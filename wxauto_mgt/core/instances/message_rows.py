"""Turns the message objects of both server families (wxauto 39.x and 3.9.x) into rows with their origin.

Pure. Never drops an object: what does not fit becomes a row of unknown origin with its raw JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from wxauto_mgt.core.wire import ChatRows, Origin, WireRow

JSON = bool | int | float | str | list["JSON"] | dict[str, "JSON"] | None

UNKNOWN_KIND: Final = "unknown"
NOTICE_KIND: Final = "base"
_DIVIDER_TEXTS: Final = frozenset({"以下为新消息", "以下是新消息"})
_ALWAYS_TEXT_ATTRIBUTES: Final = ("content", "sender", "type")

# wxauto 3.9.x names the origin in `type` itself; its words never occur as a content kind of 39.x.
_OLD_ORIGINS: Final[Mapping[str, Origin]] = {
    "friend": Origin.OTHER,
    "self": Origin.OWN,
    "sys": Origin.SYSTEM,
    "recall": Origin.SYSTEM,
    "time": Origin.TIME_MARK,
}
_OLD_MEDIA: Final = frozenset({"image", "file", "voice", "video", "card"})


def rows_of_chat(name: str, items: JSON) -> ChatRows:
    """Read one chat's list; a value that is no list becomes a single row of unknown origin."""
    rows = items if isinstance(items, list) else [items]
    return ChatRows(name=clean_text(name), rows=tuple(row_of(item) for item in rows))


def row_of(item: JSON) -> WireRow:
    """Read one message object, whatever it is."""
    raw = json.dumps(item, ensure_ascii=True, separators=(",", ":"))
    if not isinstance(item, dict) or not all(isinstance(item.get(k), str) for k in _ALWAYS_TEXT_ATTRIBUTES):
        return _malformed(item, raw)
    kind, content, sender = (
        str(item["type"]),
        clean_text(str(item["content"])),
        clean_text(str(item["sender"])),
    )
    time_text = item.get("time")
    time_text = clean_text(time_text) if isinstance(time_text, str) and time_text else None
    origin = classify_row(kind=kind, content=content, sender=sender, time_text=time_text)
    if kind.lower() == "time" and time_text is None:
        time_text = content
    return WireRow(
        kind=_folded_kind(kind, item.get("mtype")),
        content=content,
        sender=sender,
        sender_remark=_optional_text(item.get("sender_remark")),
        upstream_id=_id_text(item.get("id")),
        origin=origin,
        time_text=time_text if origin is Origin.TIME_MARK else None,
        raw=raw,
    )


def classify_row(*, kind: str, content: str, sender: str, time_text: str | None) -> Origin:
    """Tell who wrote a row.

    The exact words of the library count only together with the `type` that the library pairs with them: a
    person whose name is `Time`, `SYS` or `Self` is a person. In the 39.x family `self`, `system` and `base`
    in exact lower case are the library's own words whatever the type; a person really named so cannot be
    told apart, and staying silent is the lesser harm.
    """
    folded = kind.lower()
    if folded in _OLD_ORIGINS:
        return _OLD_ORIGINS[folded]
    if folded == NOTICE_KIND:
        if content.strip() in _DIVIDER_TEXTS:
            return Origin.DIVIDER
        return Origin.TIME_MARK if time_text else Origin.SYSTEM
    if folded == "error" or not sender:
        return Origin.UNKNOWN
    if sender == "self":
        return Origin.OWN
    if sender in ("system", "base"):
        return Origin.SYSTEM
    return Origin.OTHER


def _folded_kind(kind: str, media_kind: JSON) -> str:
    folded = kind.lower()
    origin = _OLD_ORIGINS.get(folded)
    if origin is None:
        return clean_text(folded) or UNKNOWN_KIND
    if origin in (Origin.SYSTEM, Origin.TIME_MARK):
        return NOTICE_KIND
    return media_kind if isinstance(media_kind, str) and media_kind in _OLD_MEDIA else "text"


def _malformed(item: JSON, raw: str) -> WireRow:
    fields = item if isinstance(item, dict) else {}
    return WireRow(
        kind=UNKNOWN_KIND,
        content=_optional_text(fields.get("content")) or "",
        sender=_optional_text(fields.get("sender")) or "",
        sender_remark=_optional_text(fields.get("sender_remark")),
        upstream_id=_id_text(fields.get("id")),
        origin=Origin.UNKNOWN,
        time_text=None,
        raw=raw,
    )


def clean_text(text: str) -> str:
    """Replace lone surrogates, which JSON can carry and no database takes; pairs are joined."""
    try:
        text.encode()  # refuses exactly these, a hundred times faster than looking at each character
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _optional_text(value: JSON) -> str | None:
    return clean_text(value) if isinstance(value, str) else None


def _id_text(value: JSON) -> str:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ""

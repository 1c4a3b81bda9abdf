"""Finds the whole message objects in a reply that is cut off or damaged.

Pure. The reply's bytes are kept elsewhere in any case; this only spares a person the reading of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from wxauto_mgt.core.instances.message_rows import JSON

# A string ends at a raw line break at the latest (JSON allows none inside), so that a lost quote spoils one
# line of a pretty-printed reply and not the rest. Possessive: an unfinished string is scanned once only.
_TOKEN: Final = re.compile(r'"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+"?|\{')
_LIST_FOLLOWS: Final = re.compile(r"\s*:\s*\[")
_MESSAGE_KEYS: Final = frozenset({"type", "content", "sender", "id"})
_ENOUGH_KEYS: Final = 2
_MAX_FAILED_OBJECTS: Final = 100
"""Judgement call: each failed object may cost a scan to the end of the reply."""


def salvage_messages(text: str) -> dict[str, list[JSON]]:
    """Collect complete message objects by chat, in the order in which they stand.

    Strings are stepped over as a whole, so that text which a person wrote is never taken for structure as
    long as the quotes before it are intact. Behind damaged quotes the result is a best effort.
    """
    found: dict[str, list[JSON]] = {}
    for chat, item in _messages(text):
        found.setdefault(chat, []).append(item)
    return found


def _messages(text: str) -> Iterator[tuple[str, JSON]]:
    decoder = json.JSONDecoder()
    chat: str | None = None
    position, failed = 0, 0
    while failed < _MAX_FAILED_OBJECTS and (token := _TOKEN.search(text, position)) is not None:
        position = token.end()
        mark = token.group()
        if mark[0] == '"':
            if mark[-1] == '"' and (opening := _LIST_FOLLOWS.match(text, position)) is not None:
                chat, position = _chat_name(mark), opening.end()
        elif mark == "{" and chat is not None:
            try:
                item, position = decoder.raw_decode(text, token.start())
            except (ValueError, RecursionError):
                failed += 1
                continue
            if _looks_like_message(item):
                yield chat, item


def _chat_name(quoted: str) -> str | None:
    try:
        name = json.loads(quoted, strict=False)
    except ValueError:
        return None
    return name if isinstance(name, str) else None


def _looks_like_message(item: JSON) -> bool:
    return isinstance(item, dict) and len(_MESSAGE_KEYS & item.keys()) >= _ENOUGH_KEYS

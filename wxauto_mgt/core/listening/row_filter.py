"""Which rows never reach a platform, and why. Pure; intake calls it with the origin that the client read.

A person who is named like a notice is a person: origins are told apart by the client, not here.
"""

from __future__ import annotations

from typing import Final

from wxauto_mgt.core.wire import Channel, Origin, WireRow

OWN: Final = "own_row"
CHAT_UNKNOWN: Final = "chat_unknown"
REPLAY: Final = "replay"
SUSPECTED_REPLAY: Final = "suspected_replay"

_REASONS: Final = {
    Origin.OWN: OWN,
    Origin.SYSTEM: "system_row",
    Origin.TIME_MARK: "time_row",
    Origin.DIVIDER: "divider_row",
    Origin.UNKNOWN: "unreadable_row",
}

# The server puts rows under these names when the library did not say from which chat they are.
_NAMELESS_CHATS: Final = frozenset({"新消息", "消息", "未知聊天"})


def filter_reason(row: WireRow) -> str | None:
    """Say why a row is stored but not delivered; None for a row of another person."""
    return _REASONS.get(row.origin)


def is_chat_unknown(channel: Channel, name: str) -> bool:
    """Whether an answer to this chat could reach anybody: it has no name, or only the server's stopgap."""
    return not name.strip() or (channel is Channel.MAIN and name in _NAMELESS_CHATS)

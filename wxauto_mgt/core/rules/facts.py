"""What rules look at, and the reasons why one did or did not match. Plain values, no logic of the matcher."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wxauto_mgt.core.wire import ChatKind

# Kinds whose content is a placeholder such as "[图片]" or, on older servers, the path of a saved file.
_MEDIA_KINDS: Final = frozenset({"image", "video", "file", "voice", "card"})


class Reason(StrEnum):
    """Why a rule did or did not match; texts stand under `rule_verdict.<reason>`."""

    MATCHED = "matched"
    OUTRANKED = "outranked"  # would match, but an earlier rule did
    DISABLED = "disabled"
    OTHER_INSTANCE = "other_instance"
    OTHER_CHAT = "other_chat"
    OTHER_CHAT_KIND = "other_chat_kind"
    CHAT_KIND_UNKNOWN = "chat_kind_unknown"
    OTHER_SENDER = "other_sender"
    CONTENT_DIFFERS = "content_differs"
    NOT_MENTIONED = "not_mentioned"


@dataclass(frozen=True)
class MessageFacts:
    """What rules look at. `kind` is the content kind (`text`, `image`, ...)."""

    instance_id: str
    chat: str
    chat_kind: ChatKind
    sender: str
    content: str
    kind: str

    @property
    def searched_content(self) -> str:
        """The part of the content that a person or WeChat put there; a file's path is neither."""
        if self.kind in _MEDIA_KINDS and not self.content.startswith("["):
            return ""
        return self.content
